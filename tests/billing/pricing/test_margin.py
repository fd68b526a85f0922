"""A margin makes a dearer tariff: what it is on an amount, it is in the tariff's prices too."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.pricing import Margin, fill_in_tax, price
from tests.billing.pricing.build import BRATISLAVA, component, cost_of, element, period, tariff
from tests.billing.pricing.test_properties import TARIFFS, sessions, taxed

MARGIN = Margin(Decimal(10), Decimal("0.05"))


@pytest.mark.parametrize(
    ("fields", "vat", "expected"),
    [
        ({}, 25, ("11.40", "14.25")),
        ({"tax_included": "YES"}, 25, ("9.20", "11.50")),
        ({"tax_included": "N/A"}, None, ("11.50", "11.50")),
        ({}, None, ("11.50", None)),
    ],
)
def test_it_is_gross_whatever_the_tariff_s_prices_are(fields: Any, vat: int | None, expected: Any) -> None:
    """10 kWh for 1.00: 10 % and 5 cents a kWh."""
    plain = fill_in_tax(tariff(element(component("ENERGY", 1)), **fields), None if vat is None else Decimal(vat))
    assert cost_of(MARGIN.on_tariff(plain), period(energy=10)) == expected


def test_a_kwh_that_has_no_price_at_that_hour_bears_the_margin_all_the_same() -> None:
    only_at_night = tariff(element(component("ENERGY", 1, vat=25), start_time="22:00", end_time="06:00"))
    assert cost_of(MARGIN.on_tariff(only_at_night), period(energy=10)) == ("0.40", "0.50")
    by_the_hour = tariff(element(component("TIME", 6, vat=25)))
    assert cost_of(MARGIN.on_tariff(by_the_hour), period(energy=10, time=1)) == ("7.00", "8.75")


def test_limits_are_raised_in_percent() -> None:
    limited = tariff(
        element(component("ENERGY", 1, vat=25)), min_price={"excl_vat": 2}, max_price={"excl_vat": 4, "incl_vat": 5}
    )
    dearer = MARGIN.on_tariff(limited)
    assert cost_of(dearer, period(energy=1)) == ("2.20", "2.75")
    assert cost_of(dearer, period(energy=100)) == ("4.40", "5.50")


def test_on_an_amount() -> None:
    assert MARGIN.on(Decimal(10), Decimal(20)) == 12
    assert MARGIN.on(Decimal(10), Decimal(-5)) == 11
    assert Margin().on(Decimal(10), Decimal(20)) == 10


@given(TARIFFS, sessions(), st.decimals(0, 50, places=1), st.decimals(0, 1, places=2))
def test_a_margin_never_makes_it_cheaper(plain: Any, periods: Any, percent: Decimal, per_kwh: Decimal) -> None:
    filled = fill_in_tax(plain, Decimal(20))
    dearer = Margin(percent, per_kwh).on_tariff(filled)
    before = taxed(price(filled, periods, zone=BRATISLAVA))
    after = taxed(price(dearer, periods, zone=BRATISLAVA))
    assert after[1] >= before[1]
    limits = [limit for limit in (filled.min_price, filled.max_price) if limit is not None]
    if all(limit.excl is not None for limit in limits):  # else the net follows from what was consumed, and its taxes
        assert after[0] >= before[0]
