"""The estimate is the price: at every sample what a CDR of that moment would cost (rule 35).

The CDR's side is the simulated CPO's own pricing, which shares no code with ours: it prices each second by itself.
"""

import os
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from billing.pricing import ChargingPeriod, Reading, Tariff, course, price
from cpo_simulator.pricing import Slice, bill
from tests.billing.pricing.build import BRATISLAVA, component, element, tariff, wire

EXAMPLES = int(os.environ.get("SFP_PROPERTY_EXAMPLES", "0"))
BEGIN = datetime(2026, 11, 27, 21, 40, tzinfo=UTC)  # a Friday, 22:40 in Bratislava
ZONE = "Europe/Bratislava"
VAT = 23


def parts(energy, time=None, parking=None, flat=None):
    found = [component("ENERGY", energy, vat=VAT)]
    found += [component("TIME", time, vat=VAT)] if time is not None else []
    found += [component("PARKING_TIME", parking, vat=VAT)] if parking is not None else []
    return [*found, component("FLAT", flat, vat=VAT)] if flat is not None else found


KINDS = {
    "none": [element(*parts(0.49, 1.2, 6, 1))],
    "time of day": [element(*parts(0.9, 3, 6), start_time="07:00", end_time="23:00"), element(*parts(0.3, 1, 2))],
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
        self.begin = BEGIN + timedelta(minutes=chance.randrange(0, 90))
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


def as_the_cpo_reads(elements: list[dict]) -> dict:
    """The tariff as the simulated CPO holds it: exact numbers, no null."""

    def exact(part):
        return {**part, "price": Decimal(str(part["price"])), "vat": VAT}

    def limits(found):
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
    every, style = chance.choice([15, 30, 60, 90]), chance.choice(["none", "one", "phases", "timed"])
    length = len(charge.slices)
    ends = [last for _, last, _, _ in charge.phases]
    for until in sorted({*ends, *(chance.randrange(60, length) for _ in range(3))}):
        readings = charge.readings(until, every, power=kind == "power")
        periods = course(charge.begin, readings, charge.told(until, style), ours, ZoneInfo(ZONE))
        cost = price(ours, periods, zone=BRATISLAVA)
        final = bill(theirs, charge.slices[:until], ZONE).total.incl_vat
        near = max(Decimal("0.02"), final / 100)
        assert abs(cost.incl - final) <= near, (kind, seed, style, every, until, cost.incl, final)


@pytest.mark.parametrize("kind", KINDS)
def test_at_every_sample_it_is_what_a_cdr_would_cost(kind) -> None:
    for seed in range(4):
        check(kind, seed)


@pytest.mark.heavy
@pytest.mark.skipif(not EXAMPLES, reason="SFP_PROPERTY_EXAMPLES says how many")
@pytest.mark.parametrize("kind", KINDS)
def test_at_every_sample_of_many_charges(kind) -> None:
    for seed in range(4, 4 + EXAMPLES // len(KINDS)):
        check(kind, seed)
