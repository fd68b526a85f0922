"""Clocks that are hours off, and CDRs that come by two ways: the same money (rules 26, 29, 31)."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from sessions_adhoc.engine.lifecycle import advance
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import stamp
from tests.sessions_adhoc.hostile_money.conftest import HELD, element, period, taken

pytestmark = pytest.mark.django_db

DEAR_EVENING = (element("ENERGY", 4.9, start_time="20:00", end_time="23:59"), element("ENERGY", 0.49))


@pytest.mark.parametrize("hours", [-26, -0.5, 8])
def test_a_constant_clock_bills_as_a_right_one(old_and_new, hours) -> None:
    old_and_new.cpo.ahead = timedelta(hours=hours)
    old_and_new.publish()
    old_and_new.charge(5)
    begun = period(hours * 60, ENERGY=5)
    old_and_new.bill(3.01, charging_periods=[begun])
    assert old_and_new.now()[:3] == ("settled", taken(301), [])


def test_a_constant_clock_makes_no_evening_of_an_afternoon(old_and_new) -> None:
    """It is 14:00 in Bratislava; the CPO's clock says 22:00, where a kWh costs ten times as much."""
    old_and_new.cpo.ahead = timedelta(hours=8)
    old_and_new.publish(*DEAR_EVENING)
    old_and_new.charge(5)
    assert old_and_new.driver.call("GET", f"{old_and_new.session.pk}/").json()["money"]["estimated"] == 301
    old_and_new.bill(30.14, charging_periods=[period(480, ENERGY=5)])
    assert old_and_new.now()[:3] == ("settled", taken(301), [("claim", 2713)])


@pytest.mark.parametrize("hours", [-2, 2])
def test_local_time_in_the_cdr_only(old_and_new, hours) -> None:
    old_and_new.publish()
    old_and_new.charge(5)
    old_and_new.cpo.ahead, old_and_new.end = timedelta(hours=hours), old_and_new.end + timedelta(hours=hours)
    old_and_new.bill(3.01, charging_periods=[period(hours * 60, ENERGY=5)])
    assert old_and_new.now()[1:3] in ((taken(301), []), (HELD, []))
    assert old_and_new.now()[0] in ("settled", "escalated")


def offer(charge, *cdrs) -> None:
    charge.cpo.server.on("GET /cdrs", envelope(list(cdrs), headers={"X-Total-Count": str(len(cdrs))}))


def test_a_cdr_of_a_get(charge_221) -> None:
    charge_221.publish()
    charge_221.charge(5)
    offer(charge_221, charge_221.cdr(30.10))
    charge_221.cpo.clock.forward(minutes=11)
    assert charge_221.now()[:3] == ("settled", taken(301), [("claim", 2709)])


def test_the_same_cdr_by_both_ways(old_and_new) -> None:
    old_and_new.publish()
    old_and_new.charge(5)
    offer(old_and_new, old_and_new.cdr(3.01))
    old_and_new.cpo.clock.forward(minutes=11)
    old_and_new.bill(3.01)
    assert old_and_new.now() == ("settled", taken(301), [], [])


def test_another_total_by_the_other_way(charge_221) -> None:
    charge_221.publish()
    charge_221.charge(5)
    offer(charge_221, charge_221.cdr(2.00))
    charge_221.cpo.clock.forward(minutes=11)
    charge_221.bill(3.01)
    assert charge_221.now()[:2] == ("settled", taken(200))
    charge_221.quiet()


def test_a_cdr_that_comes_before_the_start(charge_221) -> None:
    """A CPO bills the last START's token again, hours before it began."""
    charge_221.publish()
    charge_221.charge(5)
    early = charge_221.end - timedelta(hours=30)
    times = {"start_date_time": stamp(early - timedelta(minutes=2)), "end_date_time": stamp(early)}
    charge_221.bill(3.01, charging_periods=[period(-1802, ENERGY=5)], **times)
    assert charge_221.now()[:3] == ("escalated", HELD, [])


@pytest.mark.django_db(transaction=True)
def test_two_workers_capture_once(charge_221) -> None:
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
