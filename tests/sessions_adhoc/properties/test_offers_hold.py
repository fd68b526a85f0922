"""Whole charges at random, at every kind of price: the driver pays no more than the frozen offer makes of what was
measured, and no more than the limit (rules 24, 32-35). `SFP_PROPERTY_EXAMPLES` sets how many."""

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.models import PricePlan
from partners.models import Policy
from tests.sessions_adhoc.conftest import BEGINNING
from tests.sessions_adhoc.hostile_money.closing import closed
from tests.sessions_adhoc.hostile_money.conftest import Charge, charge_221, charge_over, ours
from tests.sessions_adhoc.looking import state
from tests.support.examples import how_many

__all__ = ["charge_221", "charge_over"]
pytestmark = [pytest.mark.django_db, pytest.mark.hypothesis]

EXAMPLES = how_many(3)
GROSS = Decimal("0.49") * Decimal("1.23")
PRICES: dict[str, tuple[dict[str, Any], Decimal]] = {
    "pass_through": ({}, GROSS),
    "margin": ({"margin_percent": Decimal(10)}, GROSS * Decimal("1.1")),
    "retail": ({"currency": "EUR", "per_kwh": Decimal("0.79")}, Decimal("0.79")),
}
"""Each kind of plan, and what a kWh costs the driver with it, gross."""


def play(charge: Charge, chance: random.Random, limit: int) -> Decimal:
    """A charge of some readings, whose CDRs are more or less true, if there are any; return the most kWh metered."""
    charge.start(amount=limit)
    charge.meter(0)
    kwh = Decimal(0)
    for _ in range(chance.randint(1, 4)):
        charge.cpo.clock.forward(seconds=chance.randint(40, 89))
        kwh += round(Decimal(chance.uniform(0, 1.5)), 3)
        charge.meter(float(kwh if chance.random() < 0.8 else kwh / 2))
    charge.meter(float(kwh), chance.choice(["COMPLETED", "COMPLETED", "INVALID"]))
    for number in range(chance.randint(0, 2)):
        if chance.random() < 0.3:
            charge.cpo.clock.forward(hours=13)
        told = float(kwh) * chance.choice([1, 1, 0.5, 1.01, 3])
        charge.bill(
            round(told * float(GROSS) * chance.choice([1, 1, 0.8, 1.5]), 2), f"CDR-{number}", kwh=round(told, 3)
        )
    charge.cpo.clock.forward(hours=25)
    return kwh


@pytest.mark.parametrize("number", range(EXAMPLES))
def test_nobody_pays_more_than_was_offered_or_than_the_limit(charge_221: Charge, number: int) -> None:
    chance = random.Random(number)
    kind = list(PRICES)[number % len(PRICES)]
    values, per_kwh = PRICES[kind]
    limit = chance.choice([2000, 4000])
    PricePlan.objects.create(name="Plan", kind=kind, valid_from=BEGINNING - timedelta(days=1), **values)
    Policy.objects.create(partner=charge_221.cpo.partner, at_limit="go_on")
    charge_221.publish()
    kwh = play(charge_221, chance, limit)
    paid = ours(charge_221.session)
    told = kind, state(charge_221.session), kwh, paid
    price = kwh * Decimal("1.02") * per_kwh
    assert paid.captured - paid.given_back <= 100 * (price + max(price / 50, Decimal("0.10"))) + 1, told
    assert paid.captured <= limit, told
    closed()
