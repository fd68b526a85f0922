"""Who may charge: drivers who race for one EVSE, two cables at one EVSE, suspension in every state (36, 37)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from billing.models import PaymentAuthorization
from ocpi.models import Evse
from onboarding.stages import suspension
from partners.models import Partner, Policy
from sessions_adhoc.driver import services
from sessions_adhoc.driver.services import CannotStart, StartRequest
from sessions_adhoc.models import AdHocSession
from tests.factories import ConnectorFactory
from tests.sessions_adhoc.conftest import Driver
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled
from tests.sessions_adhoc.looking import state

pytestmark = pytest.mark.django_db


def refused(driver: Driver, **body: Any) -> None:
    before = (AdHocSession.objects.count(), PaymentAuthorization.objects.count())
    answer = driver.call("POST", body={"evse": "SK*ION*EEVSE-1", **body})
    assert (answer.status_code, answer.json()["code"]) == (409, "charger_in_use")
    assert (AdHocSession.objects.count(), PaymentAuthorization.objects.count()) == before


@pytest.mark.django_db(transaction=True)
def test_eight_drivers_at_once_and_one_of_them_charges(newer: Foreign, driver: Driver) -> None:
    barrier = threading.Barrier(8)

    def pay(_n: int) -> str:
        try:
            barrier.wait(10)
            return str(services.start_session(StartRequest(evse="SK*ION*EEVSE-1"))[0].pk)
        except CannotStart as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(pay, range(8)))
    assert answers.count("charger_in_use") == 7
    driver.run_tasks()
    assert (AdHocSession.objects.count(), PaymentAuthorization.objects.count(), newer.starts()) == (1, 1, 1)


def test_two_cables_at_one_evse_are_one_place(foreign: Foreign, driver: Driver, evse: Evse) -> None:
    ConnectorFactory.create(evse=evse, connector_id="2", power_type="AC_3_PHASE")
    first = driver.start(connector="2")
    refused(driver, connector="1")
    refused(driver, connector="2")
    place = {"location": foreign.place("2")} if foreign.old else {"connector_id": "2"}
    foreign.session(0, **place)
    foreign.later(seconds=5)
    assert state(first)[0] == "validating"
    refused(driver, connector="1")


def test_the_session_of_the_other_cable_is_not_ours(newer: Foreign, driver: Driver, evse: Evse) -> None:
    ConnectorFactory.create(evse=evse, connector_id="2", power_type="AC_3_PHASE")
    first = driver.start(connector="2")
    newer.session(0, connector_id="1")
    newer.later(seconds=5)
    assert (state(first)[0], newer.stops()) == ("starting", ["S-1"])


def test_the_cdr_of_the_other_cable_is_not_captured(foreign: Foreign, driver: Driver, evse: Evse) -> None:
    session = foreign.charging(4)
    ConnectorFactory.create(evse=evse, connector_id="2", power_type="AC_3_PHASE")
    foreign.session(4, "COMPLETED")
    foreign.later(seconds=2)
    foreign.cdr(4, place=foreign.place("2"))
    foreign.later(seconds=2)
    assert outcome(session)[1:] == ("reserved", 0)


def test_the_charger_is_free_again_after_every_end(foreign: Foreign, driver: Driver) -> None:
    foreign.answer("START_SESSION", "REJECTED")
    assert outcome(driver.start()) == ("failed", "released", 0)
    foreign.answer("START_SESSION", "ACCEPTED")
    second = driver.start()
    foreign.later(minutes=10)
    assert state(second) == ("failed", "no_session")
    third = foreign.charging(3)
    refused(driver)
    foreign.session(3, "COMPLETED")
    foreign.later(seconds=2)
    assert state(third)[0] == "awaiting_cdr"
    fourth = driver.start()
    assert state(fourth)[0] == "starting"


# Suspended


def suspend(foreign: Foreign) -> None:
    suspension.suspend(Partner.objects.get(pk=foreign.cpo.partner.pk), "Too many faults.", None)


def test_suspended_while_starting(foreign: Foreign, driver: Driver) -> None:
    session = driver.start()
    suspend(foreign)
    foreign.session(0)
    foreign.later(seconds=10)
    foreign.session(3)
    foreign.later(seconds=2)
    driver.stop(session)
    assert foreign.stops() == ["S-1"]
    foreign.session(3, "COMPLETED")
    foreign.cdr(3)
    foreign.later(seconds=2)
    assert settled(session, 3)


def test_suspended_while_starting_and_nothing_comes(foreign: Foreign, driver: Driver) -> None:
    session = driver.start()
    suspend(foreign)
    foreign.later(minutes=10)
    assert (outcome(session), foreign.starts()) == (("failed", "released", 0), 1)
    assert len(foreign.cpo.server.calls("GET", "/sessions")) >= 1


def test_suspended_while_validating_and_no_energy_comes(foreign: Foreign, driver: Driver) -> None:
    session = foreign.validating()
    suspend(foreign)
    foreign.later(minutes=10)
    assert (outcome(session), foreign.starts(), foreign.stops()) == (("failed", "released", 0), 1, ["S-1"])


def test_suspended_while_stopping_and_refused(foreign: Foreign, driver: Driver) -> None:
    session = foreign.charging(3)
    suspend(foreign)
    foreign.answer("STOP_SESSION", "REJECTED")
    driver.stop(session)
    foreign.later(seconds=11)
    assert (state(session)[0], foreign.stops()) == ("charging", ["S-1"])
    driver.stop(session)
    assert foreign.stops() == ["S-1", "S-1"]
    foreign.session(4, "COMPLETED")
    foreign.cdr(4)
    foreign.later(seconds=2)
    assert settled(session, 4)


def test_suspended_while_awaiting_the_cdr(foreign: Foreign, driver: Driver) -> None:
    session = foreign.charging(3)
    foreign.session(3, "COMPLETED")
    ended = foreign.now()
    foreign.later(seconds=2)
    suspend(foreign)
    foreign.later(hours=2)
    assert len(foreign.cpo.server.calls("GET", "/cdrs")) >= 1
    foreign.cdr(3, end=ended)
    foreign.later(seconds=2)
    assert settled(session, 3)


def test_suspended_while_waiting_for_the_cable(foreign: Foreign, driver: Driver) -> None:
    Policy.objects.create(partner=foreign.cpo.partner, start_strategy="wait_for_preparing")
    session = driver.start()
    suspend(foreign)
    foreign.later(minutes=6)
    assert (outcome(session), foreign.starts()) == (("failed", "released", 0), 0)


def test_suspended_nobody_new_begins(foreign: Foreign, driver: Driver) -> None:
    foreign.charging(3)
    suspend(foreign)
    answer = driver.call("POST", body={"evse": "SK*ION*EEVSE-1"})
    assert (answer.status_code, AdHocSession.objects.count(), foreign.starts()) == (409, 1, 1)
