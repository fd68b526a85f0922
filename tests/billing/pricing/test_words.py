"""Tariffs as drivers read them."""

from decimal import Decimal
from typing import Any

import pytest

from billing.pricing import Tariff, describe, fill_in_tax, unit_prices
from tests.billing.pricing.build import component, element, tariff

ENERGY = component("ENERGY", "0.49")


def vat(part: dict[str, Any], rate: int) -> dict[str, Any]:
    return part | {"vat": rate}


@pytest.mark.parametrize(
    ("elements", "fields", "words"),
    [
        (
            [
                element(vat(component("ENERGY", "0.3983739837"), 23)),
                element(vat(component("PARKING_TIME", "4.8780487805"), 23), min_duration=3600),
            ],
            {},
            "0.49 EUR/kWh + 0.10 EUR/min parking after 60 min, incl. 23 % VAT",
        ),
        ([element(vat(ENERGY, 23))], {"tax_included": "YES"}, "0.49 EUR/kWh, incl. 23 % VAT"),
        ([element(ENERGY)], {"tax_included": "N/A"}, "0.49 EUR/kWh"),
        (
            [element(vat(component("FLAT", 1), 20), vat(component("ENERGY", 1), 10))],
            {},
            "1.20 EUR per session (incl. 20 % VAT) + 1.10 EUR/kWh (incl. 10 % VAT)",
        ),
        (
            [element(vat(component("FLAT", 1), 20), component("ENERGY", 1))],
            {},
            "1.20 EUR per session (incl. 20 % VAT) + 1.00 EUR/kWh (no VAT)",
        ),
        ([element(component("FLAT", 0))], {}, "free of charge"),
        (
            [element(component("ENERGY", 0), max_duration=1800), element(ENERGY)],
            {},
            "free energy up to 30 min, otherwise 0.49 EUR/kWh",
        ),
        ([element(component("FLAT", 0), ENERGY)], {}, "0.49 EUR/kWh"),
        ([element(component("TIME", 2))], {}, "2.00 EUR/h charging"),
        ([element(component("TIME", 6, 60))], {}, "0.10 EUR/min charging"),
        ([element(component("TIME", 2, 900))], {}, "2.00 EUR/h charging per started 15 min"),
        ([element(component("ENERGY", "0.4875", 500))], {}, "0.4875 EUR/kWh per started 0.5 kWh"),
        (
            [element(ENERGY, start_time="22:00", end_time="06:00"), element(ENERGY, start_time="06:00")],
            {},
            "0.49 EUR/kWh 22:00-06:00, otherwise 0.49 EUR/kWh 06:00-24:00",
        ),
        (
            [
                element(vat(ENERGY, 23), vat(component("PARKING_TIME", 6), 23), start_time="07:00", end_time="22:00"),
                element(vat(component("ENERGY", "0.4"), 23), vat(component("PARKING_TIME", 3), 23)),
            ],
            {"max_price": {"excl_vat": 20}},
            "0.6027 EUR/kWh 07:00-22:00, otherwise 0.492 EUR/kWh; 7.38 EUR/h parking 07:00-22:00, "
            "otherwise 3.69 EUR/h parking; at most 24.60 EUR; incl. 23 % VAT",
        ),
        ([element(ENERGY, end_time="06:00")], {}, "0.49 EUR/kWh 00:00-06:00"),
        (
            [element(ENERGY, day_of_week=["FRIDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY"])],
            {},
            "0.49 EUR/kWh Mon-Fri",
        ),
        ([element(ENERGY, day_of_week=["SATURDAY", "SUNDAY"])], {}, "0.49 EUR/kWh Sat/Sun"),
        ([element(ENERGY, day_of_week=["MONDAY", "WEDNESDAY", "FRIDAY"])], {}, "0.49 EUR/kWh Mon/Wed/Fri"),
        (
            [element(ENERGY, start_date="2026-01-01", end_date="2027-01-01")],
            {},
            "0.49 EUR/kWh from 2026-01-01 until 2027-01-01",
        ),
        ([element(ENERGY, min_kwh=10)], {}, "0.49 EUR/kWh from 10 kWh"),
        ([element(ENERGY, max_power="22.5")], {}, "0.49 EUR/kWh below 22.5 kW"),
        ([element(ENERGY, min_current=16, max_current=32)], {}, "0.49 EUR/kWh 16-32 A"),
        (
            [element(ENERGY, min_duration=3600, max_duration=5430)],
            {},
            "0.49 EUR/kWh after 60 min up to 90.5 min",
        ),
        (
            [element(ENERGY), element(component("TIME", 5), reservation="RESERVATION")],
            {},
            "0.49 EUR/kWh",
        ),
        (
            [element(vat(ENERGY, 0))],
            {"min_price": {"excl_vat": 1, "incl_vat": "1.2"}, "max_price": {"excl_vat": 20}},
            "0.49 EUR/kWh, at least 1.20 EUR, at most 20.00 EUR",
        ),
        (
            [element(ENERGY)],
            {"tax_included": "N/A", "max_price": {"before_taxes": 20}},
            "0.49 EUR/kWh, at most 20.00 EUR",
        ),
    ],
)
def test_it_describes(elements: list[dict[str, Any]], fields: Any, words: str) -> None:
    assert describe(fill_in_tax(tariff(*elements, **fields), Decimal(0))) == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "0.49 EUR/kWh, excl. VAT"),
        ({"version": "2.1.1"}, "0.49 EUR/kWh, excl. VAT"),
        ({"tax_included": "NO"}, "0.49 EUR/kWh, excl. VAT"),
        ({"tax_included": "YES"}, "0.49 EUR/kWh, taxes included"),
    ],
)
def test_a_rate_that_nobody_knows_is_said_to_be_missing(fields: Any, words: str) -> None:
    assert describe(tariff(element(ENERGY), **fields)) == words


@pytest.mark.parametrize("version", ["2.1.1", "2.2", "2.2.1", "2.3.0"])
def test_it_adds_the_vat_of_the_place_where_the_wire_states_none(version: str) -> None:
    fields = {"tax_included": "NO"} if version == "2.3.0" else {}
    old = tariff(element(component("ENERGY", "0.4")), version=version, **fields)
    assert describe(fill_in_tax(old, Decimal(23))) == "0.492 EUR/kWh, incl. 23 % VAT"
    assert describe(fill_in_tax(old, Decimal(23), included=True)) == "0.40 EUR/kWh, incl. 23 % VAT"


def test_limits_are_told_net_only_where_their_gross_is_not_known() -> None:
    mixed = [vat(component("ENERGY", 1), 20), vat(component("TIME", 1), 10)]
    words = describe(tariff(element(*mixed), max_price={"excl_vat": 20}))
    assert words.endswith("at most 20.00 EUR excl. VAT")


def test_without_prices_there_is_nothing_to_tell() -> None:
    assert describe(Tariff("EUR", ())) == "no prices given"


def test_what_is_not_understood_in_full_tells_no_price() -> None:
    odd = element(component("ENERGY", 9), day_of_week=["SOMEDAY"])
    assert describe(tariff(odd, element(ENERGY))) == "price not readable"


def test_prices_per_unit_where_there_is_one() -> None:
    one = fill_in_tax(tariff(element(component("ENERGY", 1), component("TIME", 6))), Decimal(20))
    assert unit_prices(one) == {"per_kwh": Decimal("1.2"), "per_minute": Decimal("0.12")}
    two = tariff(element(component("ENERGY", 1), max_kwh=10), element(component("ENERGY", 2)))
    assert unit_prices(two) == {"per_kwh": None, "per_minute": None}
