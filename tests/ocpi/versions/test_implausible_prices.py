"""Prices that are nobody's, measured by what a kWh can cost at most: found with their paths."""

from decimal import Decimal

import pytest

from tests.ocpi.versions import vectors as v
from tests.ocpi.versions.vectors import V221, make

MOST = Decimal("0.5")
"""So a minute may cost 0.50, an hour 30; a session 5."""
ELEMENT = "elements[0].price_components[0].price"


@pytest.mark.parametrize(
    ("kind", "price", "found"),
    [
        ("ENERGY", 0.5, []),
        ("ENERGY", 0.51, [ELEMENT]),
        ("ENERGY", -0.51, [ELEMENT]),
        ("TIME", 30, []),
        ("TIME", 30.1, [ELEMENT]),
        ("PARKING_TIME", 30, []),
        ("PARKING_TIME", 30.1, [ELEMENT]),
        ("FLAT", 5, []),
        ("FLAT", 5.1, [ELEMENT]),
    ],
)
def test_each_kind_has_its_measure(kind: str, price: float, found: list[str]) -> None:
    part = {"type": kind, "price": price, "step_size": 1}
    tariff = V221.parse("tariff", make(v.TARIFF, {"elements": [{"price_components": [part]}]})).obj
    assert list(tariff.implausible(MOST)) == found
    assert list(tariff.implausible(None)) == []


@pytest.mark.parametrize(("least", "found"), [(5, []), (5.1, ["min_price"]), (-5.1, ["min_price"])])
def test_the_lowest_price_is_a_session_s(least: float, found: list[str]) -> None:
    tariff = V221.parse("tariff", make(v.TARIFF, {"min_price": {"excl_vat": least}})).obj
    assert list(tariff.implausible(MOST)) == found
