"""One exchange with a CPO, as the cases look at it."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from requests.structures import CaseInsensitiveDict

from ocpi.client import CallFailed, Reply
from ocpi.models import Message


@dataclass(frozen=True)
class Look:
    """One exchange: the answer, or why there is none. `message` is its row in the log."""

    url: str
    reply: Reply | None
    failure: CallFailed | None
    message: Message | None

    @property
    def ok(self) -> bool:
        """HTTP 2xx with an envelope of status code 1xxx."""
        return self.reply is not None

    @property
    def message_id(self) -> int | None:
        return self.message.pk if self.message else None

    @property
    def http(self) -> int | None:
        return self.message.http_status if self.message else None

    @property
    def code(self) -> int | None:
        return self.message.ocpi_status if self.message else None

    @property
    def data(self) -> Any:
        return self.reply.data if self.reply else None

    @property
    def items(self) -> list[Any] | None:
        """The list in `data`; no `data` is an empty one; None where there is something else."""
        if self.reply is None or not isinstance(self.data, list | None):
            return None
        return self.data or []

    @property
    def headers(self) -> CaseInsensitiveDict[str]:
        """Of the answer; without secrets."""
        return CaseInsensitiveDict(self.message.response_headers if self.message else {})

    @property
    def why(self) -> str:
        """Why there is no usable answer: a sentence."""
        return self.failure.sentence if self.failure else ""

    @cached_property
    def envelope(self) -> dict[str, Any] | None:
        """The answer's JSON object; None where there is none, or it was too long to be kept whole."""
        try:
            found = json.loads(self.message.response_body) if self.message else None
        except ValueError:
            return None
        return found if isinstance(found, dict) else None
