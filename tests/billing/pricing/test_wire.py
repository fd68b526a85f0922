"""Reading tariffs from JSON as CPOs send them, with everything that they get wrong."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from billing.pricing import (
    NO_RESTRICTIONS,
    Dimension,
    Element,
    PriceComponent,
    PriceLimit,
    Reservation,
    Restrictions,
    Tariff,
    TaxIncluded,
    tariff_from_wire,
)

FULL = {
    "country_code": "SK",
    "party_id": "ABC",
    "id": "T1",
    "currency": "eur",
    "type": "AD_HOC_PAYMENT",
    "start_date_time": "2026-01-01T00:00:00Z",
    "end_date_time": "2027-01-01T00:00:00Z",
    "min_price": {"excl_vat": 1, "incl_vat": 1.23},
    "max_price": {"before_taxes": 20, "after_taxes": 24.6},
    "tax_included": "YES",
    "elements": [
        {
            "price_components": [{"type": "ENERGY", "price": 0.1, "step_size": 10, "vat": 23.0}],
            "restrictions": {
                "start_time": "08:00",
                "end_time": "20:00:00",
                "start_date": "2026-01-01",
                "end_date": "2026-12-31T00:00:00Z",
                "min_kwh": 1,
                "max_kwh": "50.5",
                "min_current": 6,
                "max_current": 32,
                "min_power": 3.7,
                "max_power": 22,
                "min_duration": 60,
                "max_duration": "3600",
                "day_of_week": ["MONDAY", "SUNDAY", "SOMEDAY"],
                "reservation": "RESERVATION",
            },
        }
    ],
    "last_updated": "2026-01-01T00:00:00Z",
}


def test_it_reads_everything():
    assert tariff_from_wire(FULL) == Tariff(
        currency="EUR",
        id="T1",
        elements=(
            Element(
                (PriceComponent(Dimension.ENERGY, Decimal("0.1"), 10, Decimal("23.0")),),
                Restrictions(
                    start_time=time(8),
                    end_time=time(20),
                    start_date=date(2026, 1, 1),
                    end_date=date(2026, 12, 31),
                    min_kwh=Decimal(1),
                    max_kwh=Decimal("50.5"),
                    min_current=Decimal(6),
                    max_current=Decimal(32),
                    min_power=Decimal("3.7"),
                    max_power=Decimal(22),
                    min_duration=60,
                    max_duration=3600,
                    days=frozenset({0, 6}),
                    reservation=Reservation.RESERVATION,
                ),
            ),
        ),
        min_price=PriceLimit(Decimal(1), Decimal("1.23")),
        max_price=PriceLimit(Decimal(20), Decimal("24.6")),
        tax_included=TaxIncluded.YES,
        start=datetime(2026, 1, 1, tzinfo=UTC),
        end=datetime(2027, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "elements",
    [
        None,
        "none",
        [None, 7],
        [{"price_components": [{"type": "ENERGY", "price": 1}], "restrictions": {"booking": "BOOKING"}}],
    ],
)
def test_what_is_no_element_is_left_out(elements):
    assert tariff_from_wire({"currency": "EUR", "elements": elements}).elements == ()


@pytest.mark.parametrize(
    "part",
    [
        None,
        "ENERGY",
        {},
        {"type": "WEIGHT", "price": 1},
        {"type": "ENERGY"},
        {"type": "ENERGY", "price": "cheap"},
        {"type": "ENERGY", "price": True},
        {"type": "ENERGY", "price": "NaN"},
    ],
)
def test_what_is_no_price_is_left_out(part):
    good = {"type": "FLAT", "price": " 2.00 ", "step_size": None}
    raw = {"currency": "EUR", "elements": [{"price_components": [part, good]}]}
    assert tariff_from_wire(raw).elements == (
        Element((PriceComponent(Dimension.FLAT, Decimal("2.00")),), NO_RESTRICTIONS),
    )


def test_what_is_no_restriction_is_left_out():
    restrictions = {
        "start_time": "late",
        "end_date": "never",
        "min_kwh": "some",
        "max_duration": [],
        "day_of_week": None,
        "reservation": "PERHAPS",
        "weather": "SUNNY",
    }
    raw = {
        "currency": "EUR",
        "elements": [
            {"price_components": [{"type": "TIME", "price": 1, "step_size": 0}], "restrictions": restrictions}
        ],
    }
    assert tariff_from_wire(raw).elements == (
        Element((PriceComponent(Dimension.TIME, Decimal(1), 0),), NO_RESTRICTIONS),
    )


@pytest.mark.parametrize("raw", [{}, {"currency": None}, {"currency": "EURO"}])
def test_no_tariff_without_a_currency(raw):
    with pytest.raises(ValueError, match="no currency code"):
        tariff_from_wire(raw)
