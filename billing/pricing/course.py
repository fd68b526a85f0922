"""The course of a charge so far: from meter readings and the Session's own periods to the periods of a CDR (rule 35).

A CDR begins a period at every change that matters for the price; a Session under way seldom does. So the charge is
laid out in time, cut at every restriction's boundary, and what was delivered in between follows the meter.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from decimal import Decimal
from itertools import pairwise

from billing.pricing.tariff import ChargingPeriod, Restrictions, Tariff, hours_between, utc

FLOWS = frozenset({"POWER", "MIN_POWER", "MAX_POWER", "CURRENT", "MIN_CURRENT", "MAX_CURRENT"})
# A meter that should have moved by this much and did not stands still: meters on the wire show two decimals at least.
STEP_OF_A_METER = Decimal("0.01")
# What begins without energy is a charge that begins, until it lasts so long; after that the car is parked.
SLOW_START = timedelta(seconds=60)
# By how much the energy of a Session's periods may exceed its meter, as a share and in kWh, to be believed.
SHARE, LEAST = Decimal("1.01"), Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the meter said: `kwh` since the charge began; `kw` then, None where it was not told."""

    at: datetime
    kwh: Decimal
    kw: Decimal | None = None


@dataclass(frozen=True, slots=True)
class _Point:
    at: datetime
    kwh: Decimal


def course(
    start: datetime,
    readings: Sequence[Reading],
    told: Sequence[ChargingPeriod],
    tariff: Tariff,
    zone: tzinfo,
) -> tuple[ChargingPeriod, ...]:
    """Return the charging periods from `start` to the last reading as a CDR of that moment would have them.

    `readings` in their order of arrival: a clock that jumps back stands still here, and less energy is the same energy.
    `told`: the Session's own periods, as far as they came. Without readings there is no course.
    """
    points = _points(utc(start), readings)
    periods = sorted((one for one in told if utc(one.start) < points[-1].at), key=lambda one: utc(one.start))
    curve = _Curve(points, _told_points(points, periods))
    cuts = {point.at for point in curve.points} | {utc(one.start) for one in periods}
    cuts |= set(_boundaries(tariff, curve, zone))
    first, last = curve.points[0].at, curve.points[-1].at
    moments = sorted(cut for cut in cuts | {first, last} if first <= cut <= last)
    look = _Look(curve, periods, readings)
    if len(moments) == 1 and readings:
        return (look.period(first, first),)
    return tuple(look.period(begin, end) for begin, end in pairwise(moments))


def _points(start: datetime, readings: Sequence[Reading]) -> list[_Point]:
    """What the meter told, neither time nor energy ever going back."""
    points = [_Point(start, Decimal(0))]
    for one in readings:
        points.append(_Point(max(points[-1].at, utc(one.at)), max(points[-1].kwh, one.kwh)))
    return points


def _told_points(points: Sequence[_Point], periods: Sequence[ChargingPeriod]) -> list[_Point]:
    """The meter where the Session's periods begin, if each tells its energy and together they tell no more than it."""
    energies = [one.dimensions.get("ENERGY") for one in periods]
    known = [max(energy, Decimal(0)) for energy in energies if energy is not None]
    if len(known) < len(energies) or sum(known) > points[-1].kwh * SHARE + LEAST:
        return []
    found, kwh = list[_Point](), Decimal(0)
    for one, energy in zip(periods, known, strict=True):
        found.append(_Point(utc(one.start), kwh))
        kwh += energy
    return found


class _Curve:
    """Energy over time, straight between two points."""

    def __init__(self, read: Sequence[_Point], told: Sequence[_Point]) -> None:
        least, most = read[0], read[-1]
        inside = [one for one in told if least.at < one.at < most.at]
        self.points = list[_Point]()
        for one in sorted([*read, *inside], key=lambda point: (point.at, point.kwh)):
            reached = self.points[-1].kwh if self.points else Decimal(0)
            self.points.append(_Point(one.at, min(max(one.kwh, reached), most.kwh)))
        self._times = [point.at for point in self.points]

    def at(self, moment: datetime) -> Decimal:
        """The meter at a moment of the charge; where it jumps, after the jump."""
        index = bisect_right(self._times, moment)
        before = self.points[index - 1]
        if index == len(self.points) or before.at == moment:
            return before.kwh
        after = self.points[index]
        return before.kwh + (after.kwh - before.kwh) * hours_between(before.at, moment) / hours_between(
            before.at, after.at
        )

    def reaches(self, kwh: Decimal) -> datetime | None:
        """When the meter first shows so much; None where it has not yet."""
        for before, after in pairwise(self.points):
            if before.kwh < kwh <= after.kwh:
                share = (kwh - before.kwh) / (after.kwh - before.kwh)
                return before.at + (after.at - before.at) * float(share)
        return None

    def stands_still(self, moment: datetime) -> tuple[datetime, datetime, Decimal] | None:
        """(begin, end, kW before it) of the time without energy around a moment; None while energy flows."""
        index = min(bisect_right(self._times, moment), len(self.points) - 1)
        first = last = index
        kwh = self.points[index].kwh
        while first and self.points[first - 1].kwh == kwh:
            first -= 1
        while last + 1 < len(self.points) and self.points[last + 1].kwh == kwh:
            last += 1
        begin, end = self.points[first].at, self.points[last].at
        return (begin, end, self._kw_until(first)) if begin <= moment < end else None

    def _kw_until(self, index: int) -> Decimal:
        """Mean power from the start to a point."""
        hours = hours_between(self.points[0].at, self.points[index].at)
        return self.points[index].kwh / hours if hours else Decimal(0)


class _Look:
    """What happened in a stretch of the charge in which nothing changed."""

    def __init__(self, curve: _Curve, periods: Sequence[ChargingPeriod], readings: Sequence[Reading]) -> None:
        self.curve, self.periods = curve, periods
        self.starts = [utc(one.start) for one in periods]
        self.readings = [utc(one.at) for one in readings]
        self.powers = [one.kw for one in readings]

    def period(self, begin: datetime, end: datetime) -> ChargingPeriod:
        index = bisect_right(self.starts, begin) - 1
        told = self.periods[index] if index >= 0 else None
        until = self.starts[index + 1] if index + 1 < len(self.starts) else self.curve.points[-1].at
        # What the first reading found at the very start was delivered too.
        used = self.curve.at(end) - (Decimal(0) if begin == self.curve.points[0].at else self.curve.at(begin))
        volumes = {"ENERGY": used, **self._times(told, begin, used, hours_between(begin, end))}
        return ChargingPeriod(begin, volumes | self._flows(told, until, end))

    def _times(self, told: ChargingPeriod | None, begin: datetime, used: Decimal, hours: Decimal) -> dict[str, Decimal]:
        """The stretch as charging or parking, as its period tells; else as the meter does."""
        charged, parked = (told.volume("TIME"), told.volume("PARKING_TIME")) if told else (Decimal(0), Decimal(0))
        if charged and parked:
            share = charged / (charged + parked)
            return {"TIME": hours * share, "PARKING_TIME": hours * (1 - share)}
        if charged or parked:
            return {"TIME" if charged else "PARKING_TIME": hours}
        return {"PARKING_TIME" if not used and self._is_parked(told, begin) else "TIME": hours}

    def _is_parked(self, told: ChargingPeriod | None, begin: datetime) -> bool:
        if told is not None and told.volume("POWER"):
            return False
        still = self.curve.stands_still(begin)
        if still is None:
            return False
        since, until, kw = still
        if not kw:
            return until - since > SLOW_START
        return kw * hours_between(since, until) >= STEP_OF_A_METER

    def _flows(self, told: ChargingPeriod | None, until: datetime, end: datetime) -> dict[str, Decimal]:
        """Power and current as its period tells; where that spans several readings, the power of the reading."""
        if told is None:
            return {}
        inside = bisect_right(self.readings, until) - bisect_right(self.readings, utc(told.start))
        if inside <= 1:
            return {name: volume for name, volume in told.dimensions.items() if name in FLOWS}
        index = min(bisect_right(self.readings, end), len(self.readings)) - 1
        power = self.powers[max(index, 0)]
        return {} if power is None else {"POWER": power}


def _boundaries(tariff: Tariff, curve: _Curve, zone: tzinfo) -> Iterator[datetime]:
    """Every moment of the charge at which a restriction of the tariff begins or ceases to hold."""
    restrictions = [one.restrictions for one in tariff.elements if one.restrictions.reservation is None]
    start = curve.points[0].at
    for one in restrictions:
        for seconds in (one.min_duration, one.max_duration):
            if seconds is not None:
                yield start + timedelta(seconds=min(seconds, LONGEST))
        for kwh in (one.min_kwh, one.max_kwh):
            if kwh is not None and (reached := curve.reaches(kwh)) is not None:
                yield reached
    clocks = set[time]().union(*(_clocks(one) for one in restrictions))
    yield from _daily(clocks, start, curve.points[-1].at, zone)


LONGEST = 400 * 86_400
"""Seconds; no charge lasts as long."""


def _clocks(one: Restrictions) -> set[time]:
    """The times of day at which it changes: days and dates change at midnight."""
    midnight = {time(0)} if one.days or one.start_date or one.end_date else set[time]()
    return {clock for clock in (one.start_time, one.end_time) if clock is not None} | midnight


def _daily(clocks: Iterable[time], first: datetime, last: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Each of these times of day, on each day of the charge."""
    wanted = sorted(clocks)
    day, until = first.astimezone(zone).date(), last.astimezone(zone).date()
    while wanted and day <= until:
        for clock in wanted:
            yield utc(datetime.combine(day, clock, zone)).astimezone(first.tzinfo)
        day += timedelta(days=1)
