"""The one reader: tariffs and charging periods from the parsed wire, with everything that CPOs get wrong."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.pricing import (
    ChargingPeriod,
    Dimension,
    Element,
    PriceComponent,
    PriceLimit,
    Reservation,
    Restrictions,
    Tariff,
    TaxIncluded,
    carried_tariff,
    periods_of,
    periods_of_cdr,
    price,
    tariff_of,
)
from ocpi.versions import VERSIONS
from tests.billing.pricing.build import component, element, tariff, wire
from tests.factories import cdr_data, session_data

FULL = wire(
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
            "day_of_week": ["MONDAY", "SUNDAY"],
            "reservation": "RESERVATION",
        },
    },
    currency="eur",
    type="AD_HOC_PAYMENT",
    start_date_time="2026-01-01T00:00:00Z",
    end_date_time="2027-01-01T00:00:00Z",
    min_price={"before_taxes": 1, "after_taxes": 1.23},
    max_price={"before_taxes": 20, "after_taxes": 24.6},
    tax_included="YES",
)


@pytest.mark.parametrize("vat", [-50, -0.01, 100.01, 1000, 9e14])
def test_a_vat_that_is_no_share_is_not_understood(vat: float) -> None:
    """What a driver would pay is not known; the element is no price without tax."""
    found = tariff(
        element(component("ENERGY", 1, vat=23)), element(component("TIME", 1), component("FLAT", 1, vat=vat))
    )
    assert found.unreadable == ("elements[1].price_components[1].vat",)
    assert len(found.elements) == 1


@pytest.mark.parametrize("vat", [0, 27, 100])
def test_a_vat_of_a_share_is_read(vat: int) -> None:
    assert tariff(element(component("ENERGY", 1, vat=vat))).unreadable == ()


def test_it_reads_everything() -> None:
    assert tariff_of(VERSIONS["2.3.0"].parse("tariff", FULL).obj) == Tariff(
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


@pytest.mark.parametrize("version", ["2.1.1", "2.2", "2.2.1", "2.3.0"])
@pytest.mark.parametrize(
    ("told", "read"),
    [
        ({"start_time": "7:00", "end_time": "24:00"}, Restrictions(start_time=time(7), end_time=time(0))),
        ({"day_of_week": ["monday"]}, Restrictions(days=frozenset({0}))),
        ({"day_of_week": "MONDAY"}, Restrictions(days=frozenset({0}))),
        ({"min_kwh": "10,5"}, Restrictions(min_kwh=Decimal("10.5"))),
        ({"min_current": 16}, Restrictions(min_current=Decimal(16))),
        ({"start_time": "", "min_kwh": None, "day_of_week": []}, Restrictions()),
    ],
)
def test_what_the_wire_heals_is_what_is_priced(version: str, told: Any, read: Restrictions) -> None:
    fields = {"tax_included": "NO"} if version == "2.3.0" else {}
    found = tariff(element(component("ENERGY", 1), **told), version=version, **fields)
    assert ([one.restrictions for one in found.elements], found.unreadable) == ([read], ())


@pytest.mark.parametrize(
    ("odd", "path"),
    [
        (element(component("ENERGY", 9), day_of_week=["MONDAY", "SOMEDAY"]), "restrictions.day_of_week"),
        (element(component("ENERGY", 9), reservation="PERHAPS"), "restrictions.reservation"),
        (element(component("ENERGY", 9), weather="SUNNY"), "restrictions.weather"),
        (element(component("WEIGHT", 9)), "price_components[0].type"),
    ],
)
def test_an_element_that_is_not_understood_is_never_unrestricted(odd: dict[str, Any], path: str) -> None:
    found = tariff(element(component("ENERGY", 1)), odd)
    assert found.elements == (Element((PriceComponent(Dimension.ENERGY, Decimal(1)),)),)
    assert found.unreadable == (f"elements[1].{path}",)
    with pytest.raises(ValueError, match="cannot be read"):
        price(found, [])


def test_whether_taxes_are_included_is_part_of_the_price() -> None:
    assert tariff(element(component("ENERGY", 1)), tax_included="MAYBE").unreadable == ("tax_included",)


def test_prices_of_bookings_are_none_of_an_ad_hoc_charge() -> None:
    found = tariff(element(component("ENERGY", 9), booking="BOOKING"), tax_included="NO")
    assert (found.elements, found.unreadable) == ((), ())


def test_no_tariff_without_a_currency() -> None:
    with pytest.raises(ValueError, match="no currency code"):
        tariff(element(component("ENERGY", 1)), currency="E1R")


BEGIN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def stamp(minutes: float) -> str:
    return f"{BEGIN + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


def told(minutes: float, *dimensions: tuple[str, float]) -> dict[str, Any]:
    return {
        "start_date_time": stamp(minutes),
        "dimensions": [{"type": kind, "volume": volume} for kind, volume in dimensions],
    }


def of_cdr(*periods: dict[str, Any], version: str = "2.2.1", **fields: Any) -> list[tuple[float, dict[str, float]]]:
    """(minute, volumes) of each period of a CDR from minute 0 to 60."""
    data = cdr_data(start_date_time=stamp(0), end_date_time=stamp(60), charging_periods=list(periods), **fields)
    found = periods_of_cdr(VERSIONS[version].parse("cdr", data).obj)
    minutes = [(one.start - BEGIN).total_seconds() / 60 for one in found]
    return [
        (minute, {name: float(volume) for name, volume in one.dimensions.items()})
        for minute, one in zip(minutes, found, strict=True)
    ]


def test_a_dimension_that_is_told_twice_counts_twice() -> None:
    assert of_cdr(told(0, ("ENERGY", 4), ("ENERGY", 6), ("TIME", 1))) == [(0, {"ENERGY": 10, "TIME": 1})]


def test_periods_are_in_order_of_time() -> None:
    assert [at for at, _ in of_cdr(told(30, ("TIME", 0.5)), told(0, ("TIME", 0.5)), total_energy=1)] == [0, 30]


def test_energy_that_only_the_total_tells_goes_to_where_it_was_charging() -> None:
    periods = (told(0, ("TIME", 0.25)), told(15, ("TIME", 0.5)), told(45, ("PARKING_TIME", 0.25)))
    assert of_cdr(*periods, total_energy=9) == [
        (0, {"TIME": 0.25, "ENERGY": 3}),
        (15, {"TIME": 0.5, "ENERGY": 6}),
        (45, {"PARKING_TIME": 0.25, "ENERGY": 0}),
    ]
    assert of_cdr(told(0, ("PARKING_TIME", 1)), total_energy=9) == [(0, {"PARKING_TIME": 1, "ENERGY": 9})]


def test_a_time_that_no_period_tells_is_how_long_it_lasted() -> None:
    assert of_cdr(told(0, ("ENERGY", 5)), told(30, ("ENERGY", 0)), told(45, ("ENERGY", 1))) == [
        (0, {"ENERGY": 5, "TIME": 0.5}),
        (30, {"ENERGY": 0, "PARKING_TIME": 0.25}),
        (45, {"ENERGY": 1, "TIME": 0.25}),
    ]


def test_of_one_period_without_a_time_the_totals_tell() -> None:
    one = told(0, ("ENERGY", 5))
    assert of_cdr(one, total_time=1, total_parking_time=0.25) == [
        (0, {"ENERGY": 5, "TIME": 0.75, "PARKING_TIME": 0.25})
    ]
    assert of_cdr(one, total_time=1) == [(0, {"ENERGY": 5, "TIME": 1, "PARKING_TIME": 0})]


def test_a_sessions_periods_stand_as_they_are() -> None:
    data = session_data(charging_periods=[told(0, ("ENERGY", 5), ("POWER", 11))])
    found = periods_of(VERSIONS["2.2.1"].parse("session", data).obj.charging_periods)
    assert found == (ChargingPeriod(BEGIN, {"ENERGY": Decimal(5), "POWER": Decimal(11)}),)


@pytest.mark.parametrize(
    ("ids", "named", "found"),
    [
        (["T1"], None, "T1"),
        (["T1", "T2"], None, None),
        (["T1", "T2"], "t2", "T2"),
        (["T1"], "T3", None),
        ([], None, None),
    ],
)
def test_the_tariff_in_a_cdr_is_the_one_that_its_periods_name(ids: Any, named: str | None, found: str | None) -> None:
    period = told(0, ("ENERGY", 5)) | {"tariff_id": named}
    tariffs = [wire(element(component("ENERGY", 1)), id=one) for one in ids]
    cdr = VERSIONS["2.2.1"].parse("cdr", cdr_data(charging_periods=[period], tariffs=tariffs)).obj
    one = carried_tariff(cdr)
    assert (one and one.id) == found


def test_periods_of_several_tariffs_are_priced_by_none_of_them() -> None:
    periods = [told(0, ("ENERGY", 5)) | {"tariff_id": "T1"}, told(30, ("ENERGY", 5)) | {"tariff_id": "T2"}]
    tariffs = [wire(element(component("ENERGY", 1)), id="T1")]
    cdr = VERSIONS["2.2.1"].parse("cdr", cdr_data(charging_periods=periods, tariffs=tariffs)).obj
    assert carried_tariff(cdr) is None
