"""Pricing before an independent judge: what a charge costs by `tests.billing.pricing.reference` is what it costs."""

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.pricing import ChargingPeriod, price, tariff_of
from ocpi.versions import VERSIONS
from tests.billing.pricing import reference
from tests.billing.pricing.build import BRATISLAVA, component, element, wire
from tests.billing.pricing.reference import Slot

MANY = int(os.environ.get("SFP_PRICED_CHARGES", "100000"))
VERSIONS_WITH_VAT = ("2.2", "2.2.1")
CLOCK = ["00:00", "06:00", "07:30", "12:00", "17:00", "20:00", "22:15"]
STEPS = [1, 1, 1, 60, 300, 500, 900, 1800]
RATES = [None, 0, 10.0, 20.0, 23.0]
PRICES = {"ENERGY": (0.05, 0.9), "TIME": (0.3, 12), "PARKING_TIME": (0.3, 15), "FLAT": (0.1, 3)}


def a_component(dice: random.Random, kind: str) -> dict[str, Any]:
    low, high = PRICES[kind]
    step = 1 if kind == "FLAT" else dice.choice(STEPS)
    return component(kind, round(dice.uniform(low, high), dice.choice([1, 2, 4])) or low, step, dice.choice(RATES))


def some_restrictions(dice: random.Random) -> dict[str, Any]:
    """Up to three, of all kinds that there are."""
    ways: dict[str, Callable[[], dict[str, Any]]] = {
        "day": lambda: dict(zip(("start_time", "end_time"), dice.sample(CLOCK, 2), strict=True)),
        "from": lambda: {"start_time": dice.choice(CLOCK[1:])},
        "until": lambda: {"end_time": dice.choice(CLOCK[1:])},
        "dates": lambda: {"start_date": "2026-03-03", "end_date": dice.choice(["2026-03-04", "2026-03-08"])},
        "most": lambda: {"max_kwh": dice.choice([2, 5.5, 20])},
        "least": lambda: {"min_kwh": dice.choice([2, 5.5, 20])},
        "slow": lambda: {"max_power": dice.choice([11, 32])},
        "fast": lambda: {"min_power": dice.choice([11, 32])},
        "weak": lambda: {"max_current": dice.choice([16, 64])},
        "short": lambda: {"max_duration": dice.choice([900, 3600, 7200])},
        "long": lambda: {"min_duration": dice.choice([900, 3600, 7200])},
        "week": lambda: {"day_of_week": dice.sample(list(reference.DAYS), dice.randint(1, 6))},
    }
    found = dict[str, Any]()
    for name in dice.sample(sorted(ways), dice.choice([0, 1, 1, 2, 3])):
        found |= ways[name]()
    return found


def a_tariff(dice: random.Random) -> dict[str, Any]:
    elements = []
    for _ in range(dice.randint(1, 5)):
        kinds = dice.sample(sorted(PRICES), dice.randint(1, 4))
        elements.append(element(*(a_component(dice, kind) for kind in kinds), **some_restrictions(dice)))
    # Where none states its VAT, what bears none and what is not told are the same.
    elements[0]["price_components"][0].setdefault("vat", 0)
    limits = dict[str, Any]()
    if dice.random() < 0.2:
        limits["min_price"] = {"excl_vat": 2, "incl_vat": 2.5}
    if dice.random() < 0.2:
        limits["max_price"] = {"excl_vat": 12, "incl_vat": 14.4}
    return wire(*elements, **limits)


def a_charge(dice: random.Random) -> tuple[datetime, list[Slot]]:
    """Some hours of charging and parking, in turns, at changing power."""
    start = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=3 * dice.randrange(20 * 24 * 7))
    slots = list[Slot]()
    for _ in range(dice.randint(1, 4)):
        kw = dice.choice([3, 7, 11, 22, 32, 50, 150])
        slots += [Slot(dice.randint(1, kw * 50), kw, kw * 3 // 2, False) for _ in range(dice.randint(1, 25))]
        if dice.random() < 0.5:
            slots += [Slot(0, 0, 0, True)] * dice.randint(1, 30)
    return start, slots


def compare(seed: int) -> str:
    """What differs, in words; "" where nothing does."""
    dice = random.Random(seed)
    tariff, (start, slots) = a_tariff(dice), a_charge(dice)
    expected = reference.cost(tariff, start, slots, BRATISLAVA)
    told = [ChargingPeriod(one["start"], one["volumes"]) for one in reference.periods(tariff, start, slots, BRATISLAVA)]
    read = tariff_of(VERSIONS[dice.choice(VERSIONS_WITH_VAT)].parse("tariff", tariff).obj)
    cost = price(read, told, zone=BRATISLAVA)
    found = (cost.excl, cost.incl)
    return "" if found == expected else f"seed {seed}: {found} is not {expected}"


@pytest.mark.parametrize("first", range(0, 500, 100))
def test_some_random_charges_cost_what_the_reference_says(first: int) -> None:
    assert [text for seed in range(first, first + 100) if (text := compare(seed))] == []


@pytest.mark.heavy
@pytest.mark.parametrize("eighth", range(8))
def test_very_many_random_charges_cost_what_the_reference_says(eighth: int) -> None:
    assert [text for seed in range(eighth, MANY, 8) if (text := compare(seed))] == []
