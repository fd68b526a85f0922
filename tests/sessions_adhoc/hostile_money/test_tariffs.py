"""Tariffs with traps: what the driver was shown is the most that is taken, whatever the CDR's periods say (32, 35)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.sessions_adhoc.conftest import BEGINNING, stamp
from tests.sessions_adhoc.hostile_money.conftest import HELD, RELEASED, Charge, element, evidence, period, taken

pytestmark = pytest.mark.django_db


def test_a_tariff_that_changed_after_the_start(old_and_new: Charge) -> None:
    old_and_new.publish()
    old_and_new.start()
    old_and_new.publish(element("ENERGY", 4.9), last_updated=stamp(BEGINNING + timedelta(seconds=1)))
    old_and_new.meter(0)
    old_and_new.cpo.clock.forward(minutes=1)
    old_and_new.meter(5)
    old_and_new.meter(5, "COMPLETED")
    old_and_new.cpo.clock.forward(seconds=1)
    old_and_new.bill(30.14, tariffs=[old_and_new.tariff(element("ENERGY", 4.9))])
    assert old_and_new.now()[:3] == ("settled", taken(301), [("claim", 2713)])


def test_a_tariff_in_the_cdr_does_not_replace_the_one_shown(old_and_new: Charge) -> None:
    old_and_new.publish()
    old_and_new.charge(5)
    old_and_new.bill(30.14, tariffs=[old_and_new.tariff(element("ENERGY", 4.9))])
    assert old_and_new.now()[:3] == ("settled", taken(301), [("claim", 2713)])


def test_a_tariff_in_the_cdr_is_no_licence_where_none_was_shown(charge_221: Charge) -> None:
    charge_221.charge(5)
    charge_221.bill(30.14, tariffs=[charge_221.tariff(element("ENERGY", 4.9))])
    assert charge_221.now()[:3] == ("escalated", HELD, [])


def test_a_negative_price_pays_nobody(old_and_new: Charge) -> None:
    old_and_new.publish(element("ENERGY", -1))
    old_and_new.charge(5)
    old_and_new.bill(3.01)
    assert old_and_new.now()[:3] == ("settled", RELEASED, [("claim", 301)])
    old_and_new.quiet()


def test_a_free_charger_takes_nothing(charge_221: Charge) -> None:
    charge_221.publish(element("ENERGY", 0))
    charge_221.charge(5)
    charge_221.bill(3.01)
    assert charge_221.now()[:3] == ("settled", RELEASED, [("claim", 301)])


def test_a_flat_fee_is_owed_once(old_and_new: Charge) -> None:
    """1.00 for the start and 0.49 per kWh, without VAT: 4.24. The CPO asks the fee for each of ten periods."""
    old_and_new.publish(
        element("FLAT", 1), element("ENERGY", 0.49)
    ) if old_and_new.version != "2.1.1" else old_and_new.publish(
        {"price_components": [component("FLAT", 1), component("ENERGY", 0.49)]}
    )
    old_and_new.charge(5)
    old_and_new.bill(15.31, charging_periods=[period(n / 10, ENERGY=0.5) for n in range(10)])
    assert old_and_new.now()[:3] == ("settled", taken(424), [("claim", 1107)])


def component(kind: str, price: float, step_size: int = 1) -> dict[Any, Any]:
    return {"type": kind, "price": price, "step_size": step_size}


FREE_FIRST = (element("ENERGY", 0, max_duration=1800), element("ENERGY", 0.49))


def test_a_free_first_half_hour_is_free(charge_221: Charge) -> None:
    """5 kWh in 40 minutes, 1.25 of them after the half hour: 0.75."""
    charge_221.publish(*FREE_FIRST)
    charge_221.charge(5, minutes=40)
    periods = [period(0, ENERGY=3.75), period(30, ENERGY=1.25)]
    charge_221.bill(3.01, charging_periods=periods)
    assert charge_221.now()[:3] == ("settled", taken(75), [("claim", 226)])


def test_a_free_first_half_hour_billed_as_it_was(charge_221: Charge) -> None:
    charge_221.publish(*FREE_FIRST)
    charge_221.charge(5, minutes=40)
    charge_221.bill(0.75, charging_periods=[period(0, ENERGY=3.75), period(30, ENERGY=1.25)])
    assert charge_221.now() == ("settled", taken(75), [], [])


IDLE = {"price_components": [component("ENERGY", 0.49), component("PARKING_TIME", 6)]}


def test_an_idle_fee_is_taken_where_it_was_shown(old_and_new: Charge) -> None:
    """12 minutes at 6.00 per hour: 1.20, and 2.45 for the energy, without VAT: 4.49."""
    old_and_new.publish(IDLE)
    parks(old_and_new, charging=28, parked=12)
    old_and_new.bill(4.49, charging_periods=[period(0, ENERGY=5, TIME=0.4667), period(28, PARKING_TIME=0.2)])
    assert old_and_new.now() == ("settled", taken(449), [], [])


def parks(charge: Charge, charging: int, parked: int, kwh: float = 5) -> None:
    """Charges for so many minutes, and is parked for as many; a sample every two minutes."""
    charge.once(("parks", charging, parked, kwh), lambda: _parks(charge, charging, parked, kwh))


def _parks(charge: Charge, charging: int, parked: int, kwh: float) -> None:
    charge.start()
    charge.meter(0)
    for minute in range(2, charging + parked + 1, 2):
        charge.cpo.clock.forward(minutes=2)
        charge.meter(round(kwh * min(minute / charging, 1), 4))
    charge.meter(kwh, "COMPLETED")
    charge.cpo.clock.forward(seconds=1)


WRONG_IDLE: dict[str, tuple[list[tuple[int, dict[str, float]]], int, int]] = {
    # periods of the CDR: the price that they make, and what the meter makes of it (all gross)
    "of the whole charge": ([(0, {"ENERGY": 5, "PARKING_TIME": 0.6667})], 793, 449),
    "of the second half": ([(0, {"ENERGY": 3, "TIME": 0.3333}), (20, {"ENERGY": 2, "PARKING_TIME": 0.3333})], 547, 449),
    "without a time": ([(0, {"ENERGY": 5, "TIME": 0}), (0, {"PARKING_TIME": 0.6667})], 793, 449),
}


@pytest.mark.parametrize("name", WRONG_IDLE)
def test_no_idle_fee_is_taken_while_energy_flows(old_and_new: Charge, name: str) -> None:
    """28 minutes of charging by the meter, and 12 of parking: 4.49."""
    told, asked, right = WRONG_IDLE[name]
    old_and_new.publish(IDLE)
    parks(old_and_new, charging=28, parked=12)
    old_and_new.bill(asked / 100, charging_periods=[period(at, **volumes) for at, volumes in told])
    where, money, owed, _incidents = old_and_new.now()
    assert (where, owed) == ("settled", [("claim", asked - money.captured)])
    assert abs(money.captured - right) <= 15, "the meter told it every two minutes"
    assert "that it calls parking the meter shows energy" in evidence()
    old_and_new.quiet()


def test_a_charge_without_any_idle_time(old_and_new: Charge) -> None:
    """All of it is charging by the meter, and parking by the CDR: 2.45 net, and a cent for the last seconds."""
    old_and_new.publish(IDLE)
    parks(old_and_new, charging=40, parked=0)
    old_and_new.bill(7.93, charging_periods=[period(0, ENERGY=5, PARKING_TIME=0.6667)], total_parking_time=0.6667)
    assert old_and_new.now()[:3] == ("settled", taken(302), [("claim", 491)])


def test_idle_time_of_a_meter_that_was_silent_is_believed(old_and_new: Charge) -> None:
    """Little was told between the first minute and the end: the rest may have come in two minutes more."""
    old_and_new.publish(IDLE)
    old_and_new.start()
    for kwh, minutes in ((0, 1), (0.5, 28), (5, 0)):
        old_and_new.meter(kwh)
        old_and_new.cpo.clock.forward(minutes=minutes)
    old_and_new.meter(5, "COMPLETED")
    old_and_new.cpo.clock.forward(seconds=1)
    old_and_new.bill(4.49, charging_periods=[period(0, ENERGY=5, TIME=0.2833), period(17, PARKING_TIME=0.2)])
    assert old_and_new.now() == ("settled", taken(449), [], [])


def test_a_trickle_is_no_charging(charge_221: Charge) -> None:
    """A full car draws 0.3 kW to keep warm: parked, as the CDR says."""
    charge_221.publish(IDLE)
    charge_221.start()
    charge_221.meter(0)
    for minute in range(2, 41, 2):
        charge_221.cpo.clock.forward(minutes=2)
        charge_221.meter(round(5 * minute / 20 if minute <= 20 else 5 + (minute - 20) * 0.005, 4))
    charge_221.meter(5.1, "COMPLETED")
    charge_221.cpo.clock.forward(seconds=1)
    charge_221.bill(
        5.53, charging_periods=[period(0, ENERGY=5, TIME=0.3333), period(20, ENERGY=0.1, PARKING_TIME=0.3333)]
    )
    assert charge_221.now() == ("settled", taken(553), [], [])


@pytest.mark.parametrize("hours", [10])
def test_more_idle_hours_than_the_session_has(charge_221: Charge, hours: int) -> None:
    """Periods that last longer than the Session are not believed: nothing is left of them but the energy, 3.01."""
    charge_221.publish(IDLE)
    charge_221.charge(5, minutes=40)
    charge_221.bill(39.99, charging_periods=[period(0, ENERGY=5), period(28, PARKING_TIME=hours)])
    assert charge_221.now()[:3] == ("settled", taken(301), [("claim", 3698)])
    assert evidence()


def test_idle_hours_of_an_energy_tariff_cost_nothing(charge_221: Charge) -> None:
    charge_221.publish()
    charge_221.charge(5)
    charge_221.bill(39.99, charging_periods=[period(0, ENERGY=5), period(1, PARKING_TIME=0.01)])
    assert charge_221.now()[:3] == ("settled", taken(301), [("claim", 3698)])


@pytest.mark.parametrize(("kwh", "gross"), [(5.3, 362), (6, 362)])
def test_a_step_of_a_kilowatt_hour_rounds_up(charge_221: Charge, kwh: float, gross: int) -> None:
    charge_221.publish(element("ENERGY", 0.49, step_size=1000))
    charge_221.charge(kwh)
    charge_221.bill(gross / 100)
    assert charge_221.now() == ("settled", taken(gross), [], [])


@pytest.mark.parametrize("step", [0, -1000])
def test_a_step_that_is_none(charge_221: Charge, step: int) -> None:
    charge_221.publish(element("ENERGY", 0.49, step_size=step), expected=1000 if step == 0 else 2001)
    charge_221.charge(5)
    charge_221.bill(30.14)
    right = ("settled", taken(301), [("claim", 2713)])
    assert charge_221.now()[:3] == (right if step == 0 else ("escalated", HELD, []))


def limit(charge: Charge, net: float, gross: float) -> dict[Any, Any]:
    return (
        {"before_taxes": net, "after_taxes": gross}
        if charge.version == "2.3.0"
        else {"excl_vat": net, "incl_vat": gross}
    )


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
def test_never_more_than_the_highest_price(charge_over: Callable[..., Charge], version: str) -> None:
    charge = charge_over(version)
    charge.publish(max_price=limit(charge, 1.63, 2.00))
    charge.charge(5)
    charge.bill(3.01)
    assert charge.now()[:3] == ("settled", taken(200), [("claim", 101)])


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
def test_the_lowest_price_is_owed_and_no_more(charge_over: Callable[..., Charge], version: str) -> None:
    charge = charge_over(version)
    charge.publish(min_price=limit(charge, 4.07, 5.00))
    charge.charge(1)
    charge.bill(9.00)
    assert charge.now()[:3] == ("settled", taken(500), [("claim", 400)])


THRESHOLD = (element("ENERGY", 0, max_kwh=2), element("ENERGY", 0.49, min_kwh=2))


def test_the_first_two_kilowatt_hours_are_free(old_and_new: Charge) -> None:
    """3 kWh at 0.6027."""
    old_and_new.publish(*THRESHOLD)
    old_and_new.charge(5)
    old_and_new.bill(3.01, charging_periods=[period(0, ENERGY=2), period(1, ENERGY=3)])
    assert old_and_new.now()[:3] == ("settled", taken(181), [("claim", 120)])


def test_a_threshold_is_met_within_the_wires_rounding(charge_221: Charge) -> None:
    charge_221.publish(*THRESHOLD)
    charge_221.charge(5)
    charge_221.bill(1.81, charging_periods=[period(0, ENERGY=1.99995), period(1, ENERGY=3.00005)])
    assert charge_221.now() == ("settled", taken(181), [], [])


def test_a_restriction_that_cannot_be_read_opens_no_price(charge_221: Charge) -> None:
    """The dear element is never unrestricted: nobody was shown its price, so only what is usual is taken."""
    charge_221.publish(element("ENERGY", 9, day_of_week=["SOMEDAY"], start_time="late"), expected=2001)
    charge_221.charge(5)
    charge_221.bill(55.35)
    assert charge_221.now()[:3] == ("escalated", HELD, [])
    assert evidence()


def test_times_moved_into_the_dear_hours(old_and_new: Charge) -> None:
    """It is 14:00 in Bratislava: 0.49. From 20:00 it is 4.90, says the tariff, and 22:00, says the CDR alone."""
    old_and_new.publish(element("ENERGY", 4.9, start_time="20:00", end_time="23:59"), element("ENERGY", 0.49))
    old_and_new.charge(5)
    later = timedelta(hours=8)
    end = {"stop_date_time" if old_and_new.version == "2.1.1" else "end_date_time": stamp(old_and_new.end + later)}
    old_and_new.bill(30.14, start_date_time=stamp(BEGINNING + later), charging_periods=[period(480, ENERGY=5)], **end)
    assert old_and_new.now()[:3] == ("settled", taken(301), [("claim", 2713)])


def test_a_total_of_another_day_is_about_another_charge(charge_221: Charge) -> None:
    charge_221.publish()
    charge_221.charge(5)
    early = timedelta(days=-2)
    end = {"stop_date_time" if charge_221.version == "2.1.1" else "end_date_time": stamp(charge_221.end + early)}
    charge_221.bill(3.01, start_date_time=stamp(BEGINNING + early), charging_periods=[period(-2880, ENERGY=5)], **end)
    assert charge_221.now()[1:3] == (HELD, [])


def test_an_end_long_after_the_sessions(old_and_new: Charge) -> None:
    old_and_new.publish(IDLE)
    old_and_new.charge(5)
    end = {
        "stop_date_time" if old_and_new.version == "2.1.1" else "end_date_time": stamp(
            old_and_new.end + timedelta(hours=5)
        )
    }
    old_and_new.bill(39.99, charging_periods=[period(0, ENERGY=5), period(2, PARKING_TIME=5)], **end)
    assert old_and_new.now()[:3] == ("escalated", HELD, [])
    assert evidence()
