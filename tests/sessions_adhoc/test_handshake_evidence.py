"""What shows that no energy came, and what does not: first values, falls, flaps, levels (rules 11, 13, 14, 15)."""

from datetime import timedelta
from typing import Any

import pytest

from sessions_adhoc.models import AdHocSession
from tests.factories import session_data
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import gateway, money, state
from tests.support.remembering import remembered

pytestmark = pytest.mark.django_db


@pytest.fixture
@remembered
def validating(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    """ACTIVE with 0 kWh, the connector CHARGING."""
    session = driver.start()
    cpo.session(0, created=True)
    cpo.evse("CHARGING")
    clock.forward(seconds=10)
    assert state(session)[0] == "validating"
    return session


def offer(cpo: Cpo, clock: Clock, kwh: float, status: str = "ACTIVE", **more: Any) -> None:
    """GET /sessions has this Session of the last START."""
    start = cpo.sent("START_SESSION")[-1].body
    names = {"authorization_reference": start["authorization_reference"], "start_date_time": stamp(BEGINNING)}
    token = {**session_data()["cdr_token"], "uid": start["token"]["uid"]}
    body = session_data("S-1", kwh=kwh, status=status, cdr_token=token, last_updated=stamp(clock.now()), **names)
    cpo.offers_sessions({**body, **more})


# Rule 11


def test_a_first_value_above_zero_of_a_session_that_began_after_the_start_is_energy(
    driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    session = driver.start()
    cpo.session(2, created=True)
    clock.forward(seconds=1)
    assert state(session)[0] == "charging"


def test_a_first_value_of_a_session_that_began_before_the_start_must_rise(
    driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    session = driver.start()
    before = stamp(BEGINNING - timedelta(minutes=10))
    cpo.session(812.3, created=True, start_date_time=before)
    clock.forward(seconds=1)
    assert state(session)[0] == "validating"
    cpo.session(812.31, start_date_time=before)
    clock.forward(seconds=1)
    assert state(session)[0] == "charging"


# Rule 13


def test_a_connector_that_overtakes_the_sessions_end_fails_nothing(
    validating: AdHocSession, cpo: Cpo, clock: Clock
) -> None:
    clock.forward(seconds=30)
    cpo.evse("AVAILABLE")
    clock.forward(seconds=2)
    cpo.session(3, "COMPLETED")
    clock.forward(seconds=30)
    assert (state(validating)[0], money(validating)) == ("awaiting_cdr", ("reserved", 0))
    cpo.cdr(1.81, kwh=3)
    clock.forward(seconds=1)
    assert (state(validating), gateway(validating)) == (("settled", ""), ("captured", 181))
    assert len(cpo.sent("START_SESSION")) == 1


def test_the_end_is_asked_for_when_it_was_never_pushed(validating: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    clock.forward(seconds=30)
    offer(cpo, clock, 3, "COMPLETED", end_date_time=stamp(clock.now()))
    cpo.evse("AVAILABLE")
    clock.forward(seconds=6)
    assert (state(validating)[0], money(validating)) == ("awaiting_cdr", ("reserved", 0))
    assert (len(cpo.sent("START_SESSION")), cpo.sent("STOP_SESSION")) == (1, [])


@pytest.mark.parametrize("status", ["AVAILABLE", "BLOCKED"])
def test_a_flap_of_three_seconds_is_no_fall(validating: AdHocSession, cpo: Cpo, clock: Clock, status: str) -> None:
    cpo.evse(status)
    clock.forward(seconds=3)
    cpo.evse("CHARGING")
    clock.forward(seconds=20)
    assert (state(validating)[0], cpo.sent("STOP_SESSION")) == ("validating", [])
    cpo.session(9)
    clock.forward(seconds=1)
    assert (state(validating)[0], len(cpo.sent("START_SESSION"))) == ("charging", 1)


def test_a_fall_that_lasts_and_no_energy_by_get_is_a_failed_handshake(
    validating: AdHocSession, cpo: Cpo, clock: Clock
) -> None:
    offer(cpo, clock, 0)
    cpo.evse("AVAILABLE")
    clock.forward(seconds=4)
    assert (state(validating)[0], cpo.server.calls("GET", "/sessions")) == ("validating", [])
    clock.forward(seconds=2)
    assert state(validating) == ("starting", "no_energy")
    assert (len(cpo.server.calls("GET", "/sessions")), len(cpo.sent("STOP_SESSION"))) == (1, 1)


def test_where_get_fails_a_push_since_the_fall_tells(validating: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.refuses_sessions()
    cpo.evse("AVAILABLE")
    clock.forward(seconds=2)
    cpo.session(0)
    clock.forward(seconds=130)
    assert state(validating) == ("starting", "no_energy")
    assert len(cpo.server.calls("GET", "/sessions")) == 3


def test_a_push_that_is_late_outweighs_no_get(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    """The Session of 0 kWh arrives after the fall, although it was sent before: the CPO's present has 3 kWh."""
    session = driver.start()
    cpo.evse("CHARGING")
    clock.forward(seconds=20)
    cpo.evse("AVAILABLE")
    clock.forward(seconds=5)
    offer(cpo, clock, 3, "COMPLETED", end_date_time=stamp(clock.now()))
    cpo.session(0, created=True, last_updated=stamp(BEGINNING + timedelta(seconds=2)))
    clock.forward(seconds=10)
    assert (state(session)[0], len(cpo.sent("START_SESSION"))) == ("awaiting_cdr", 1)


def test_where_get_fails_the_time_for_the_first_energy_decides(
    validating: AdHocSession, cpo: Cpo, clock: Clock
) -> None:
    cpo.refuses_sessions()
    cpo.evse("AVAILABLE")
    clock.forward(minutes=4)
    assert state(validating)[0] == "validating"
    clock.forward(minutes=1)
    assert state(validating) == ("starting", "no_energy")


def test_a_session_that_told_of_energy_outweighs_the_connector(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(2, created=True)
    cpo.evse("CHARGING")
    cpo.evse("AVAILABLE")
    clock.forward(seconds=6)
    assert (state(session)[0], len(cpo.sent("START_SESSION"))) == ("awaiting_cdr", 1)


# Rule 14


def test_charging_before_the_start_and_again_after_it_is_charging(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    cpo.evse("CHARGING")
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=2)
    cpo.evse("CHARGING")
    clock.forward(seconds=5)
    cpo.evse("AVAILABLE")
    clock.forward(seconds=6)
    assert state(session) == ("starting", "no_energy")
    told = session.timeline.filter(kind="connector").values_list("text", flat=True)
    assert list(told) == ["Connector CHARGING, as before", "Connector CHARGING → AVAILABLE"]


def test_charging_that_is_repeated_is_told_once(validating: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    for _ in range(3):
        cpo.evse("CHARGING")
        clock.forward(seconds=5)
    assert validating.timeline.filter(kind="connector").count() == 1
