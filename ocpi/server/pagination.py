"""Serving lists in pages (OCPI 2.2.1 §4.1.4): offset, limit, date_from and date_to; Link, X-Total-Count and X-Limit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import QuerySet
from pydantic_core import PydanticCustomError

from ocpi.versions import Fault, Invalid, Lenience
from ocpi.versions.times import Timestamp

DATES = {"date_from": "last_updated__gte", "date_to": "last_updated__lt"}  # from inclusive, to exclusive
LARGEST = 2**31


@dataclass(frozen=True)
class Page:
    """Some rows, the headers that say where they stand, and what was overlooked about the parameters."""

    rows: list[Any]
    headers: dict[str, str]
    leniences: tuple[Lenience, ...] = ()


def page(rows: QuerySet[Any], query: Mapping[str, str], url: str) -> Page:
    """Return the page of `rows` that `query` asks for; `url` is the address of the list.

    A `limit` above ours is cut to it, as the specification has it; X-Limit always names ours.

    Raises:
        Invalid: a parameter cannot be read.
    """
    notes: list[Lenience] = []
    offset, limit, dates = _parameters(query, notes)
    matching = rows.filter(**{DATES[name]: moment for name, moment in dates.items()})
    total = matching.count()
    headers = {"X-Total-Count": str(total), "X-Limit": str(settings.OCPI_PAGE_LIMIT)}
    if limit and offset + limit < total:
        following = {name: query[name] for name in DATES if name in dates}
        following |= {"offset": str(offset + limit), "limit": str(limit)}
        headers["Link"] = f'<{url}?{urlencode(following)}>; rel="next"'
    return Page(list(matching[offset : offset + limit]) if limit else [], headers, tuple(notes))


def _parameters(query: Mapping[str, str], notes: list[Lenience]) -> tuple[int, int, dict[str, datetime]]:
    faults: list[Fault] = []
    offset = _whole(query, "offset", 0, faults)
    limit = min(_whole(query, "limit", settings.OCPI_PAGE_LIMIT, faults), settings.OCPI_PAGE_LIMIT)
    dates = {name: _moment(query[name], name, faults, notes) for name in DATES if query.get(name)}
    if faults:
        raise Invalid(tuple(faults))
    return offset, limit, {name: moment for name, moment in dates.items() if moment}


def _whole(query: Mapping[str, str], name: str, default: int, faults: list[Fault]) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if text.isascii() and text.isdigit() and len(text) <= 10:
        return min(int(text), LARGEST)
    faults.append(Fault(name, "must be a whole number, 0 or more", text))
    return default


def _moment(text: str, name: str, faults: list[Fault], notes: list[Lenience]) -> datetime | None:
    """Read a timestamp as leniently as in a body. A `+` in a query arrives as a blank."""
    try:
        return Timestamp().read(text)
    except PydanticCustomError as error:
        meaning = (error.context or {}).get("read_as")
        if isinstance(meaning, datetime):
            notes.append(Lenience(error.type, name, error.message()))
            return meaning
        faults.append(Fault(name, "must be a timestamp such as 2026-11-22T10:45:12Z", text))
        return None
