"""The charging periods of a CDR as people read them: local times, units, durations (OCPI 2.2.1 §10.4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from ocpi.models import Cdr
from partners.admin.kit.showing import clock_time, duration

MOST = 200
# (what comes before the number, what comes after it)
UNITS = {
    "ENERGY": ("", " kWh"),
    "ENERGY_IMPORT": ("", " kWh"),
    "ENERGY_EXPORT": ("given back to the grid ", " kWh"),
    "MIN_POWER": ("at least ", " kW"),
    "MAX_POWER": ("at most ", " kW"),
    "POWER": ("", " kW"),
    "MIN_CURRENT": ("at least ", " A"),
    "MAX_CURRENT": ("at most ", " A"),
    "CURRENT": ("", " A"),
    "STATE_OF_CHARGE": ("battery ", " %"),
}
HOURS = {"TIME": "charging ", "PARKING_TIME": "parked ", "RESERVATION_TIME": "reserved "}


@dataclass(frozen=True)
class Period:
    """One line of the table."""

    begins: str
    used: str
    tariff: str


def periods_of(cdr: Cdr) -> list[Period]:
    """The first of them; what is not as it should be is shown as it came."""
    rows = cdr.raw.get("charging_periods")
    return [_period(row) for row in rows[:MOST] if isinstance(row, dict)] if isinstance(rows, list) else []


def _period(row: Mapping[str, Any]) -> Period:
    parts = [_words(part) for part in row.get("dimensions") or [] if isinstance(part, dict)]
    return Period(_local(str(row.get("start_date_time", ""))), ", ".join(parts), str(row.get("tariff_id") or ""))


def _local(text: str) -> str:
    moment = _read(text)
    if moment is None:
        return text
    # OCPI 2.2.1 §16.5: without a zone it is UTC.
    return clock_time(timezone.make_aware(moment, UTC) if timezone.is_naive(moment) else moment)


def _read(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None


def _words(part: Mapping[str, Any]) -> str:
    kind, volume = str(part.get("type", "")), part.get("volume")
    number = _number(volume)
    if number is None:
        return f"{kind} {volume}"
    if kind in HOURS:
        return f"{HOURS[kind]}{duration(float(number * 3600))}"
    before, after = UNITS.get(kind, (f"{kind} ", ""))
    return f"{before}{number.normalize():f}{after}"


def _number(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
