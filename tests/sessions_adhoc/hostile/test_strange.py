"""What strange CPOs, broken clocks and slow networks make of ids, starts, stamps and lists (rules 6-8, 12, 31)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ocpi.models import OcpiSession
from sessions_adhoc.models import AdHocSession
from tests.sessions_adhoc.conftest import Driver, stamp
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled, validities
from tests.sessions_adhoc.looking import open_incidents, state

pytestmark = pytest.mark.django_db


def unreadable(foreign: Foreign, driver: Driver, **names: Any) -> AdHocSession:
    """GET brings a Session that cannot be read. It may be the one that is waited for, and charge."""
    session = driver.start()
    body = foreign.session_body(1, "ACTIVE", "S-1", -1, None) | {"kwh": "plenty"} | names
    foreign.offers({key: value for key, value in body.items() if value is not None})
    foreign.later(minutes=9)
    return session


def test_an_unreadable_session_of_ours_is_no_answer(foreign: Foreign, driver: Driver) -> None:
    """In 2.1.1 the contract is all that it names."""
    assert outcome(unreadable(foreign, driver)) == ("escalated", "reserved", 0)
    assert open_incidents() == ["GET /sessions is not available"]


def test_an_unreadable_session_with_our_reference_is_no_answer(newer: Foreign, driver: Driver) -> None:
    token = {"uid": "OF-SOMEBODY", "type": "RFID", "contract_id": "X"}
    session = unreadable(newer, driver, cdr_token=token)
    assert outcome(session) == ("escalated", "reserved", 0)


def test_an_unreadable_session_of_nobody_is_no_answer(foreign: Foreign, driver: Driver) -> None:
    session = unreadable(foreign, driver, cdr_token=None, auth_id=None, authorization_reference=None)
    assert outcome(session) == ("escalated", "reserved", 0)


def test_an_unreadable_session_of_somebody_else_holds_nothing(foreign: Foreign, driver: Driver) -> None:
    token = {"uid": "OF-SOMEBODY", "type": "RFID", "contract_id": "X"}
    session = unreadable(foreign, driver, cdr_token=token, auth_id="OF-SOMEBODY", authorization_reference=None)
    assert outcome(session) == ("failed", "released", 0)


def test_a_list_that_holds_a_session_twice(foreign: Foreign, driver: Driver) -> None:
    """It shifted while it was read: the later one of the two counts, wherever it stands."""
    session = driver.start()
    began = foreign.now()
    foreign.later(seconds=100)
    ended = foreign.session_body(3, "COMPLETED", "S-1", -1, began)
    running = foreign.session_body(1, "ACTIVE", "S-1", -1, began)
    foreign.offers(ended, running | {"last_updated": stamp(began + timedelta(seconds=70))})
    foreign.later(minutes=4)
    assert state(session)[0] == "awaiting_cdr"


def test_the_end_and_an_update_of_the_same_second(foreign: Foreign) -> None:
    """They overtake each other: the end stays."""
    session = foreign.charging(2)
    foreign.session(4, "COMPLETED")
    foreign.session(3.5)
    foreign.later(seconds=5)
    assert (state(session)[0], foreign.stops()) == ("awaiting_cdr", [])
    foreign.cdr(4)
    foreign.later(seconds=2)
    assert settled(session, 4)


def test_a_start_that_moves(foreign: Foreign) -> None:
    """Local time in one message, seconds in the next, and an old message after the end: one charge all the time."""
    session = foreign.charging(2)
    began = foreign.began["S-1"]
    foreign.session(3, start=began + timedelta(hours=2))
    foreign.later(seconds=10)
    foreign.session(4, start=began - timedelta(seconds=9))
    foreign.later(seconds=10)
    foreign.session(5, "COMPLETED", start=began + timedelta(seconds=3))
    foreign.session(4, start=began, last_updated=stamp(foreign.now() - timedelta(seconds=9)))
    foreign.session(5, "COMPLETED", start=began + timedelta(hours=2))
    foreign.later(seconds=2)
    assert (state(session)[0], foreign.stops(), validities()) == ("awaiting_cdr", [], {"S-1": "valid"})
    foreign.cdr(5)
    foreign.later(seconds=2)
    assert settled(session, 5)
    assert OcpiSession.objects.count() == 1


def test_a_session_that_begins_anew_under_its_own_names(foreign: Foreign) -> None:
    """It was over, and an hour later it starts again: nobody asked for that."""
    session = foreign.charging(4)
    foreign.session(4, "COMPLETED")
    foreign.cdr(4)
    foreign.later(hours=1)
    foreign.session(0, start=foreign.now())
    foreign.again()
    foreign.later(seconds=30)
    foreign.session(2, start=foreign.now() - timedelta(seconds=30))
    foreign.later(seconds=30)
    assert settled(session, 4)
    assert foreign.stops() == ["S-1"]
    assert list(OcpiSession.objects.order_by("pk").values_list("kwh", "attempt_link__validity")) == [
        (Decimal(4), "valid"),
        (Decimal(2), "duplicate"),
    ]


@pytest.mark.parametrize("paid", ["before", "meanwhile"])
def test_an_id_that_comes_back_before_its_end_was_told(foreign: Foreign, driver: Driver, paid: str) -> None:
    """The connector told that the first charge is over; its Session never said so, and now its id is the next one's."""
    first = foreign.charging(4)
    began = foreign.began["S-1"]
    foreign.evse("AVAILABLE")
    foreign.later(seconds=10)
    ended = foreign.now()

    def bill() -> None:
        foreign.cdr(4, "CDR-1", of=0, start=began, end=ended)
        foreign.later(seconds=2)

    if paid == "before":
        bill()
    second = driver.start()
    again = foreign.now()
    foreign.session(0, start=again)
    foreign.later(seconds=20)
    foreign.session(3, start=again)
    foreign.later(seconds=5)
    assert state(second)[0] == "charging"
    if paid == "meanwhile":
        bill()
    foreign.session(5, "COMPLETED", start=again)
    foreign.cdr(5, "CDR-2", of=1, start=again)
    foreign.later(seconds=2)
    assert settled(first, 4)
    assert settled(second, 5)
    assert (foreign.stops(), open_incidents()) == ([], [])


def test_a_token_that_is_called_by_either_of_its_names(foreign: Foreign, driver: Driver) -> None:
    """2.1.1: the contract in one message, the uid in the next, and the start moves with it."""
    session = driver.start()
    uid = foreign.cpo.sent("START_SESSION")[0].body["token"]["uid"]
    called = {"auth_id": uid} if foreign.old else {"authorization_reference": ""}
    began = foreign.now()
    foreign.session(0, **called)
    foreign.later(seconds=10)
    foreign.session(3, start=began + timedelta(seconds=4))
    foreign.later(seconds=10)
    foreign.session(4, "COMPLETED", **called)
    foreign.cdr(4, **called)
    foreign.later(seconds=2)
    assert settled(session, 4)
    assert (foreign.stops(), validities(), open_incidents()) == ([], {"S-1": "valid"}, [])


@pytest.mark.parametrize("never", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_stamps_that_stand_for_never(foreign: Foreign, driver: Driver, never: str) -> None:
    """What languages write where nothing was set. A push and a pull bear them wherever a moment may stand."""
    session = driver.start()
    body = foreign.session_body(0, "ACTIVE", "S-1", -1, None)
    over = "end_datetime" if foreign.old else "end_date_time"
    period = {"start_date_time": never, "dimensions": [{"type": "ENERGY", "volume": 1}]}
    foreign.offers(body | {"last_updated": never, over: never, "charging_periods": [period]})
    foreign.later(minutes=6)
    assert state(session)[0] == "validating"
    foreign.evse("CHARGING")
    foreign.send("PATCH", "locations/SK/ION/LOC-1/EVSE-1", {"status": "CHARGING", "last_updated": never})
    foreign.session(2, last_updated=never)
    foreign.patch(kwh=2.5, last_updated=never)
    if foreign.old:
        foreign.send("PATCH", "sessions/SK/ION/S-1", {"kwh": 3})
    foreign.offers(body | {"kwh": 3, "last_updated": never})
    foreign.later(minutes=2)
    assert state(session)[0] == "charging"
