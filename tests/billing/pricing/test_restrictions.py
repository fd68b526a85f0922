"""When an element applies: local time across midnight and summer time, dates, days, flow, amounts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.pricing import ChargingPeriod, price, time_zone
from tests.billing.pricing.build import BRATISLAVA, MONDAY, component, cost_of, element, period, tariff

PRICE = component("ENERGY", 1)


def applies(moment: datetime, *, zone: Any = BRATISLAVA, **restrictions: Any) -> bool:
    """Whether an element so restricted prices a period that begins at that moment."""
    cost = price(tariff(element(PRICE, **restrictions)), [period(at=moment, energy=1)], zone=zone)
    return cost.excl == 1


def local(year: int, month: int, day: int, hour: int, minute: int) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=BRATISLAVA)


@pytest.mark.parametrize(
    ("start", "end", "inside", "outside"),
    [
        ("17:00", "20:00", ["17:00", "19:59"], ["16:59", "20:00"]),
        ("22:00", "06:00", ["22:00", "23:59", "00:00", "05:59"], ["06:00", "21:59"]),
        ("20:00", "00:00", ["20:00", "23:59"], ["19:59", "00:00"]),
        ("20:00", "24:00", ["20:00", "23:59"], ["19:59", "00:00"]),
        ("20:00", None, ["20:00", "23:59"], ["19:59", "00:00"]),
        (None, "06:00", ["00:00", "05:59"], ["06:00", "23:59"]),
        (None, "00:00", ["00:00", "12:00", "23:59"], []),
        ("12:00", "12:00", ["11:59", "12:00"], []),
    ],
)
def test_times_of_day(start: str | None, end: str | None, inside: list[str], outside: Any) -> None:
    for text in inside + outside:
        hour, minute = map(int, text.split(":"))
        moment = local(2026, 3, 2, hour, minute)
        assert applies(moment, start_time=start, end_time=end) is (text in inside), text


def test_times_are_local_to_the_charger_also_in_summer() -> None:
    summer = datetime(2026, 7, 1, 15, 30, tzinfo=UTC)
    winter = datetime(2026, 1, 1, 15, 30, tzinfo=UTC)
    assert applies(summer, start_time="17:00")
    assert not applies(winter, start_time="17:00")
    assert not applies(summer, start_time="17:00", zone=UTC)


def test_a_moment_without_a_zone_is_utc() -> None:
    assert applies(datetime(2026, 7, 1, 15, 30), start_time="17:00")  # noqa: DTZ001  the point of the test


def test_dates_include_the_first_and_exclude_the_last_day() -> None:
    dates = {"start_date": "2026-03-02", "end_date": "2026-03-04"}
    assert not applies(local(2026, 3, 1, 23, 59), **dates)
    assert applies(local(2026, 3, 2, 0, 0), **dates)
    assert applies(local(2026, 3, 3, 23, 59), **dates)
    assert not applies(local(2026, 3, 4, 0, 0), **dates)


def test_days_are_local() -> None:
    sunday_night = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)  # Monday 00:30 in Bratislava
    assert applies(sunday_night, day_of_week=["MONDAY"])
    assert not applies(sunday_night, day_of_week=["SUNDAY"])
    assert applies(sunday_night, day_of_week=[])


def test_all_restrictions_must_hold() -> None:
    assert applies(MONDAY, start_time="09:00", day_of_week=["MONDAY"])
    assert not applies(MONDAY, start_time="10:00", day_of_week=["MONDAY"])
    assert not applies(MONDAY, start_time="09:00", day_of_week=["TUESDAY"])


@pytest.mark.parametrize(
    ("bounds", "flow", "expected"),
    [
        ({"min_power": 10}, {"min_power": 10}, True),
        ({"min_power": 10}, {"min_power": 9, "max_power": 50}, False),
        ({"min_power": 10}, {"power": 10}, True),
        ({"min_power": 10}, {"max_power": 12}, True),
        ({"max_power": 10}, {"max_power": 10}, False),
        ({"max_power": 10}, {"max_power": "9.9"}, True),
        ({"max_power": 10}, {"min_power": 3}, True),
        ({"max_power": 10}, {"power": 11, "max_power": 9}, True),
        ({"min_power": 2}, {"time": "0.5"}, True),  # 1 kWh in half an hour
        ({"min_power": "2.1"}, {"time": "0.5"}, False),
        ({"min_power": 0}, {}, False),
        ({"max_power": 99}, {}, False),
        ({"min_current": 16, "max_current": 32}, {"current": 20}, True),
        ({"min_current": 16, "max_current": 32}, {"current": 32}, False),
        ({"min_current": 16}, {"power": 20}, False),
    ],
)
def test_power_and_current(bounds: Any, flow: Any, expected: bool) -> None:
    priced = tariff(element(PRICE, **bounds))
    assert cost_of(priced, period(energy=1, **flow))[0] == ("1.00" if expected else "0.00")


def test_energy_is_counted_from_the_start_of_the_session() -> None:
    bands = tariff(element(component("ENERGY", 1), min_kwh=10, max_kwh=20))
    periods = [period(10 * n, energy=5) for n in range(6)]
    assert cost_of(bands, *periods)[0] == "10.00"  # the third and the fourth


def test_periods_may_come_in_any_order() -> None:
    bands = tariff(element(component("ENERGY", 1), min_kwh=10, max_kwh=20))
    periods = [period(10 * n, energy=5 + n) for n in range(6)]
    assert cost_of(bands, *reversed(periods)) == cost_of(bands, *periods)


def test_duration_is_counted_from_the_start_of_charging_and_not_of_the_reservation() -> None:
    after_an_hour = tariff(element(component("ENERGY", 1), min_duration=3600))
    reserved = period(at=MONDAY - timedelta(hours=2), reservation_time=2)
    assert cost_of(after_an_hour, reserved, period(0, energy=5))[0] == "0.00"
    assert cost_of(after_an_hour, reserved, period(0, energy=5), period(60, energy=3))[0] == "3.00"


def test_each_dimension_finds_its_own_first_element() -> None:
    split = tariff(
        element(component("TIME", 6), max_power=10),
        element(component("ENERGY", 1), component("TIME", 3)),
    )
    assert cost_of(split, period(energy=2, time=1, power=5))[0] == "8.00"
    assert cost_of(split, period(energy=2, time=1, power=50))[0] == "5.00"


def test_the_session_fee_is_taken_once_and_is_the_one_of_the_start() -> None:
    fees = tariff(element(component("FLAT", 1), end_time="12:00"), element(component("FLAT", 2), start_time="12:00"))
    assert cost_of(fees, period(0, energy=1), period(240, energy=1), period(300, energy=1))[0] == "1.00"
    assert cost_of(fees, period(240, energy=1), period(300, energy=1))[0] == "2.00"


def test_a_dimension_without_a_price_costs_nothing() -> None:
    assert cost_of(tariff(element(PRICE)), period(time=3, parking_time=2, state_of_charge=80))[0] == "0.00"


def test_energy_given_back_is_not_paid_for() -> None:
    assert cost_of(tariff(element(PRICE)), period(0, energy=-5), period(10, energy=2))[0] == "2.00"


def test_a_period_knows_its_volumes() -> None:
    assert ChargingPeriod(MONDAY).volume("ENERGY") == 0
    assert not ChargingPeriod(MONDAY).is_reservation


@pytest.mark.parametrize(
    ("name", "fallback", "expected"),
    [
        ("Europe/Prague", "UTC", "Europe/Prague"),
        (None, "Europe/Bratislava", "Europe/Bratislava"),
        ("Europe/Nowhere", "UTC", "UTC"),
        ("../etc/passwd", "UTC", "UTC"),
        ("Europe", "UTC", "UTC"),
    ],
)
def test_a_zone_that_does_not_exist_is_replaced(name: str | None, fallback: str, expected: str) -> None:
    assert time_zone(name, fallback).key == expected


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        ({}, [0], []),
        ({"start_date_time": "2026-03-02T08:30:00Z"}, [0, 1], [-1]),
        ({"end_date_time": "2026-03-02T08:30:00"}, [-1], [0, 1]),
        ({"start_date_time": "", "end_date_time": None}, [-1, 0, 1], []),
    ],
)
def test_a_tariff_is_valid_from_its_start_until_before_its_end(bounds: Any, inside: list[int], outside: Any) -> None:
    valid = tariff(element(PRICE), **bounds)
    for hour in inside + outside:
        assert valid.is_active(MONDAY + timedelta(hours=hour)) is (hour in inside)


def test_thresholds_bear_what_four_decimals_lose() -> None:
    """A third of 10 kWh is 3.3333 on the wire: three of them are the 10 kWh that the CPO's meter counted."""
    thirds = [period(minutes, energy="3.3333") for minutes in (0, 10, 20)]
    dear = tariff(element(component("ENERGY", 9), min_kwh=10), element(component("ENERGY", 1)))
    assert price(dear, [*thirds, period(30, energy=1)]).excl == 19
    free = tariff(element(component("ENERGY", 0), max_kwh=10), element(component("ENERGY", 1)))
    assert price(free, [*thirds, period(30, energy=1)]).excl == 1


def test_durations_bear_what_whole_seconds_lose() -> None:
    later = tariff(element(component("ENERGY", 1), min_duration=1800))
    assert price(later, [period(energy=5), period(29.995, energy=1)]).excl == 1
    assert price(later, [period(energy=5), period(29.98, energy=1)]).excl == 0
