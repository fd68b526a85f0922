"""The estimate is the price: at every sample what a CDR of that moment would cost (rule 35).

The CDR's side is the simulated CPO's own pricing, which shares no code with ours: it prices each second by itself.
"""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from billing.pricing import ChargingPeriod, Reading, Tariff, course, price
from cpo_simulator.charging.pricing import Slice, bill
from tests.billing.pricing.build import BRATISLAVA, component, element, tariff, wire
from tests.support.examples import WANTED

EXAMPLES = WANTED or 1000
BEGIN = datetime(2026, 11, 27, 21, 40, tzinfo=UTC)  # a Friday, 22:40 in Bratislava
ZONE = "Europe/Bratislava"
VAT = 23


def parts(
    energy: float, time: float | None = None, parking: int | None = None, flat: int | None = None
) -> list[Any] | list[dict[str, Any]]:
    found = [component("ENERGY", energy, vat=VAT)]
    found += [component("TIME", time, vat=VAT)] if time is not None else []
    found += [component("PARKING_TIME", parking, vat=VAT)] if parking is not None else []
    return [*found, component("FLAT", flat, vat=VAT)] if flat is not None else found


KINDS = {
    "none": [element(*parts(0.49, 1.2, 6, 1))],
    "time of day": [element(*parts(0.9, 3, 6), start_time="07:00", end_time="23:30"), element(*parts(0.3, 1, 2))],
    "day": [element(*parts(0.9, 2), day_of_week=["SATURDAY", "SUNDAY"]), element(*parts(0.4, 5, 6))],
    "date": [element(*parts(0.9, 2), start_date="2026-11-28"), element(*parts(0.4, 5, 6))],
    "free first half hour": [element(*parts(0, 0), max_duration=1800), element(*parts(0.6, 3))],
    "idle fee after an hour": [
        element(component("PARKING_TIME", 12, vat=VAT), min_duration=3600),
        element(*parts(0.5)),
    ],
    "kwh": [element(*parts(0.3), max_kwh=7.5), element(*parts(0.8, 1), min_kwh=7.5)],
    "power": [element(*parts(0.3), max_power=20), element(*parts(0.8), min_power=20)],
}


class Charge:
    """A charge second by second, as a CPO's meter has it: phases of constant power, and idle time at the end."""

    def __init__(self, chance: random.Random) -> None:
        self.slices: list[Slice] = []
        self.begin = BEGIN + timedelta(minutes=chance.randrange(0, 60))
        self.phases: list[tuple[int, int, int, bool]] = []  # (first second, last, W, charging)
        second = 0
        for _ in range(chance.randrange(1, 4)):
            self._phase(second, second := second + 60 * chance.randrange(4, 25), 3600 * chance.randrange(2, 30), True)
        if chance.random() < 0.6:
            self._phase(second, second + 60 * chance.randrange(2, 40), 0, False)

    def _phase(self, first: int, last: int, watts: int, charging: bool) -> None:
        self.phases.append((first, last, watts, charging))
        for second in range(first, last):
            at = self.begin + timedelta(seconds=second)
            kw = Decimal(watts) / 1000
            self.slices.append(Slice(at, at + timedelta(seconds=1), watts // 3600, kw, charging))

    def kwh(self, second: int) -> Decimal:
        return Decimal(sum(one.wh for one in self.slices[:second])) / 1000

    def readings(self, until: int, every: int, *, power: bool) -> list[Reading]:
        """The meter at each interval and at each change of power, until a second."""
        seconds = {*range(every, until, every), *(last for _, last, _, _ in self.phases if last < until), until}
        return [
            Reading(
                self.begin + timedelta(seconds=second),
                self.kwh(second),
                self.slices[second - 1].kw if power else None,
            )
            for second in sorted(seconds)
        ]

    def told(self, until: int, style: str) -> list[ChargingPeriod]:
        """The Session's own periods: none, one that grows, or one per phase with or without times."""
        if style == "none":
            return []
        if style == "one":
            return [ChargingPeriod(self.begin, {"ENERGY": self.kwh(until)})]
        return [self._told(first, min(last, until), style) for first, last, _, _ in self.phases if first < until]

    def _told(self, first: int, last: int, style: str) -> ChargingPeriod:
        one = self.slices[first]
        volumes = {"ENERGY": self.kwh(last) - self.kwh(first), "POWER": one.kw}
        if style == "timed":
            hours = (Decimal(last - first) / 3600).quantize(Decimal("0.0001"))
            volumes |= {"TIME": hours} if one.charging else {"PARKING_TIME": hours}
        return ChargingPeriod(one.start, volumes)


def as_the_cpo_reads(elements: list[dict[str, Any]]) -> dict[str, Any]:
    """The tariff as the simulated CPO holds it: exact numbers, no null."""

    def exact(part: Any) -> dict[Any, Any]:
        return {**part, "price": Decimal(str(part["price"])), "vat": VAT}

    def limits(found: Any) -> dict[Any, Any]:
        return {name: Decimal(str(one)) if name[4:] in ("kwh", "power") else one for name, one in found.items()}

    return wire(
        *(
            {
                "price_components": [exact(part) for part in one["price_components"]],
                "restrictions": limits(one["restrictions"] or {}),
            }
            for one in elements
        )
    )


def check(kind: str, seed: int) -> None:
    chance = random.Random(f"{kind} {seed}")
    charge = Charge(chance)
    ours: Tariff = tariff(*KINDS[kind])
    theirs = as_the_cpo_reads(KINDS[kind])
    every, style = chance.choice([15, 60, 90, 900]), chance.choice(["none", "one", "phases", "timed"])
    length = len(charge.slices)
    ends = [last for _, last, _, _ in charge.phases]
    for until in sorted({*ends, *(chance.randrange(60, length) for _ in range(3))}):
        readings = charge.readings(until, every, power=kind == "power")
        periods = course(charge.begin, readings, charge.told(until, style), ours, ZoneInfo(ZONE))
        cost = price(ours, periods, zone=BRATISLAVA)
        final = bill(theirs, charge.slices[:until], ZONE).total.incl_vat
        near = max(Decimal("0.02"), final / 100)
        assert cost.incl is not None
        assert abs(cost.incl - final) <= near, (kind, seed, style, every, until, cost.incl, final)


@pytest.mark.parametrize("kind", KINDS)
def test_at_every_sample_it_is_what_a_cdr_would_cost(kind: str) -> None:
    for seed in range(6):
        check(kind, seed)


@pytest.mark.heavy
@pytest.mark.parametrize("kind", KINDS)
def test_at_every_sample_of_many_charges(kind: str) -> None:
    for seed in range(6, 6 + EXAMPLES // len(KINDS)):
        check(kind, seed)


# What the meter tells badly

PLAIN = tariff(element(*parts(1, 6, 12)))


def laid_out(*readings: tuple[float, float], told: Any = ()) -> list[tuple[float, dict[str, float]]]:
    """(minute, kWh and times) of each period, for readings as (minute, kWh)."""
    said = [Reading(BEGIN + timedelta(minutes=minute), Decimal(str(kwh))) for minute, kwh in readings]
    found = course(BEGIN, said, told, PLAIN, UTC)
    return [
        ((one.start - BEGIN).total_seconds() / 60, {name: float(volume) for name, volume in one.dimensions.items()})
        for one in found
    ]


def test_without_a_reading_nothing_was_charged() -> None:
    assert laid_out() == []


def test_what_the_first_reading_found_at_the_start_was_delivered() -> None:
    assert laid_out((0, 0)) == [(0, {"ENERGY": 0, "TIME": 0})]
    assert laid_out((0, 10)) == [(0, {"ENERGY": 10, "TIME": 0})]
    assert laid_out((0, 1), (60, 3)) == [(0, {"ENERGY": 3, "TIME": 1})]


def test_a_clock_that_jumps_back_stands_still_and_less_energy_is_the_same() -> None:
    assert laid_out((60, 3), (30, 2)) == [(0, {"ENERGY": 3, "TIME": 1})]


def test_a_slow_start_is_charging_and_a_long_wait_is_parking() -> None:
    assert laid_out((0.5, 0), (60, 3))[0] == (0, {"ENERGY": 0, "TIME": pytest.approx(0.5 / 60)})
    assert laid_out((30, 0), (60, 3))[0] == (0, {"ENERGY": 0, "PARKING_TIME": 0.5})


def test_a_meter_of_two_decimals_that_shows_the_same_twice_is_still_charging() -> None:
    """At 3 kW it moves by 0.01 every 12 s."""
    assert laid_out((60, 3), (60.1, 3))[1][1].keys() == {"ENERGY", "TIME"}
    assert laid_out((60, 3), (61, 3))[1][1].keys() == {"ENERGY", "PARKING_TIME"}


def test_power_that_is_told_is_charging_and_a_period_of_both_is_shared() -> None:
    flowing = [ChargingPeriod(BEGIN, {"ENERGY": Decimal(0), "POWER": Decimal(2)})]
    assert laid_out((30, 0), told=flowing) == [(0, {"ENERGY": 0, "TIME": 0.5, "POWER": 2})]
    both = [ChargingPeriod(BEGIN, {"TIME": Decimal("0.75"), "PARKING_TIME": Decimal("0.25")})]
    assert laid_out((60, 3), told=both) == [(0, {"ENERGY": 3, "TIME": 0.75, "PARKING_TIME": 0.25})]


def test_periods_that_tell_more_energy_than_the_meter_are_not_believed() -> None:
    told = [ChargingPeriod(BEGIN + timedelta(minutes=minute), {"ENERGY": Decimal(9)}) for minute in (0, 30)]
    assert [volumes["ENERGY"] for _, volumes in laid_out((60, 3), told=told)] == [1.5, 1.5]


def test_a_charge_before_its_first_period_is_told_by_the_meter() -> None:
    later = [ChargingPeriod(BEGIN + timedelta(minutes=30), {"PARKING_TIME": Decimal("0.5")})]
    assert [volumes.keys() - {"ENERGY"} for _, volumes in laid_out((60, 3), told=later)] == [{"TIME"}, {"PARKING_TIME"}]
