"""Clocks that are hours off, and CDRs that come by two ways: the same money (rules 26, 29, 31)."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from sessions_adhoc.engine.lifecycle import advance
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import BEGINNING, stamp
from tests.sessions_adhoc.hostile_money.conftest import HELD, Charge, element, period, taken

pytestmark = pytest.mark.django_db

DEAR_EVENING = (element("ENERGY", 4.9, start_time="20:00", end_time="23:59"), element("ENERGY", 0.49))


@pytest.mark.parametrize("hours", [-26, -0.5, 8])
def test_a_constant_clock_bills_as_a_right_one(old_and_new: Charge, hours: float) -> None:
    old_and_new.cpo.ahead = timedelta(hours=hours)
    old_and_new.publish()
    old_and_new.charge(5)
    begun = period(hours * 60, ENERGY=5)
    old_and_new.bill(3.01, charging_periods=[begun])
    assert old_and_new.now()[:3] == ("settled", taken(301), [])


def test_a_constant_clock_makes_no_evening_of_an_afternoon(old_and_new: Charge) -> None:
    """It is 14:00 in Bratislava; the CPO's clock says 22:00, where a kWh costs ten times as much."""
    old_and_new.cpo.ahead = timedelta(hours=8)
    old_and_new.publish(*DEAR_EVENING)
    old_and_new.charge(5)
    assert old_and_new.driver.call("GET", f"{old_and_new.session.pk}/").json()["money"]["estimated"] == 301
    old_and_new.bill(30.14, charging_periods=[period(480, ENERGY=5)])
    assert old_and_new.now()[:3] == ("settled", taken(301), [("claim", 2713)])


EVENING: dict[str, Any] = {"start_time": "14:05", "end_time": "23:59"}
LATE_PRICES = {
    # minutes that the clock is ahead; dear from 14:05 or until then; captured. It is 14:00 in Bratislava.
    "ahead into the dear hour": (10, (element("ENERGY", 4.9, **EVENING), element("ENERGY", 0.49)), 301),
    "ahead into the cheap hour": (10, (element("ENERGY", 0.049, **EVENING), element("ENERGY", 0.49)), 30),
    "behind, before the dear hour": (-10, (element("ENERGY", 4.9, end_time="14:00"), element("ENERGY", 0.49)), 301),
    "two hours and some minutes": (127, (element("ENERGY", 4.9, **EVENING), element("ENERGY", 0.49)), 301),
    "two hours behind and some": (-127, (element("ENERGY", 4.9, end_time="14:00"), element("ENERGY", 0.49)), 301),
}


@pytest.mark.parametrize("name", LATE_PRICES)
def test_a_clock_a_few_minutes_off_makes_no_hour_a_dear_one(old_and_new: Charge, name: str) -> None:
    """The CPO asks what its clock makes of it. The driver pays the lower of what its times cost as they stand and as
    they must have been: no charge begins before its START, or after it was heard of. The estimate says the same."""
    minutes, tariff, captured = LATE_PRICES[name]
    old_and_new.cpo.ahead = timedelta(minutes=minutes)
    old_and_new.publish(*tariff)
    old_and_new.charge(5)
    said = old_and_new.driver.call("GET", f"{old_and_new.session.pk}/").json()["money"]["estimated"]
    asked = captured if "cheap" in name else 3014
    old_and_new.bill(asked / 100, charging_periods=[period(minutes, ENERGY=5)])
    owes = [("claim", asked - captured)] if asked > captured else []
    assert (said, *old_and_new.now()[:3]) == (captured, "settled", taken(captured), owes)


def test_a_car_that_was_plugged_in_early_pays_no_more(old_and_new: Charge) -> None:
    """Its Session began ten minutes before the START, in the dear hour; no energy flowed then."""
    old_and_new.publish(element("ENERGY", 4.9, end_time="14:00"), element("ENERGY", 0.49))
    old_and_new.start()
    early = stamp(BEGINNING - timedelta(minutes=10))
    name = "start_datetime" if old_and_new.version == "2.1.1" else "start_date_time"
    for kwh in (0, 2.5, 5):
        old_and_new.meter(kwh, **{name: early})
        old_and_new.cpo.clock.forward(minutes=1)
    old_and_new.meter(5, "COMPLETED", **{name: early})
    old_and_new.cpo.clock.forward(seconds=1)
    old_and_new.bill(3.01, start_date_time=early, charging_periods=[period(-10, ENERGY=5)])
    assert old_and_new.now() == ("settled", taken(301), [], [])


@pytest.mark.parametrize("hours", [-2, 2])
def test_local_time_in_the_cdr_only(old_and_new: Charge, hours: int) -> None:
    old_and_new.publish()
    old_and_new.charge(5)
    old_and_new.cpo.ahead, old_and_new.end = timedelta(hours=hours), old_and_new.end + timedelta(hours=hours)
    old_and_new.bill(3.01, charging_periods=[period(hours * 60, ENERGY=5)])
    assert old_and_new.now() == ("settled", taken(301), [], [])


def offer(charge: Charge, *cdrs: Any) -> None:
    charge.cpo.server.on("GET /cdrs", envelope(list(cdrs), headers={"X-Total-Count": str(len(cdrs))}))


def test_a_cdr_of_a_get(charge_221: Charge) -> None:
    charge_221.publish()
    charge_221.charge(5)
    offer(charge_221, charge_221.cdr(30.10))
    charge_221.cpo.clock.forward(minutes=11)
    assert charge_221.now()[:3] == ("settled", taken(301), [("claim", 2709)])


def test_the_same_cdr_by_both_ways(old_and_new: Charge) -> None:
    old_and_new.publish()
    old_and_new.charge(5)
    offer(old_and_new, old_and_new.cdr(3.01))
    old_and_new.cpo.clock.forward(minutes=11)
    old_and_new.bill(3.01)
    assert old_and_new.now() == ("settled", taken(301), [], [])


def test_another_total_by_the_other_way(charge_221: Charge) -> None:
    charge_221.publish()
    charge_221.charge(5)
    offer(charge_221, charge_221.cdr(2.00))
    charge_221.cpo.clock.forward(minutes=11)
    charge_221.bill(3.01)
    assert charge_221.now()[:2] == ("settled", taken(200))
    charge_221.quiet()


def test_a_cdr_that_comes_before_the_start(charge_221: Charge) -> None:
    """A CPO bills the last START's token again, hours before it began."""
    charge_221.publish()
    charge_221.charge(5)
    early = charge_221.end - timedelta(hours=30)
    times = {"start_date_time": stamp(early - timedelta(minutes=2)), "end_date_time": stamp(early)}
    charge_221.bill(3.01, charging_periods=[period(-1802, ENERGY=5)], **times)
    assert charge_221.now()[:3] == ("escalated", HELD, [])


@pytest.mark.django_db(transaction=True)
def test_two_workers_capture_once(charge_221: Charge) -> None:
    charge_221.publish()
    charge_221.charge(5)
    body = charge_221.cdr(3.01)
    charge_221.cpo.push("POST", "cdrs", body, 201)
    begin = threading.Barrier(3)

    def work() -> None:
        begin.wait()
        advance(charge_221.session.pk)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    charge_221.cpo.clock.forward(seconds=1)
    assert charge_221.now() == ("settled", taken(301), [], [])
