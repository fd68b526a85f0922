"""Dates, times and coordinates (OCPI 2.2.1 §16.2, §8.4)."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic_core import PydanticCustomError

from ocpi.versions.readers import Reader, Tolerated, empty, fault, is_quantity, quote, tolerate, wrong_type

_STRICT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,4})?Z", re.ASCII)
_LOOSE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[Tt ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?"
    r"\s*([Zz]|[+-]\d{2}:?\d{2}|[+-]\d{2})?",
    re.ASCII,
)
_LONGEST = 25  # OCPI 2.2.1 §16.2: string(25)
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2500, 1, 1, tzinfo=UTC)
"""Between them moments can be reckoned with: each may be moved by as much as any two of them are apart. Beyond lies
what languages call never: year 1, and the last of 9999."""


def format_timestamp(value: datetime) -> str:
    """`2026-11-22T10:45:12Z`, with milliseconds only where there are any: microseconds break string(25)."""
    utc = value.astimezone(UTC).replace(tzinfo=None)
    precision = "milliseconds" if utc.microsecond >= 1000 else "seconds"
    return utc.isoformat(timespec=precision) + "Z"


@dataclass(frozen=True)
class Timestamp(Reader):
    """DateTime: RFC 3339 in UTC with a Z, at most 25 characters. Read into an aware datetime."""

    def read(self, value: Any) -> datetime:
        if type(value) is str and _STRICT.fullmatch(value):
            try:
                moment = datetime.fromisoformat(value)
            except ValueError:
                raise fault("is no date and time that exists") from None
            if EARLIEST <= moment <= LATEST:
                return moment
            raise _beyond_time(value, moment)
        if isinstance(value, datetime):
            if value.utcoffset() is None:
                raise fault("a datetime needs its time zone")
            return value
        raise timestamp_problem(value)


def timestamp_problem(value: object) -> PydanticCustomError:
    """Why this is no OCPI timestamp, or which moment it plainly means."""
    if not isinstance(value, str):
        return wrong_type("a timestamp such as 2026-11-22T10:45:12Z", value)
    text = value.strip()
    if text == "":
        return empty("a timestamp")
    found = _LOOSE.fullmatch(text)
    if not found:
        return fault("must be a timestamp such as 2026-11-22T10:45:12Z")
    try:
        moment = _moment(found)
    except (ValueError, OverflowError):
        return fault("is no date and time that exists")
    return _lenience(text, found, moment)


def _moment(found: "re.Match[str]") -> datetime:
    year, month, day, hour, minute = (int(part) for part in found.groups()[:5])
    micros = int((found[7] or "0")[:6].ljust(6, "0"))
    local = datetime(year, month, day, hour, minute, int(found[6] or 0), micros, tzinfo=UTC)
    return local - _offset(found[8])


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone in "Zz":
        return timedelta(0)
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    return timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)


def _beyond_time(text: str, moment: datetime) -> PydanticCustomError:
    nearest = min(max(moment, EARLIEST), LATEST)
    return tolerate("beyond_time", f"{text} stands for never: read as {format_timestamp(nearest)}", nearest)


def _lenience(text: str, found: "re.Match[str]", moment: datetime) -> PydanticCustomError:
    zone = found[8]
    if not EARLIEST <= moment <= LATEST:
        return _beyond_time(text, moment)
    if zone is None:
        return tolerate("naive_timestamp", f"{text} has no time zone: read as UTC, should end with Z", moment)
    if zone not in "Zz":
        return tolerate("utc_offset", f"{text} has the offset {zone}: should be UTC with a Z", moment)
    if len(found[2]) < 2 or len(found[3]) < 2 or len(found[4]) < 2:
        return tolerate("unpadded_date", f"{text} should have two digits each for month, day and hour", moment)
    if len(text) > _LONGEST:
        return tolerate("over_long", f"{text} has {len(text)} characters, at most {_LONGEST} are allowed", moment)
    return tolerate("timestamp_format", f"{text} should be written like 2026-11-22T10:45:12Z", moment)


_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?", re.ASCII)


@dataclass(frozen=True)
class ClockTime(Reader):
    """Time of day, string(5), `HH:MM`, local to the location (OCPI 2.2.1 §8.4.21, §11.4.6)."""

    def read(self, value: Any) -> str:
        if isinstance(value, Tolerated):
            return value
        if value == "":
            raise empty("a time of day")
        found = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
        if not found or int(found[2]) > 59 or int(found[1]) > 24 or (int(found[1]) == 24 and int(found[2])):
            raise fault("must be a time of day such as 08:30")
        if found[1] == "24":
            raise tolerate("time_format", "24:00 should be 23:59 or 00:00", Tolerated("24:00"), write_as="23:59")
        proper = f"{int(found[1]):02}:{found[2]}"
        if proper != value:
            raise tolerate("time_format", f"{quote(value)} should be {proper}", proper)
        return proper


@dataclass(frozen=True)
class CalendarDate(Reader):
    """Date, string(10), `YYYY-MM-DD` (OCPI 2.2.1 §11.4.6)."""

    def read(self, value: Any) -> str:
        if value == "":
            raise empty("a date")
        try:
            proper = date.fromisoformat(value[:10]).isoformat()
        except (TypeError, ValueError, KeyError):
            raise fault("must be a date such as 2026-11-22") from None
        if proper != value:
            raise tolerate("date_format", f"{quote(value)} should be {proper}", proper)
        return proper


_DEGREES = re.compile(r"-?\d{1,3}(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True)
class Degrees(Reader):
    """A coordinate in decimal degrees (WGS 84) as a string with a fixed range of decimals."""

    limit: int
    fewest: int
    most: int

    def read(self, value: Any) -> str:
        if isinstance(value, Tolerated):
            return value
        if is_quantity(value):
            raise self._number(value)
        text = value.strip() if isinstance(value, str) else None
        if text is None or not _DEGREES.fullmatch(text) or abs(Decimal(text)) > self.limit:
            raise fault(f"must be decimal degrees from -{self.limit} to {self.limit} in a string, such as 48.148598")
        decimals = len(text.partition(".")[2])
        if text != value or not self.fewest <= decimals <= self.most:
            detail = f"{quote(value)} has {decimals} decimals, {self.fewest} to {self.most} are expected"
            raise tolerate("coordinate_precision", detail, Tolerated(text), write_as=self._proper(text))
        return text

    def _number(self, value: int | float | Decimal) -> PydanticCustomError:
        if not -self.limit <= value <= self.limit:
            return fault(f"must be decimal degrees from -{self.limit} to {self.limit}")
        return tolerate(
            "number_for_string",
            "is a number where a string belongs: write it in quotes",
            self._proper(str(value)),
        )

    def _proper(self, text: str) -> str:
        return f"{Decimal(text):.{self.most}f}"


Moment = Annotated[datetime, Timestamp()]
TimeOfDay = Annotated[str, ClockTime()]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Day = Annotated[str, CalendarDate()]
