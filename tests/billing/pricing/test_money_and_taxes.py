"""Rounding, minor units, VAT in each version's way, minimum and maximum price."""

from decimal import Decimal
from typing import Any

import pytest

from billing.pricing import (
    Dimension,
    Element,
    PriceComponent,
    PriceLimit,
    Tariff,
    TaxIncluded,
    fill_in_tax,
    from_minor,
    in_words,
    minor_exponent,
    money,
    price,
    round_money,
    to_minor,
)
from tests.billing.pricing.build import component, cost_of, element, hours, period, tariff, totals


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.34", "EUR", 1234),
        ("12.345", "EUR", 1235),
        ("12.3449", "EUR", 1234),
        ("0.005", "eur", 1),
        ("-12.345", "EUR", -1235),
        ("1234.5", "HUF", 123450),
        ("1234.5", "JPY", 1235),
        ("1234.4", "KRW", 1234),
        ("1.2345", "KWD", 1235),
        ("1.23455", "CLF", 12346),
        ("0", "CZK", 0),
    ],
)
def test_minor_units_round_half_up(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "amount"),
    [(1234, "EUR", "12.34"), (5, "EUR", "0.05"), (1234, "JPY", "1234"), (1, "KWD", "0.001")],
)
def test_minor_units_there_and_back(minor: int, currency: str, amount: str) -> None:
    assert str(from_minor(minor, currency)) == amount
    assert to_minor(from_minor(minor, currency), currency) == minor


def test_what_a_division_misses_does_not_decide_at_the_half() -> None:
    assert round_money(Decimal("0.1249999999999999999999999999"), "EUR") == Decimal("0.13")
    assert round_money(Decimal("0.12499"), "EUR") == Decimal("0.12")


def test_money_in_words() -> None:
    assert money(Decimal("40"), "eur") == "40.00 EUR"
    assert money(Decimal("40.4"), "JPY") == "40 JPY"
    assert in_words(1235, "EUR") == "12.35 EUR"


@pytest.mark.parametrize("currency", ["", "EU", "EURO", "12A", "€€€"])
def test_no_currency(currency: str) -> None:
    with pytest.raises(ValueError, match="no currency code"):
        minor_exponent(currency)


def test_it_rounds_at_the_end_only() -> None:
    thirds = tariff(element(component("TIME", 1, 0), component("ENERGY", "0.0033", 0)))
    cost = price(thirds, [period(0, energy=1, time=hours(20)), period(20, energy=1, time=hours(20))])
    assert str(cost.excl) == "0.67"
    assert [str(line.excl)[:8] for line in cost.lines] == ["0.0066", "0.6666"]


@pytest.mark.parametrize(
    ("fields", "vat", "expected"),
    [
        ({}, 23, ("1.00", "1.23")),
        ({}, 0, ("1.00", "1.00")),
        ({}, None, ("1.00", None)),  # never the net for the gross
        ({"tax_included": "NO"}, 23, ("1.00", "1.23")),
        ({"tax_included": "NO"}, None, ("1.00", None)),
        ({"tax_included": "YES"}, 25, ("0.80", "1.00")),
        ({"tax_included": "YES"}, None, (None, "1.00")),
        ({"tax_included": "N/A"}, 23, ("1.00", "1.00")),
        ({"version": "2.1.1"}, None, ("1.00", None)),
    ],
)
def test_taxes(fields: Any, vat: int | None, expected: Any) -> None:
    assert cost_of(tariff(element(component("ENERGY", 1, vat=vat)), **fields), period(energy=1)) == expected


RATE = Decimal(25)


@pytest.mark.parametrize(
    ("fields", "vat", "included", "expected"),
    [
        ({"version": "2.1.1"}, None, False, ("1.00", "1.25")),
        ({}, None, False, ("1.00", "1.25")),
        ({}, None, True, ("0.80", "1.00")),
        ({}, 10, True, ("1.00", "1.10")),
        ({"tax_included": "NO"}, None, False, ("1.00", "1.25")),
        ({"tax_included": "YES"}, None, False, ("0.80", "1.00")),
        ({"tax_included": "N/A"}, None, False, ("1.00", "1.00")),
    ],
)
def test_where_the_wire_states_no_tax_the_rate_of_the_place_is_added(
    fields: Any, vat: int | None, included: bool, expected: tuple[str, str]
) -> None:
    open_ = tariff(element(component("ENERGY", 1, vat=vat)), **fields)
    assert cost_of(fill_in_tax(open_, RATE, included=included), period(energy=1)) == expected


def test_without_any_rate_one_side_stays_unknown() -> None:
    open_ = tariff(element(component("ENERGY", 1)))
    assert cost_of(fill_in_tax(open_, None), period(energy=1)) == ("1.00", None)
    assert cost_of(fill_in_tax(open_, None, included=True), period(energy=1)) == (None, "1.00")


def test_limits_of_prices_that_are_gross_by_agreement_are_gross_too() -> None:
    limited = tariff(element(component("ENERGY", 1)), min_price={"excl_vat": 5})
    assert cost_of(fill_in_tax(limited, RATE, included=True), period(energy=1)) == ("4.00", "5.00")
    both = tariff(element(component("ENERGY", 1)), max_price={"excl_vat": 4, "incl_vat": 5})
    assert cost_of(fill_in_tax(both, RATE, included=True), period(energy=9)) == ("4.00", "5.00")


def test_one_stated_rate_shows_that_the_others_bear_none() -> None:
    mixed = tariff(element(component("ENERGY", 1, vat=20), component("FLAT", 1)), tax_included="NO")
    assert cost_of(mixed, period(energy=1)) == ("2.00", "2.20")


@pytest.mark.parametrize(
    ("limits", "kwh", "expected", "limited_by"),
    [
        ({"min_price": {"excl_vat": 5}}, 1, ("5.00", "6.00"), "min_price"),
        ({"min_price": {"excl_vat": 5}}, 0, ("5.00", "6.00"), "min_price"),
        ({"min_price": {"excl_vat": 5, "incl_vat": 7}}, 1, ("5.00", "7.00"), "min_price"),
        ({"max_price": {"excl_vat": 5}}, 9, ("5.00", "6.00"), "max_price"),
        ({"max_price": {"before_taxes": 5, "after_taxes": "5.5"}}, 9, ("5.00", "5.50"), "max_price"),
        ({"max_price": {"excl_vat": 50, "incl_vat": 10}}, 9, ("9.00", "10.00"), "max_price"),
        ({"min_price": {"excl_vat": 1}, "max_price": {"excl_vat": 100}}, 9, ("9.00", "10.80"), ""),
    ],
)
def test_minimum_and_maximum_hold_before_and_after_taxes(
    limits: Any, kwh: int, expected: tuple[str, str], limited_by: str
) -> None:
    limited = tariff(element(component("ENERGY", 1, vat=20)), **limits)
    cost = price(limited, [period(energy=kwh)])
    assert (totals(cost), cost.limited_by) == (expected, limited_by)


def test_limits_where_taxes_are_unknown() -> None:
    limited = tariff(element(component("ENERGY", 1)), min_price={"excl_vat": 5}, max_price={"excl_vat": 7})
    assert cost_of(limited, period(energy=1)) == ("5.00", None)
    assert cost_of(limited, period(energy=9)) == ("7.00", None)
    included = tariff(
        element(component("ENERGY", 1)), tax_included="YES", max_price={"before_taxes": 6, "after_taxes": 7}
    )
    assert cost_of(included, period(energy=9)) == (None, "7.00")


def test_a_minimum_before_taxes_where_components_bear_different_rates_and_nothing_was_used() -> None:
    mixed = tariff(element(component("ENERGY", 1, vat=20), component("TIME", 1, vat=10)), min_price={"excl_vat": 5})
    assert cost_of(mixed, period(energy=0)) == ("5.00", "5.00")


def test_no_session_costs_nothing_whatever_the_minimum() -> None:
    cost = price(tariff(element(component("FLAT", 1)), min_price={"excl_vat": 5}), [])
    assert (totals(cost), cost.lines, cost.limited_by) == (("0.00", "0.00"), (), "")


def test_a_discount_never_pays_the_driver() -> None:
    odd = Tariff("EUR", (Element((PriceComponent(Dimension.ENERGY, Decimal(-1)),)),))
    assert cost_of(odd, period(energy=3)) == ("0.00", None)
    assert cost_of(fill_in_tax(odd, RATE), period(energy=3)) == ("0.00", "0.00")
    assert PriceLimit() == PriceLimit(None, None)
    assert TaxIncluded("N/A") is TaxIncluded.NOT_APPLICABLE


def test_yen_have_no_minor_unit() -> None:
    yen = tariff(element(component("ENERGY", 30, vat=10)), currency="jpy")
    cost = price(yen, [period(energy="10.05")])
    assert (cost.currency, *totals(cost)) == ("JPY", "302", "332")
    assert cost.lines[0].text == "Energy 10.05 kWh at 30.00 JPY/kWh = 302 JPY"


@pytest.mark.parametrize(
    ("minutes", "step", "billed"),
    [
        (6, 300, "10 min"),
        (5, 300, "5 min"),
        ("5.0001", 300, "5 min"),
        ("5.02", 300, "10 min"),
        (1, 0, "1 min"),
        (90, 1, "1 h 30 min"),
        ("1.5", 7, "1 min 31 s"),
    ],
)
def test_time_in_blocks(minutes: str | int, step: int, billed: str) -> None:
    timed = tariff(element(component("TIME", 1, step)))
    cost = price(timed, [period(time=Decimal(str(minutes)) / 60)])
    assert cost.lines[0].text.startswith(f"Charging time {billed} at")


@pytest.mark.parametrize(
    ("wh", "step", "billed"),
    [("115.2", 1, "0.116"), ("115.2", 25, "0.125"), ("115.2", 500, "0.5"), (500, 500, "0.5"), ("115.2", 0, "0.115")],
)
def test_energy_in_blocks(wh: str | int, step: int, billed: str) -> None:
    cost = price(tariff(element(component("ENERGY", 1, step))), [period(energy=Decimal(str(wh)) / 1000)])
    assert cost.lines[0].text.startswith(f"Energy {billed} kWh at")


def test_lines_of_a_reservation() -> None:
    reserving = tariff(element(component("FLAT", 1), component("TIME", 2), reservation="RESERVATION"))
    cost = price(reserving, [period(reservation_time="0.5")])
    assert [(line.text, line.reservation) for line in cost.lines] == [
        ("Reservation fee 1.00 EUR", True),
        ("Reserved time 30 min at 2.00 EUR/h = 1.00 EUR", True),
    ]
