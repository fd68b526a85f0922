"""Where two rules meet: a wish between two attempts, a STOP that was spent too early, ids that change twice, charges
that go on after they were paid."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ocpi.models import Evse
from sessions_adhoc.models import AdHocSession
from tests.factories import ConnectorFactory, EvseFactory
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled, validities
from tests.sessions_adhoc.looking import open_incidents, state
from tests.sessions_adhoc.test_limit import publish

__all__ = ["publish"]
pytestmark = pytest.mark.django_db


def test_pressed_just_after_the_stop_of_an_attempt_without_energy(foreign: Foreign, driver: Driver) -> None:
    session = foreign.validating()
    foreign.later(minutes=4, seconds=52)
    assert (state(session)[0], foreign.stops(), foreign.starts()) == ("starting", ["S-1"], 1)
    driver.stop(session)
    foreign.later(seconds=30)
    assert (outcome(session), foreign.starts(), foreign.stops()) == (("failed", "released", 0), 1, ["S-1"])


def test_a_refused_stop_of_a_pending_session_is_none_of_the_one_that_comes_alive(
    foreign: Foreign, driver: Driver
) -> None:
    session = driver.start()
    foreign.session(0, "PENDING")
    foreign.answer("STOP_SESSION", "REJECTED")
    driver.stop(session)
    foreign.later(minutes=6)
    assert (outcome(session), foreign.stops()) == (("failed", "released", 0), ["S-1"])
    foreign.answer("STOP_SESSION", "ACCEPTED")
    for kwh in (0, 1, 2):
        foreign.session(kwh)
        foreign.later(seconds=10)
    assert (outcome(session), foreign.stops()) == (("failed", "released", 0), ["S-1", "S-1"])


def test_a_refused_stop_before_any_energy_is_none_of_the_energy_that_comes(foreign: Foreign, driver: Driver) -> None:
    session = foreign.validating()
    foreign.answer("STOP_SESSION", "REJECTED")
    driver.stop(session)
    foreign.later(minutes=6)
    assert outcome(session) == ("failed", "released", 0)
    before = len(foreign.stops())
    foreign.answer("STOP_SESSION", "ACCEPTED")
    for kwh in (1, 2, 3):
        foreign.session(kwh)
        foreign.later(seconds=10)
    assert (foreign.stops()[before:], before) == (["S-1"], 2)


def test_a_stop_without_effect_and_no_energy(foreign: Foreign, driver: Driver) -> None:
    session = foreign.validating()
    driver.stop(session)
    foreign.later(minutes=6)
    assert outcome(session) == ("failed", "released", 0)
    assert foreign.stops() == ["S-1", "S-1"]


def test_an_attempt_whose_stop_was_refused_delivers_while_the_next_one_waits(foreign: Foreign, driver: Driver) -> None:
    session = foreign.validating()
    foreign.answer("STOP_SESSION", "REJECTED")
    foreign.later(minutes=5)
    foreign.later(seconds=20)
    assert (state(session)[0], foreign.starts(), foreign.stops()) == ("starting", 2, ["S-1"])
    foreign.answer("STOP_SESSION", "ACCEPTED")
    foreign.session(1, of=0)
    foreign.later(seconds=10)
    foreign.session(2, of=0)
    foreign.later(seconds=10)
    assert (state(session)[0], foreign.stops()) == ("starting", ["S-1", "S-1"])


def test_both_ids_are_pending_before_the_second_one_comes_alive(foreign: Foreign, driver: Driver) -> None:
    session = driver.start()
    foreign.session(0, "PENDING", "S-0")
    foreign.later(seconds=5)
    foreign.session(0, "PENDING", "S-1")
    foreign.later(seconds=5)
    foreign.session(0, name="S-1")
    foreign.later(seconds=5)
    foreign.session(0, "INVALID", "S-0")
    foreign.later(seconds=5)
    foreign.session(4, name="S-1")
    foreign.later(seconds=5)
    assert (state(session)[0], foreign.starts(), foreign.stops()) == ("charging", 1, [])
    foreign.session(4, "COMPLETED", name="S-1")
    foreign.cdr(4)
    foreign.later(seconds=5)
    assert settled(session, 4)
    assert open_incidents() == []


def test_a_stop_of_the_pending_id_is_sent_for_the_active_one_too(foreign: Foreign, driver: Driver) -> None:
    session = driver.start()
    foreign.session(0, "PENDING", "S-0")
    foreign.later(seconds=5)
    driver.stop(session)
    foreign.later(seconds=1)
    foreign.session(0, name="S-1")
    foreign.later(seconds=5)
    assert foreign.stops() == ["S-0", "S-1"]
    foreign.session(0, "COMPLETED", name="S-1")
    foreign.later(seconds=5)
    assert outcome(session) == ("failed", "released", 0)


def test_a_charge_that_goes_on_after_it_was_paid(foreign: Foreign, driver: Driver) -> None:
    session = foreign.charging(4)
    foreign.cdr(4)
    foreign.later(seconds=95)
    assert settled(session, 4)
    for kwh in (4, 5, 6, 7):
        foreign.session(kwh)
        foreign.later(seconds=30)
    assert (foreign.stops(), validities()) == (["S-1"], {"S-1": "valid"})
    assert len(open_incidents()) == 1
    assert settled(session, 4)


def test_a_charge_that_ended_and_goes_on_after_it_was_paid(foreign: Foreign, driver: Driver) -> None:
    session = foreign.charging(4)
    driver.stop(session)
    foreign.later(seconds=20)
    foreign.session(4, "COMPLETED")
    foreign.cdr(4)
    foreign.later(seconds=5)
    assert settled(session, 4)
    foreign.session(4)
    foreign.later(seconds=30)
    assert foreign.stops() == ["S-1"]
    foreign.session(6)
    foreign.session(7)
    foreign.later(seconds=30)
    assert foreign.stops() == ["S-1", "S-1"]


def test_late_news_of_a_charge_that_was_paid_stops_nothing(newer: Foreign, driver: Driver) -> None:
    session = driver.start()
    newer.later(minutes=3)
    newer.cdr(4, start=newer.now() - timedelta(minutes=2))
    newer.later(seconds=5)
    assert outcome(session)[0] == "settled"
    for kwh in (0, 2, 4):
        newer.session(kwh)
        newer.later(seconds=1)
    assert newer.stops() == []
    newer.session(6)
    newer.later(seconds=1)
    assert newer.stops() == ["S-1"]


def test_pressed_in_doubt_while_the_session_is_pending(foreign: Foreign, driver: Driver) -> None:
    session = driver.start()
    foreign.cpo.refuses_sessions()
    foreign.session(0, "PENDING")
    foreign.later(minutes=8)
    assert state(session)[0] == "escalated"
    driver.stop(session)
    foreign.later(seconds=5)
    foreign.session(0)
    foreign.later(seconds=5)
    assert foreign.stops()[-1:] == ["S-1"]
    foreign.session(0, "COMPLETED")
    foreign.later(seconds=5)
    assert outcome(session) == ("failed", "released", 0)


def test_pressed_while_the_money_is_raised_and_the_last_cdr_comes(foreign: Foreign, driver: Driver) -> None:
    session = foreign.charging(4)
    answer = driver.call("POST", f"{session.pk}/limit/", {"amount": 6000})
    assert answer.status_code == 202
    foreign.session(5, "COMPLETED")
    foreign.cdr(5)
    foreign.later(seconds=10)
    assert settled(session, 5)
    assert AdHocSession.objects.get(pk=session.pk).limit_wanted is None


def test_a_session_that_is_not_over_takes_a_new_reference(newer: Foreign, driver: Driver) -> None:
    """The CPO goes on with the id of the failed attempt."""
    session = newer.validating()
    newer.later(minutes=5)
    newer.later(seconds=15)
    assert (newer.starts(), newer.stops()) == (2, ["S-1"])
    newer.session(0)
    newer.later(seconds=10)
    newer.session(3)
    newer.later(seconds=10)
    assert (state(session)[0], newer.stops(), validities()) == ("charging", ["S-1"], {"S-1": "valid"})
    newer.session(3, "COMPLETED")
    newer.cdr(3)
    newer.later(seconds=5)
    assert settled(session, 3)


@pytest.fixture
def beside(evse: Evse) -> None:
    """A second EVSE at the location."""
    made = EvseFactory.create(location=evse.location, uid="EVSE-2", last_updated=BEGINNING - timedelta(days=1))
    ConnectorFactory.create(evse=made, last_updated=BEGINNING - timedelta(days=1))


def test_a_known_session_that_names_nobody_any_more(foreign: Foreign, driver: Driver) -> None:
    """Its reference is gone and its token another: it is the one that it was, and its meter counts (rule 7)."""
    session = foreign.charging(2)
    names = {"auth_id": "SOMEBODY"} if foreign.old else {"authorization_reference": None, "cdr_token": a_card(foreign)}
    for kwh in (3, 4, 5):
        foreign.later(seconds=30)
        foreign.session(kwh, **names)
    foreign.later(seconds=1)
    assert driver.call("GET", f"{session.pk}/").json()["meter"]["kwh"] == 5
    foreign.session(6, "COMPLETED", **names)
    foreign.later(seconds=1)
    assert state(session)[0] == "awaiting_cdr"
    foreign.cdr(6)
    foreign.later(seconds=2)
    assert settled(session, 6)


def a_card(foreign: Foreign) -> dict[str, str]:
    token = foreign.token()["cdr_token"]
    return {**token, "uid": "A-CARD", "contract_id": "DE-AAA-C1"}


def test_stop_of_a_session_whose_id_is_the_next_drivers(foreign: Foreign, driver: Driver, beside: None) -> None:
    """Nobody told the end of the first one: a STOP under its id would end the second."""
    first = foreign.charging(4)
    second = driver.start(evse="SK*ION*EEVSE-2")
    foreign.later(minutes=1)
    began = foreign.now()
    there = {"location": foreign.place(evse="EVSE-2")} if foreign.old else {"evse_uid": "EVSE-2"}
    foreign.session(0, of=1, start=began, **there)
    driver.stop(first)
    foreign.later(seconds=20)
    foreign.session(3, of=1, start=began, **there)
    foreign.later(seconds=5)
    assert (state(first)[0], state(second)[0], foreign.stops()) == ("awaiting_cdr", "charging", [])


def test_pressed_just_after_a_stop_at_the_limit_that_was_refused(
    driver: Driver, cpo: Cpo, clock: Clock, publish: Callable[..., Any]
) -> None:
    publish()
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(minutes=3)
    cpo.accept("STOP_SESSION", "REJECTED")
    cpo.session(39.5)
    clock.forward(seconds=3)
    assert (state(session)[0], len(cpo.sent("STOP_SESSION"))) == ("charging", 1)
    cpo.accept("STOP_SESSION")
    driver.stop(session)
    clock.forward(seconds=1)
    assert (state(session)[0], len(cpo.sent("STOP_SESSION"))) == ("stopping", 2)


def test_the_reservation_ends_while_energy_flows(foreign: Foreign, driver: Driver) -> None:
    session = driver.start(payment_method="pm_sim_expires")
    foreign.session(0)
    for kwh in (1, 2, 3):
        foreign.later(seconds=15)
        foreign.session(kwh)
    foreign.later(seconds=30)
    assert (state(session), foreign.stops()) == (("stopping", "payment_lost"), ["S-1"])
    foreign.session(3, "COMPLETED")
    foreign.cdr(3)
    foreign.later(seconds=5)
    assert (state(session), outcome(session)[1:]) == (("escalated", "payment_lost"), ("expired", 0))
