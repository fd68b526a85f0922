"""Starts, tries and ends that no well-behaved CPO would tell of (rules 2-4, 7, 8, 12, 13, 19, 33)."""

from datetime import timedelta

import pytest

from ocpi.models import Connector, OcpiSession
from partners.models import Policy
from tests.factories import tariff_data
from tests.sessions_adhoc.conftest import Driver, stamp
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled, validities
from tests.sessions_adhoc.looking import open_incidents, state

pytestmark = pytest.mark.django_db
FAILED = ("failed", "released", 0)


@pytest.mark.parametrize("status", ["INVALID", "PENDING"])
def test_what_get_finds_invalid_is_as_if_it_did_not_exist(newer: Foreign, driver: Driver, status: str) -> None:
    """Rule 8's third row, on a DC charger too: the driver is let go, and tries again when he likes."""
    session, began = driver.start(), newer.now()
    newer.offers(newer.session_body(0, status, "S-1", -1, began))
    newer.later(minutes=6)
    assert (outcome(session), state(session)[1], newer.starts()) == (FAILED, "no_session", 1)
    newer.cdr(3, start=began)
    newer.later(hours=1)
    assert (outcome(session), newer.starts(), newer.stops(), open_incidents()) == (FAILED, 1, [], [])


def test_invalid_in_time_is_a_failed_handshake(newer: Foreign, driver: Driver) -> None:
    """Rule 13: there is time for another try."""
    session = driver.start()
    newer.session(0, "INVALID")
    newer.later(seconds=15)
    assert (state(session), newer.starts()) == (("starting", "no_energy"), 2)


def test_refused_then_accepted_then_there_all_the_same(newer: Foreign, driver: Driver) -> None:
    session = driver.start()
    newer.result("START_SESSION", "EVSE_OCCUPIED")
    newer.later(seconds=3)
    assert (outcome(session), state(session)[1]) == (FAILED, "start_refused")
    newer.result("START_SESSION", "ACCEPTED")
    for kwh in (0, 1, 2):
        newer.session(kwh)
        newer.later(seconds=30)
    newer.session(2, "COMPLETED")
    newer.cdr(2)
    newer.later(hours=1)
    assert (outcome(session), newer.starts(), newer.stops()) == (FAILED, 1, ["S-1"])
    assert validities() == {"S-1": "late"}
    assert open_incidents() == ["START_SESSION returns error", "Session after a START_SESSION that was refused"]


def test_a_cable_that_wavers_starts_once(newer: Foreign, driver: Driver) -> None:
    Policy.objects.create(partner=newer.cpo.partner, start_strategy="wait_for_preparing")
    session = driver.start()
    for status in ("BLOCKED", "AVAILABLE", "BLOCKED", "AVAILABLE", "BLOCKED"):
        newer.evse(status)
        newer.later(seconds=3)
    assert (state(session)[0], newer.starts()) == ("starting", 1)


def test_five_tries_and_no_more(newer: Foreign, driver: Driver) -> None:
    session = driver.start()
    for place in range(5):
        newer.session(0, name=f"S-{place}")
        newer.later(seconds=5)
        newer.session(0, "COMPLETED", f"S-{place}")
        newer.again()
        newer.later(seconds=15)
    newer.later(minutes=1)
    assert (outcome(session), state(session)[1]) == (FAILED, "no_energy")
    assert (newer.starts(), newer.stops(), open_incidents()) == (5, [], [])


def test_a_retry_under_the_id_of_the_first_try(newer: Foreign, driver: Driver) -> None:
    """And the first one asks a fee."""
    session, first = driver.start(), newer.now()
    newer.session(0, start=first)
    newer.later(seconds=20)
    newer.session(0, "COMPLETED", start=first)
    newer.later(seconds=15)
    second = newer.now()
    for kwh in (0, 3):
        newer.session(kwh, start=second)
        newer.later(seconds=5)
    assert (state(session)[0], newer.starts()) == ("charging", 2)
    newer.session(3, "COMPLETED", start=second)
    newer.cdr(0, "CDR-0", of=0, start=first, end=first + timedelta(seconds=20), net=0.35)
    newer.cdr(3, start=second)
    newer.later(seconds=5)
    assert settled(session, 3)
    assert (newer.stops(), open_incidents()) == ([], [])


def test_silent_for_long_and_on_again_beside_the_next_driver(foreign: Foreign, driver: Driver) -> None:
    Policy.objects.create(partner=foreign.cpo.partner, silence_timeout=180)
    first = foreign.charging(2)
    foreign.later(minutes=4)
    second = driver.start()
    for kwh in (9, 10):
        foreign.session(kwh, of=0)
        foreign.later(seconds=10)
    assert (foreign.stops(), state(first)[0], state(second)[0]) == (["S-1"], "awaiting_cdr", "starting")
    foreign.session(10, "COMPLETED", of=0)
    foreign.cdr(10, of=0)
    for kwh, status in ((0, "ACTIVE"), (1, "ACTIVE"), (1, "COMPLETED")):
        foreign.session(kwh, status, "S-2", of=1)
        foreign.later(seconds=3)
    foreign.cdr(1, "CDR-2", "S-2", of=1)
    foreign.later(seconds=3)
    assert settled(first, 10)
    assert settled(second, 1)
    assert (foreign.starts(), foreign.stops(), open_incidents()) == (2, ["S-1"], [])


def test_stopped_before_the_session_that_is_over_when_it_comes(foreign: Foreign, driver: Driver) -> None:
    """Rule 20: it delivered, so it is owed, and there is nothing to stop."""
    session, began = driver.start(), foreign.now()
    foreign.later(seconds=5)
    driver.stop(session)
    foreign.later(seconds=30)
    foreign.session(0.4, "COMPLETED", start=began)
    foreign.cdr(0.4, start=began)
    foreign.later(seconds=2)
    assert settled(session, 0.4)
    assert (foreign.starts(), foreign.stops(), open_incidents()) == (1, [], [])


def test_watt_hours_for_kilowatt_hours(newer: Foreign, driver: Driver) -> None:
    """No charger delivers that: it says that energy flows, and ends nobody's charge. The CDR tells what is owed."""
    Connector.objects.update(tariff_ids=["T-1"])
    included = {"tax_included": "NO"} if newer.version == "2.3.0" else {}
    newer.send("PUT", "tariffs/SK/ION/T-1", tariff_data("T-1", last_updated=stamp(newer.now()), **included))
    session = driver.start()
    for kwh in (0, 500):
        newer.session(kwh)
        newer.later(seconds=10)
    assert (state(session), newer.stops()) == (("charging", ""), [])
    newer.session(700, "COMPLETED")
    newer.cdr(0.7, net=0.343)
    newer.later(minutes=40)
    assert outcome(session) == ("settled", "captured", 42)
    assert open_incidents() == []


def test_names_in_another_case(newer: Foreign, driver: Driver) -> None:
    session = driver.start()
    for kwh, status, name in ((0, "ACTIVE", "s-1"), (1, "ACTIVE", "S-1"), (2, "COMPLETED", "s-1")):
        body = newer.session_body(kwh, status, name, -1, newer.began.get("s-1"))
        token = body["cdr_token"] | {"uid": body["cdr_token"]["uid"].upper()}
        body |= {"authorization_reference": body["authorization_reference"].upper(), "cdr_token": token}
        body |= {"location_id": "loc-1", "evse_uid": "evse-1", "country_code": "sk", "party_id": "ion"}
        newer.send("PUT", f"sessions/sk/ion/{name}", body)
        newer.later(seconds=5)
    newer.cdr(2, session="S-1", start=newer.began["s-1"], place=newer.place("1", "loc-1", "evse-1"))
    newer.later(seconds=2)
    assert settled(session, 2)
    assert (OcpiSession.objects.count(), open_incidents()) == (1, [])
