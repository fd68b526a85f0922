"""One incoming OCPI request and what it is answered with."""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from cpo_simulator.charging.cpo import Cpo
from cpo_simulator.wire.shapes import Json
from cpo_simulator.wire.versions import Version


@dataclass(frozen=True)
class Reply:
    """An answer before it is rendered: ``data`` is an object (or list) of this ``kind``."""

    kind: str = ""
    data: Any = None
    code: int = 1000
    message: str = "Success"
    http: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class ProblemError(Exception):
    """Ends the handling of a request with this answer."""

    def __init__(self, http: int, code: int, message: str, kind: str = "", data: Any = None) -> None:
        super().__init__(message)
        self.reply = Reply(kind, data, code, message, http)


class BluntError(Exception):
    """Ends the handling of a request with an answer that is no OCPI."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


@dataclass
class Call:
    """A request: ``module`` is ``versions``, ``details``, or a module id; ``path`` the ids that follow it."""

    cpo: Cpo
    request: web.Request
    version: Version
    module: str
    path: tuple[str, ...] = ()
    body: Json = None
    rank: str = ""

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.request.method

    def field(self, name: str, required: bool = True) -> str | None:
        """A string (or number) of the JSON body; 2001 if it is missing or of another kind."""
        value = self.body.get(name) if isinstance(self.body, dict) else None
        if value is None and not required:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            raise ProblemError(200, 2001, f"{name} is missing or no string")
        return str(value)
