"""``Voice.speak``: the one place that every outgoing body passes, so that habits apply to all of them."""

import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from cpo_simulator.clock import Clock
from cpo_simulator.wire import sloppiness
from cpo_simulator.wire.addresses import join
from cpo_simulator.wire.shapes import Json
from cpo_simulator.wire.versions import Version


class Voice:
    """Renders own objects for a version, and then says them the way this CPO is set to."""

    def __init__(self, habits: Callable[[], frozenset[str]], clock: Clock) -> None:
        self._habits = habits
        self._clock = clock

    def speak(self, version: Version, kind: str, thing: Any) -> Json:
        """A body to push: an object (or part of one) in the version's shape."""
        return sloppiness.apply(self._habits(), version.render(kind, thing))

    def envelope(
        self, version: Version, kind: str = "", data: Any = None, code: int = 1000, message: str = "Success"
    ) -> Json:
        """A body to answer with: ``{data?, status_code, status_message, timestamp}`` (OCPI 2.2.1 §4.1.7)."""
        body: dict[str, Any] = {} if data is None else {"data": version.render(kind, data)}
        timestamp = version.values.timestamp(self._clock.now())
        body |= {"status_code": code, "status_message": message, "timestamp": timestamp}
        return sloppiness.apply(self._habits(), body)

    def address(self, url: str, path: tuple[str, ...]) -> str:
        """Where a push goes: the ids in the path as the habits spell them."""
        habits = self._habits()
        ids = (one.lower() for one in path) if "lower-case-ids" in habits else path
        return join(url, *ids) + ("/" if "trailing-slashes" in habits else "")

    def encodes(self, version: Version) -> bool:
        """Whether tokens go out in base64: since 2.2 yes, in 2.1.1 no, unless a habit says otherwise."""
        habits = self._habits()
        if "raw-tokens" in habits:
            return False
        return version.base64_tokens or "base64-tokens" in habits

    def authorization(self, token: str, base64_tokens: bool) -> str:
        """The Authorization header (OCPI 2.2.1 §4.1.2)."""
        return f"Token {base64.b64encode(token.encode()).decode() if base64_tokens else token}"

    def wants_headers(self, version: Version) -> bool:
        """Whether requests and answers carry the message ids and routing headers of 2.2 and later."""
        return version.message_headers and "no-message-headers" not in self._habits()

    def message_ids(self, version: Version) -> dict[str, str]:
        """Fresh X-Request-ID and X-Correlation-ID, where the version has them."""
        if not self.wants_headers(version):
            return {}
        return {"X-Request-ID": str(uuid4()), "X-Correlation-ID": str(uuid4())}


def dumps(body: Json) -> bytes:
    """JSON bytes as sent: UTF-8, no escapes."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
