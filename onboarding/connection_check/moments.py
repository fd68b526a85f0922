"""Timestamps as partners write them."""

from datetime import datetime
from typing import Any

from pydantic_core import PydanticCustomError

from ocpi.versions.times import Timestamp

_WORDS = {
    "naive_timestamp": "has no time zone; it should end with Z",
    "utc_offset": "has an offset instead of a Z",
}


def read_moment(value: Any) -> tuple[datetime | None, str]:
    """(the moment that is meant, what is wrong with how it is written)."""
    try:
        return Timestamp().read(value), ""
    except PydanticCustomError as error:
        context = error.context or {}
        return context.get("read_as"), _WORDS.get(error.type, "is not written like 2026-11-22T10:45:12Z")
