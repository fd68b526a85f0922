"""What a charge costs: pure arithmetic on a tariff and the slices of a charge (OCPI 2.2.1 §11.3, §11.4.2).

Per dimension the first element whose restrictions fit prices a slice. ``step_size`` rounds the total of a
dimension up once (TIME and PARKING_TIME together, on the last of them). Each cost is the exact sum, rounded
half up to a cent at the very end, with and without VAT; the total is rounded from the exact total.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cpo_simulator.wire.money import Price, cents
from cpo_simulator.wire.shapes import Object

Components = dict[str, Object]

_HOUR = Decimal(3600)
_PLACES = Decimal("0.0001")
_UNIT = {"ENERGY": Decimal(1000), "TIME": _HOUR, "PARKING_TIME": _HOUR}
_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_COST_FIELDS = {
    "FLAT": "total_fixed_cost",
    "ENERGY": "total_energy_cost",
    "TIME": "total_time_cost",
    "PARKING_TIME": "total_parking_cost",
}


@dataclass(frozen=True)
class Slice:
    """A stretch of a charge: UTC times, ``wh`` delivered, ``kw`` at its end, charging or merely connected."""

    start: datetime
    end: datetime
    wh: int
    kw: Decimal
    charging: bool = True

    @property
    def hours(self) -> Decimal:
        """Length in hours, exact to the millisecond."""
        return Decimal(round((self.end - self.start).total_seconds() * 1000)) / 1000 / _HOUR


@dataclass
class _Line:
    component: Object
    volume: Decimal = Decimal(0)


@dataclass
class Bill:
    """Costs of a charge; ``costs`` maps a CDR field (``total_energy_cost`` ...) to its Price."""

    total: Price
    costs: dict[str, Price] = field(default_factory=dict)
    periods: list[Object] = field(default_factory=list)


@dataclass(frozen=True)
class _Moment:
    local: datetime
    kwh: Decimal
    seconds: Decimal
    kw: Decimal


_CHECKS: Mapping[str, Callable[[_Moment, Any], bool]] = {
    "start_date": lambda at, limit: f"{at.local:%Y-%m-%d}" >= limit,
    "end_date": lambda at, limit: f"{at.local:%Y-%m-%d}" < limit,
    "min_kwh": lambda at, limit: at.kwh >= limit,
    "max_kwh": lambda at, limit: at.kwh < limit,
    "min_power": lambda at, limit: at.kw >= limit,
    "max_power": lambda at, limit: at.kw < limit,
    "min_duration": lambda at, limit: at.seconds >= limit,
    "max_duration": lambda at, limit: at.seconds < limit,
    "day_of_week": lambda at, days: not days or _DAYS[at.local.weekday()] in days,
}


def bill(tariff: Object, slices: list[Slice], time_zone: str = "UTC") -> Bill:
    """The cost of these slices, in order of time, at a place in this time zone."""
    lines: dict[int, _Line] = {}
    periods = []
    for components, group in _groups(tariff, slices, ZoneInfo(time_zone)):
        volumes = _volumes(group)
        _meter(lines, volumes, components)
        periods.append(_period(group, volumes, tariff))
    _step_up(lines)
    return _totals(lines, periods)


def _groups(tariff: Object, slices: list[Slice], zone: ZoneInfo) -> list[tuple[Components, list[Slice]]]:
    """Neighbouring slices that are priced alike; each group becomes one charging period."""
    groups: list[tuple[Components, list[Slice]]] = []
    kwh = Decimal(0)
    for one in slices:
        seconds = Decimal(str((one.start - slices[0].start).total_seconds()))
        components = _components(tariff, _Moment(one.start.astimezone(zone), kwh, seconds, one.kw))
        if not groups or groups[-1][0] != components or groups[-1][1][0].charging != one.charging:
            groups.append((components, []))
        groups[-1][1].append(one)
        kwh += Decimal(one.wh) / 1000
    return groups


def _volumes(group: list[Slice]) -> dict[str, Decimal]:
    """kWh and hours as they will stand in the CDR, so that it can be recalculated from what it says."""
    hours = sum((one.hours for one in group), Decimal(0)).quantize(_PLACES, ROUND_HALF_UP)
    energy = Decimal(sum(one.wh for one in group)) / 1000
    return {"ENERGY": energy, "TIME": hours} if group[0].charging else {"PARKING_TIME": hours}


def _components(tariff: Object, at: _Moment) -> Components:
    found: Components = {}
    for element in tariff["elements"]:
        if _fits(element.get("restrictions") or {}, at):
            for component in element["price_components"]:
                found.setdefault(component["type"], component)
    return found


def _fits(restrictions: Object, at: _Moment) -> bool:
    begin, end = restrictions.get("start_time"), restrictions.get("end_time")
    if not _in_hours(begin or "00:00", end or "24:00", f"{at.local:%H:%M}"):
        return False
    return all(_CHECKS[name](at, limit) for name, limit in restrictions.items() if name in _CHECKS)


def _in_hours(begin: str, end: str, clock: str) -> bool:
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def _meter(lines: dict[int, _Line], volumes: dict[str, Decimal], components: Components) -> None:
    for dimension, component in components.items():
        if dimension == "FLAT" and any(line.component["type"] == "FLAT" for line in lines.values()):
            continue
        volume = Decimal(1) if dimension == "FLAT" else volumes.get(dimension)
        if volume:
            line = lines.pop(id(component), _Line(component))
            line.volume += volume
            lines[id(component)] = line


def _step_up(lines: dict[int, _Line]) -> None:
    """Round totals up to ``step_size`` (Wh or s), adding the difference to the line used last."""
    for dimensions in (("ENERGY",), ("TIME", "PARKING_TIME")):
        used = [line for line in lines.values() if line.component["type"] in dimensions]
        if used:
            last = used[-1]
            unit = _UNIT[last.component["type"]]
            total = sum((line.volume for line in used), Decimal(0)) * unit
            step = Decimal(max(1, last.component["step_size"]))
            steps = (total / step).quantize(Decimal("0.000001")).to_integral_value(ROUND_CEILING)
            last.volume += (steps * step - total) / unit


def _totals(lines: dict[int, _Line], periods: list[Object]) -> Bill:
    net: dict[str, Decimal] = {}
    gross_vat = Decimal(0)
    total = Decimal(0)
    vats: dict[str, Decimal] = {}
    for line in lines.values():
        dimension, vat = line.component["type"], Decimal(line.component.get("vat") or 0)
        amount = line.volume * line.component["price"]
        net[dimension] = net.get(dimension, Decimal(0)) + amount
        vats[dimension] = vat
        total += amount
        gross_vat += amount * vat
    mean_vat = gross_vat / total if total else Decimal(0)
    costs = {_COST_FIELDS[dimension]: Price.of(amount, vats[dimension]) for dimension, amount in net.items()}
    return Bill(Price(cents(total), cents(total + gross_vat / 100), mean_vat), costs, periods)


def _period(group: list[Slice], volumes: dict[str, Decimal], tariff: Object) -> Object:
    dimensions = [{"type": dimension, "volume": volume} for dimension, volume in volumes.items()]
    if group[0].charging:
        powers = [one.kw for one in group]
        dimensions.append({"type": "MIN_POWER", "volume": min(powers)})
        dimensions.append({"type": "MAX_POWER", "volume": max(powers)})
    return {"start_date_time": group[0].start, "dimensions": dimensions, "tariff_id": tariff["id"]}
