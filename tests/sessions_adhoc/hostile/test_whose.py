"""Whose is it: CDRs and Sessions of attempts that failed, with foreign names, places and ids (rules 7, 10, 12, 26)."""

from datetime import timedelta

import pytest

from ocpi.models import OcpiSession
from sessions_adhoc.models import AdHocSession
from tests.sessions_adhoc.conftest import Driver, stamp
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled, validities
from tests.sessions_adhoc.looking import open_incidents, state
from tests.support.remembering import remembered

pytestmark = pytest.mark.django_db


@pytest.fixture
@remembered
def over(foreign: Foreign) -> AdHocSession:
    session = foreign.charging(4)
    foreign.session(4, "COMPLETED")
    foreign.later(seconds=2)
    assert state(session)[0] == "awaiting_cdr"
    return session


@pytest.fixture
@remembered
def retrying(foreign: Foreign) -> AdHocSession:
    """The first attempt ended with 0 kWh; the second START was accepted."""
    session = foreign.validating()
    foreign.later(seconds=20)
    foreign.session(0, "COMPLETED")
    foreign.later(seconds=12)
    assert (state(session)[0], foreign.starts()) == ("starting", 2)
    return session


@pytest.mark.parametrize("where", [{"location": "loc-1"}, {"evse": "evse-1"}, {"location": "LOC-1", "evse": "Evse-1"}])
def test_a_cdr_with_another_case_of_the_place_is_ours(
    foreign: Foreign, over: AdHocSession, where: dict[str, str]
) -> None:
    foreign.cdr(4, place=foreign.place(**where))
    foreign.later(seconds=2)
    assert settled(over, 4)


def test_a_cdr_of_another_connector_is_not_captured(foreign: Foreign, over: AdHocSession) -> None:
    """Rules 7, 32: its connector is the attempt's."""
    foreign.cdr(4, place=foreign.place(connector="2"))
    foreign.later(seconds=2)
    assert (outcome(over), state(over)[1]) == (("escalated", "reserved", 0), "cdr_place")


def test_a_cdr_with_another_token(newer: Foreign, foreign: Foreign, over: AdHocSession) -> None:
    names = foreign.token()
    names["cdr_token"] = names["cdr_token"] | {"uid": "SOMEBODY", "contract_id": "SK-XYZ-C1"}
    foreign.cdr(4, **names)
    foreign.later(seconds=2)
    assert settled(over, 4)


def test_a_cdr_with_another_token_and_no_reference(newer: Foreign, foreign: Foreign, over: AdHocSession) -> None:
    names = foreign.token()
    foreign.cdr(4, authorization_reference=None, cdr_token=names["cdr_token"] | {"uid": "X", "contract_id": "Y"})
    foreign.later(seconds=2)
    assert settled(over, 4)


def test_the_cdr_of_a_failed_attempt_changes_nothing(foreign: Foreign, retrying: AdHocSession) -> None:
    first = foreign.began["S-1"]
    foreign.cdr(0, "CDR-1", "S-1", of=0, net=0.5, end=first + timedelta(seconds=30))
    foreign.again()
    foreign.later(seconds=5)
    assert outcome(retrying) == ("starting", "reserved", 0)
    foreign.session(0, name="S-2")
    foreign.later(seconds=20)
    foreign.session(6, name="S-2")
    foreign.later(seconds=1)
    foreign.cdr(0, "CDR-1b", "S-1", of=0, net=0.5, end=first + timedelta(seconds=30))
    foreign.later(seconds=20)
    assert outcome(retrying) == ("charging", "reserved", 0)
    foreign.session(6, "COMPLETED", name="S-2")
    foreign.cdr(6, "CDR-2", "S-2")
    foreign.later(seconds=2)
    assert settled(retrying, 6)


def test_the_cdr_of_a_failed_session_is_never_captured(foreign: Foreign, driver: Driver) -> None:
    foreign.answer("START_SESSION", "REJECTED")
    session = driver.start()
    foreign.later(seconds=1)
    assert outcome(session) == ("failed", "released", 0)
    foreign.session(3, "COMPLETED")
    foreign.cdr(3)
    foreign.later(hours=25)
    assert outcome(session) == ("failed", "released", 0)


def test_a_session_that_appears_after_the_window_is_late(foreign: Foreign, driver: Driver) -> None:
    session = driver.start()
    foreign.later(minutes=8)
    assert state(session) == ("failed", "no_session")
    foreign.session(0)
    foreign.again()
    foreign.later(seconds=30)
    foreign.session(2)
    foreign.session(2, "COMPLETED")
    foreign.cdr(2)
    foreign.later(hours=1)
    assert (outcome(session), foreign.stops(), validities()) == (("failed", "released", 0), ["S-1"], {"S-1": "late"})


def test_pending_under_one_id_and_active_under_another(foreign: Foreign, driver: Driver) -> None:
    session = driver.start()
    foreign.session(0, "PENDING", "S-0")
    foreign.later(seconds=5)
    foreign.session(0, name="S-1")
    foreign.later(seconds=5)
    foreign.session(0, "INVALID", "S-0")
    foreign.later(seconds=5)
    assert (state(session)[0], foreign.starts(), foreign.stops()) == ("validating", 1, [])
    foreign.session(4, name="S-1")
    foreign.later(seconds=5)
    foreign.session(4, "COMPLETED", name="S-1")
    foreign.cdr(4)
    foreign.later(seconds=5)
    assert settled(session, 4)
    assert open_incidents() == []


def test_pending_ends_before_active_comes_under_another_id(foreign: Foreign, driver: Driver) -> None:
    """The temporary id is closed first: the charge has not failed by that."""
    session = driver.start()
    foreign.session(0, "PENDING", "S-0")
    foreign.later(seconds=5)
    foreign.session(0, "INVALID", "S-0")
    foreign.session(0, name="S-1")
    foreign.later(seconds=5)
    foreign.session(4, name="S-1")
    foreign.later(seconds=20)
    assert (state(session)[0], foreign.starts(), foreign.stops()) == ("charging", 1, [])


def test_an_id_that_comes_back_for_the_next_driver(foreign: Foreign, over: AdHocSession, driver: Driver) -> None:
    foreign.cdr(4)
    foreign.later(minutes=3)
    second = driver.start()
    began = foreign.now()
    foreign.session(0, start=began)
    foreign.later(seconds=20)
    foreign.session(6, start=began)
    foreign.later(seconds=20)
    assert (state(second)[0], foreign.stops()) == ("charging", [])
    foreign.session(6, "COMPLETED", start=began)
    foreign.later(seconds=2)
    foreign.cdr(6, "CDR-2", start=began)
    foreign.later(seconds=5)
    assert settled(over, 4)
    assert settled(second, 6)


def test_a_late_put_of_the_first_session_after_its_id_came_back(
    foreign: Foreign, over: AdHocSession, driver: Driver
) -> None:
    """It is the first one's: the second charge neither ends by it nor loses its meter."""
    body = foreign.session_body(4, "COMPLETED", "S-1", 0, None)
    foreign.cdr(4)
    foreign.later(minutes=3)
    second = driver.start()
    began = foreign.now()
    foreign.session(0, start=began)
    foreign.later(seconds=20)
    foreign.session(6, start=began)
    foreign.later(seconds=2)
    foreign.send("PUT", "sessions/SK/ION/S-1", body)
    foreign.send("PUT", "sessions/SK/ION/S-1", body | {"last_updated": stamp(foreign.now())})
    foreign.later(seconds=2)
    assert (state(second)[0], foreign.starts(), foreign.stops()) == ("charging", 2, [])
    foreign.session(8, start=began)
    foreign.session(8, "COMPLETED", start=began)
    foreign.later(seconds=2)
    foreign.cdr(8, "CDR-2", start=began)
    foreign.later(seconds=5)
    assert settled(over, 4)
    assert settled(second, 8)
    assert OcpiSession.objects.count() == 2


def test_two_active_sessions_for_one_start(foreign: Foreign, driver: Driver) -> None:
    session = foreign.charging(2)
    foreign.session(0, name="S-2")
    foreign.again()
    foreign.later(seconds=5)
    assert foreign.stops() == ["S-2"]
    foreign.session(1, "COMPLETED", "S-2")
    foreign.cdr(1, "CDR-2", "S-2")
    foreign.later(seconds=5)
    found = outcome(session)
    assert found == ("charging", "reserved", 0)


def test_the_retrys_own_first_cdr_before_its_session(foreign: Foreign, retrying: AdHocSession) -> None:
    began = foreign.now()
    foreign.later(seconds=40)
    foreign.cdr(1.2, "CDR-2", "S-2", start=began + timedelta(seconds=2))
    foreign.later(seconds=5)
    assert settled(retrying, 1.2)
