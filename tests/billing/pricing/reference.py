"""An independent reading of OCPI's chapters on Tariffs (§11) and CDRs (§10.3.1, step_size): what a charge costs.

It prices the charge itself, slot by slot in exact fractions, from the tariff's JSON; it knows nothing of
`billing.pricing`, and the charging periods that a CPO would send are cut from the same slots.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any

SLOT = timedelta(minutes=3)
"""0.05 h: volumes of whole slots lose nothing on the wire."""

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
HOUR = Fraction(3600)
UNIT = {"ENERGY": Fraction(1, 1000), "TIME": 1 / HOUR, "PARKING_TIME": 1 / HOUR}
"""What one step of each dimension is: Wh in kWh, seconds in hours."""


@dataclass(frozen=True)
class Slot:
    """Three minutes of a charge: how many Wh came, with which power and current; parked where none did."""

    wh: int
    kw: int
    amperes: int
    parked: bool


@dataclass(frozen=True)
class Moment:
    """What a restriction looks at: the slot's start in the charger's zone, and what came before it."""

    local: datetime
    seconds: int
    kwh: Fraction
    slot: Slot


def moments(start: datetime, slots: Iterable[Slot], zone: tzinfo) -> Iterator[Moment]:
    """The charge, slot by slot."""
    wh = 0
    for number, slot in enumerate(slots):
        at = start + number * SLOT
        yield Moment(at.astimezone(zone), int((number * SLOT).total_seconds()), Fraction(wh, 1000), slot)
        wh += slot.wh


def _between(value: Fraction, low: Any, high: Any) -> bool:
    """The lower bound is inclusive, the upper one is not."""
    return (low is None or value >= Fraction(str(low))) and (high is None or value < Fraction(str(high)))


def _in_day(now: time, start: str | None, end: str | None) -> bool:
    """Times of day; an end before the start is on the next day, 00:00 is the day's end."""
    first = time.fromisoformat(start) if start else time(0)
    last = time.fromisoformat(end) if end else time(0)
    if last == time(0):
        return now >= first
    return first <= now < last if first < last else now >= first or now < last


def _holds(wanted: dict[str, Any], at: Moment) -> bool:
    day = at.local.date()
    return (
        _in_day(at.local.time(), wanted.get("start_time"), wanted.get("end_time"))
        and ("start_date" not in wanted or day >= date.fromisoformat(wanted["start_date"]))
        and ("end_date" not in wanted or day < date.fromisoformat(wanted["end_date"]))
        and _between(at.kwh, wanted.get("min_kwh"), wanted.get("max_kwh"))
        and _between(Fraction(at.slot.kw), wanted.get("min_power"), wanted.get("max_power"))
        and _between(Fraction(at.slot.amperes), wanted.get("min_current"), wanted.get("max_current"))
        and _between(Fraction(at.seconds), wanted.get("min_duration"), wanted.get("max_duration"))
        and (not wanted.get("day_of_week") or DAYS[at.local.weekday()] in wanted["day_of_week"])
    )


def active(tariff: dict[str, Any], at: Moment) -> dict[str, dict[str, Any]]:
    """The component of each dimension that counts then: the one of the first element that has it and applies."""
    found = dict[str, dict[str, Any]]()
    for element in tariff["elements"]:
        wanted = element.get("restrictions") or {}
        if "reservation" not in wanted and _holds(wanted, at):
            for component in element["price_components"]:
                found.setdefault(component["type"], component)
    return found


def _used(tariff: dict[str, Any], charge: Iterable[Moment]) -> list[tuple[str, dict[str, Any], Fraction]]:
    """Each slot's volumes that have a price, in order, and the fee once."""
    used = list[tuple[str, dict[str, Any], Fraction]]()
    fee = False
    for at in charge:
        now = active(tariff, at)
        if "FLAT" in now and not fee:
            used.append(("FLAT", now["FLAT"], Fraction(1)))
            fee = True
        lasted = "PARKING_TIME" if at.slot.parked else "TIME"
        for name, volume in (("ENERGY", Fraction(at.slot.wh, 1000)), (lasted, Fraction(SLOT.seconds) / HOUR)):
            if name in now and volume:
                used.append((name, now[name], volume))
    return used


def _beyond(used: list[tuple[str, dict[str, Any], Fraction]], names: tuple[str, ...]) -> list[tuple[Any, Fraction]]:
    """What `step_size` adds: once per session, to the last component used, for the total of its dimension."""
    mine = [one for one in used if one[0] in names]
    if not mine:
        return []
    name, last, _ = mine[-1]
    total = sum((volume for kind, _, volume in mine if kind == name), Fraction(0))
    step = last["step_size"] * UNIT[name]
    return [(last, -(-total // step) * step - total)] if step else []


def cost(tariff: dict[str, Any], start: datetime, slots: Iterable[Slot], zone: tzinfo) -> tuple[Decimal, Decimal]:
    """Return (before taxes, with them) of a charge, rounded half up to cents.

    `tariff`: JSON as in 2.2.1, in which each component states its VAT or bears none.
    """
    used = _used(tariff, moments(start, slots, zone))
    parts = [(component, volume) for _, component, volume in used]
    parts += _beyond(used, ("ENERGY",)) + _beyond(used, ("TIME", "PARKING_TIME"))
    net = gross = Fraction(0)
    for component, volume in parts:
        amount = Fraction(str(component["price"])) * volume
        net += amount
        gross += amount * (1 + Fraction(str(component.get("vat", 0))) / 100)
    return _limited(tariff, "excl_vat", net), _limited(tariff, "incl_vat", gross)


def _limited(tariff: dict[str, Any], side: str, amount: Fraction) -> Decimal:
    for name, choose in (("min_price", max), ("max_price", min)):
        if side in (tariff.get(name) or {}):
            amount = choose(amount, Fraction(str(tariff[name][side])))
    cents = (amount * 200 + 1) // 2
    return Decimal(cents) / 100


def periods(tariff: dict[str, Any], start: datetime, slots: list[Slot], zone: tzinfo) -> list[dict[str, Any]]:
    """What a CPO tells of the charge: a new period where another component counts, or charging ends or begins.

    `start` and `volumes` of each, in kWh, hours, kW and A.
    """
    told = list[dict[str, Any]]()
    before: Any = None
    for number, at in enumerate(moments(start, slots, zone)):
        now = (at.slot.parked, active(tariff, at))
        if now != before:
            told.append({"start": start + number * SLOT, "volumes": {}})
        before = now
        _add(told[-1]["volumes"], at.slot)
    return told


def _add(volumes: dict[str, Decimal], slot: Slot) -> None:
    lasted = "PARKING_TIME" if slot.parked else "TIME"
    volumes[lasted] = volumes.get(lasted, Decimal(0)) + Decimal("0.05")
    volumes["ENERGY"] = volumes.get("ENERGY", Decimal(0)) + Decimal(slot.wh) / 1000
    for name, value in (("POWER", slot.kw), ("CURRENT", slot.amperes)):
        volumes[f"MAX_{name}"] = max(volumes.get(f"MAX_{name}", Decimal(value)), Decimal(value))
        volumes[f"MIN_{name}"] = min(volumes.get(f"MIN_{name}", Decimal(value)), Decimal(value))
