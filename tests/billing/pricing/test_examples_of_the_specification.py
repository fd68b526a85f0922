"""The sessions that OCPI 2.2.1 and 2.3.0 calculate in their text, with the results that they give."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.pricing import Dimension, Tariff, price
from tests.billing.pricing.build import BRATISLAVA, MONDAY, component, cost_of, element, hours, period, tariff

ENERGY = component("ENERGY", 0.25, vat=10.0)
START_FEE = component("FLAT", 0.5, vat=20.0)
SATURDAY = datetime(2026, 3, 7, 12, 30, tzinfo=UTC)  # 13:30 in Bratislava
LONG_PERIODS = period(0, energy=20, time=2)


@pytest.mark.parametrize(
    ("kwh", "expected"), [(20, ("5.00", "5.50")), ("0.1152", ("0.03", "0.03")), (0, ("0.00", "0.00"))]
)
def test_energy_only(kwh: str | int, expected: tuple[str, str]) -> None:
    assert cost_of(tariff(element(ENERGY)), period(energy=kwh)) == expected


def test_energy_and_start_fee() -> None:
    assert cost_of(tariff(element(START_FEE, ENERGY)), LONG_PERIODS) == ("5.50", "6.10")


@pytest.mark.parametrize(
    ("kwh", "expected"), [(20, ("5.00", "5.50")), ("1.9", ("0.50", "0.55")), (0, ("0.50", "0.55"))]
)
def test_minimum_price(kwh: str | int, expected: tuple[str, str]) -> None:
    limited = tariff(element(ENERGY), min_price={"excl_vat": 0.5, "incl_vat": 0.55})
    assert cost_of(limited, period(energy=kwh)) == expected


@pytest.mark.parametrize(("kwh", "expected"), [(50, ("10.00", "11.00")), (30, ("8.00", "8.85"))])
def test_maximum_price(kwh: int, expected: tuple[str, str]) -> None:
    limited = tariff(element(START_FEE, ENERGY), max_price={"excl_vat": 10, "incl_vat": 11})
    assert cost_of(limited, period(energy=kwh)) == expected


def test_parking_is_billed_in_blocks_of_a_quarter() -> None:
    with_parking = tariff(element(START_FEE, ENERGY, component("PARKING_TIME", 2, 900, 20.0)))
    periods = [period(0, energy=20, time=2), period(120, parking_time=hours(40))]
    assert cost_of(with_parking, *periods) == ("7.00", "7.90")


def test_charging_time_only() -> None:
    assert cost_of(tariff(element(component("TIME", 2, 60, 10.0))), period(time=2.5)) == ("5.00", "5.50")


def test_charging_time_then_dearer_parking() -> None:
    both = tariff(element(component("TIME", 3, 60, 10.0), component("PARKING_TIME", 5, 300, 20.0)))
    periods = [period(0, time=2.5), period(150, parking_time=hours(42))]
    assert cost_of(both, *periods) == ("11.25", "12.75")


def test_an_odd_vat_rate() -> None:
    assert cost_of(tariff(element(component("TIME", 1.9, 300, 5.2))), period(time=2.5)) == ("4.75", "5.00")


def test_energy_in_blocks_of_100_wh() -> None:
    blocks = tariff(element(START_FEE, component("ENERGY", 0.25, 100, 10.0)))
    assert cost_of(blocks, period(energy="20.45")) == ("5.63", "6.24")


WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
COMPLEX = tariff(
    element(component("FLAT", 2.5, vat=15.0)),
    element(component("TIME", 1, 900, 20.0), max_current=32.0),
    element(component("TIME", 2, 600, 20.0), min_current=32.0, day_of_week=WEEKDAYS),
    element(component("TIME", 1.25, 600, 20.0), min_current=32.0, day_of_week=["SATURDAY", "SUNDAY"]),
    element(component("PARKING_TIME", 5, 300, 10.0), start_time="09:00", end_time="18:00", day_of_week=WEEKDAYS),
    element(component("PARKING_TIME", 6, 300, 10.0), start_time="10:00", end_time="17:00", day_of_week=["SATURDAY"]),
)


def test_complex_on_a_monday_at_16_amperes() -> None:
    cost = price(
        COMPLEX,
        [period(0, time=hours(165), max_current=16), period(165, parking_time=hours(42))],
        zone=BRATISLAVA,
    )
    assert (str(cost.excl), str(cost.incl)) == ("9.00", "10.30")
    assert [line.text for line in cost.lines] == [
        "Fee per session 2.50 EUR",
        "Charging time 2 h 45 min at 1.00 EUR/h = 2.75 EUR",
        "Parking time 45 min at 5.00 EUR/h = 3.75 EUR",
    ]
    assert [line.dimension for line in cost.lines] == [
        Dimension.FLAT,
        Dimension.TIME,
        Dimension.PARKING_TIME,
    ]


def test_complex_on_a_saturday_at_43_amperes() -> None:
    periods = [
        period(0, at=SATURDAY, time=hours(114), min_current=43),
        period(114, at=SATURDAY, parking_time=hours(71)),
    ]
    # The specification's text says 12.28 and 13.86: it takes 1.9 h at 1.25 EUR for 2.28 EUR, which is 2.375.
    assert cost_of(COMPLEX, *periods) == ("12.38", "13.98")


STEPS = tariff(
    element(component("TIME", 1.2, 1800), component("PARKING_TIME", 1, 900), start_time="00:00", end_time="17:00"),
    element(component("TIME", 2.4, 900), component("PARKING_TIME", 1, 900), start_time="17:00", end_time="20:00"),
    element(component("TIME", 2.4, 900), start_time="20:00", end_time="00:00"),
)


def local(hour: int, minute: int) -> datetime:
    return datetime(2026, 3, 2, hour, minute, tzinfo=BRATISLAVA)


def test_steps_parking_after_a_change_of_price() -> None:
    periods = [
        period(at=local(16, 55), time=hours(5)),
        period(at=local(17, 0), time=hours(5)),
        period(at=local(17, 5), parking_time=hours(2)),
    ]
    assert cost_of(STEPS, *periods)[0] == "0.55"


def test_steps_count_for_the_session_and_not_for_each_price() -> None:
    periods = [period(at=local(16, 35), time=hours(25)), period(at=local(17, 0), time=hours(10))]
    cost = price(STEPS, periods, zone=BRATISLAVA)
    assert str(cost.excl) == "1.30"
    assert [line.text for line in cost.lines] == [
        "Charging time 25 min at 1.20 EUR/h = 0.50 EUR",
        "Charging time 20 min at 2.40 EUR/h = 0.80 EUR",
    ]


def test_steps_of_the_last_time_that_costs_something() -> None:
    periods = [
        period(at=local(19, 40), time=hours(12)),
        period(at=local(19, 52), parking_time=hours(8)),
        period(at=local(20, 0), parking_time=hours(12)),
    ]
    assert cost_of(STEPS, *periods)[0] == "0.73"


@pytest.mark.parametrize(
    ("first", "second", "billed"), [("4.3", "1.1", "1.18"), ("4.3", "1.2", "1.18"), ("4.3", "1.7", "1.32")]
)
def test_energy_steps_count_the_total(first: str, second: str, billed: str) -> None:
    rising = tariff(
        element(component("ENERGY", 0.2, 500), end_time="17:00"),
        element(component("ENERGY", 0.27, 500), start_time="17:00"),
    )
    periods = [period(at=local(16, 0), energy=first), period(at=local(17, 0), energy=second)]
    assert cost_of(rising, *periods)[0] == billed


def test_time_steps_count_the_total() -> None:
    rising = tariff(
        element(component("TIME", 5, 600), end_time="17:00"),
        element(component("TIME", 7, 600), start_time="17:00"),
    )
    periods = [period(at=local(16, 54), time=0.1), period(at=local(17, 0), time=hours(22))]
    assert cost_of(rising, *periods)[0] == "3.30"  # 6 min at 5.00 an hour, 24 min at 7.00


def test_charging_before_parking_is_not_rounded() -> None:
    both = tariff(element(component("TIME", 1, 600), component("PARKING_TIME", 2, 600)))
    cost = price(both, [period(0, time=0.35), period(21, parking_time=hours(16))])
    assert [line.text for line in cost.lines] == [
        "Charging time 21 min at 1.00 EUR/h = 0.35 EUR",
        "Parking time 20 min at 2.00 EUR/h = 0.67 EUR",
    ]


@pytest.mark.parametrize(("kw_and_kwh", "expected"), [([(6, 1), (48, 40), (4, "0.5")], "20.30"), ([(16, 1)], "0.35")])
def test_power_bands(kw_and_kwh: Any, expected: str) -> None:
    bands = tariff(
        element(component("ENERGY", 0.2), max_power=16.0),
        element(component("ENERGY", 0.35), max_power=32.0),
        element(component("ENERGY", 0.5)),
    )
    periods = [period(10 * n, energy=kwh, min_power=kw, max_power=kw) for n, (kw, kwh) in enumerate(kw_and_kwh)]
    assert cost_of(bands, *periods)[0] == expected


def test_the_first_half_hour_is_free() -> None:
    free_first = tariff(
        element(component("ENERGY", 0), max_duration=1800),
        element(component("ENERGY", 0.25), max_duration=3600),
        element(component("ENERGY", 0.4)),
    )
    periods = [period(0, energy=5), period(30, energy="1.2")]
    assert cost_of(free_first, *periods)[0] == "0.30"
    assert cost_of(free_first, *periods, period(60, energy=1))[0] == "0.70"


def test_the_first_kwh_and_the_first_hour_of_parking_are_free() -> None:
    first_free = tariff(
        element(component("PARKING_TIME", 0, 60), max_duration=3600),
        element(component("PARKING_TIME", 2, 60), min_duration=3600, max_duration=10800),
        element(component("PARKING_TIME", 3, 60), min_duration=10800),
        element(component("ENERGY", 0), max_kwh=1),
        element(component("ENERGY", 0.2), min_kwh=1),
    )
    periods = [
        period(0, energy=1, time=0.05),
        period(3, energy=19, time=0.95),
        period(60, parking_time=2),
        period(180, parking_time=0.75),
    ]
    assert cost_of(first_free, *periods)[0] == "10.05"  # 19 kWh, 2 h at 2.00, 45 min at 3.00


RESERVED = MONDAY - timedelta(minutes=60)


def reservation_tariff(*reservation: Any) -> Tariff:
    return tariff(*reservation, element(START_FEE), element(ENERGY))


FEE_AND_TIME = (element(component("FLAT", 2, vat=20.0), component("TIME", 5, 300, 20.0), reservation="RESERVATION"),)
EXPIRY_FEE = (
    element(component("FLAT", 4, vat=20.0), reservation="RESERVATION_EXPIRES"),
    element(component("TIME", 2, 600, 20.0), reservation="RESERVATION"),
)
EXPIRY_TIME = (
    element(component("TIME", 3, 600, 20.0), reservation="RESERVATION"),
    element(component("TIME", 6, 600, 20.0), reservation="RESERVATION_EXPIRES"),
)


@pytest.mark.parametrize(
    ("elements", "minutes", "expected"),
    [
        ((element(component("TIME", 5, 60, 20.0), reservation="RESERVATION"),), 15, ("6.75", "7.60")),
        (FEE_AND_TIME, 13, ("8.75", "10.00")),
        (EXPIRY_FEE, 22, ("6.50", "7.30")),
        (EXPIRY_TIME, 22, ("7.00", "7.90")),
    ],
)
def test_a_reservation_that_was_used(elements: Any, minutes: int, expected: tuple[str, str]) -> None:
    periods = [period(at=RESERVED, reservation_time=hours(minutes)), period(energy=20)]
    assert cost_of(reservation_tariff(*elements), *periods) == expected


@pytest.mark.parametrize(
    ("elements", "minutes", "expected"), [(EXPIRY_FEE, 60, ("6.00", "7.20")), (EXPIRY_TIME, 90, ("9.00", "10.80"))]
)
def test_a_reservation_that_expired(
    elements: tuple[dict[str, Any], dict[str, Any]], minutes: int, expected: tuple[str, str]
) -> None:
    periods = [period(at=RESERVED, reservation_time=hours(minutes))]
    assert cost_of(reservation_tariff(*elements), *periods, reservation_expired=True) == expected


def test_taxes_that_come_on_top_at_an_unknown_rate() -> None:
    north_american = tariff(element(component("TIME", 2, 60)), currency="CAD", tax_included="NO")
    assert cost_of(north_american, period(time=2.5)) == ("5.00", None)


def test_taxes_that_are_included_at_an_unknown_rate() -> None:
    north_american = tariff(element(component("TIME", 2.1)), currency="CAD", tax_included="YES")
    assert cost_of(north_american, period(time=2.5)) == (None, "5.25")
