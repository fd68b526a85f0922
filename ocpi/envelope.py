"""The answer to every OCPI request: one envelope, also for refusals (OCPI 2.2.1 §4.1.7)."""

import json
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from django.utils import timezone
from rest_framework.renderers import BaseRenderer

from ocpi.versions.times import format_timestamp


class StatusCode(IntEnum):
    """OCPI status codes that we answer with (OCPI 2.2.1 §5)."""

    SUCCESS = 1000
    CLIENT_ERROR = 2000
    INVALID = 2001
    UNKNOWN_LOCATION = 2003
    UNKNOWN_TOKEN = 2004
    SERVER_ERROR = 3000
    UNUSABLE_API = 3001
    UNSUPPORTED_VERSION = 3002
    NO_MATCHING_ENDPOINTS = 3003


class Refusal(Exception):
    """Ends a request with this answer.

    Args:
        http_status: 200 for an OCPI error on readable JSON (OCPI 2.2.1 §4.1.7), else what HTTP says.
        status_code: the OCPI status code.
        message: for the developer at the other end.
    """

    def __init__(self, http_status: int, status_code: int, message: str) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.status_code = status_code
        self.message = message


class Absent:
    """Stands for an envelope without `data`, which null is not."""


def envelope(status_code: int = StatusCode.SUCCESS, data: Any = Absent, message: str = "Success") -> dict[str, Any]:
    """Return `{data?, status_code, status_message, timestamp}`."""
    body = {} if data is Absent else {"data": data}
    return body | {
        "status_code": int(status_code),
        "status_message": message,
        "timestamp": format_timestamp(timezone.now()),
    }


class EnvelopeRenderer(BaseRenderer):
    """JSON, whatever the `Accept` header asks for: OCPI has no other form."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")  # a message may quote half a surrogate pair
