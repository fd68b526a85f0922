"""Connector and Session overtake each other (rules 11, 13-16)."""

from datetime import timedelta

import pytest

from partners.models import Policy
from tests.sessions_adhoc.conftest import Driver
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled
from tests.sessions_adhoc.looking import state

pytestmark = pytest.mark.django_db


def test_available_overtakes_completed_with_energy(foreign: Foreign, driver: Driver) -> None:
    session = foreign.validating()
    foreign.evse("CHARGING")
    foreign.later(seconds=60)
    foreign.evse("AVAILABLE")
    foreign.later(seconds=2)
    foreign.session(3, "COMPLETED")
    foreign.later(seconds=30)
    assert (outcome(session), foreign.starts(), foreign.stops()) == (("awaiting_cdr", "reserved", 0), 1, [])
    foreign.cdr(3)
    foreign.later(seconds=5)
    assert settled(session, 3)


def test_the_fall_is_known_and_get_knows_the_energy(foreign: Foreign) -> None:
    session = foreign.validating()
    foreign.evse("CHARGING")
    foreign.later(seconds=30)
    foreign.offers(foreign.session_body(2, "ACTIVE", "S-1", -1, None))
    foreign.evse("AVAILABLE")
    foreign.later(seconds=40)
    assert (state(session)[0], foreign.starts()) == ("awaiting_cdr", 1)
    foreign.cdr(2)
    foreign.later(minutes=31)
    assert settled(session, 2)


def test_a_flap_of_three_seconds_while_validating(foreign: Foreign) -> None:
    session = foreign.validating()
    foreign.evse("CHARGING")
    foreign.later(seconds=10)
    foreign.evse("AVAILABLE")
    foreign.later(seconds=3)
    foreign.evse("CHARGING")
    foreign.later(seconds=10)
    foreign.session(9)
    foreign.later(seconds=10)
    assert (state(session)[0], foreign.starts(), foreign.stops()) == ("charging", 1, [])
    foreign.session(9, "COMPLETED")
    foreign.cdr(9)
    foreign.later(seconds=5)
    assert settled(session, 9)


def test_a_flap_of_three_seconds_while_charging(foreign: Foreign) -> None:
    session = foreign.charging(3)
    foreign.evse("BLOCKED")
    foreign.later(seconds=3)
    foreign.evse("CHARGING")
    foreign.later(seconds=30)
    assert (state(session)[0], foreign.stops()) == ("charging", [])


def test_charging_before_the_start_and_again_after_it_then_the_fall(foreign: Foreign, driver: Driver) -> None:
    foreign.evse("CHARGING")
    session = driver.start()
    foreign.session(0)
    foreign.later(seconds=5)
    foreign.evse("CHARGING")
    foreign.later(seconds=5)
    foreign.evse("AVAILABLE")
    foreign.offers(foreign.session_body(0, "ACTIVE", "S-1", -1, None))
    foreign.later(seconds=40)
    assert (state(session)[0], foreign.starts()) == ("starting", 2)


def test_blocked_before_charging_is_the_way_in(foreign: Foreign, driver: Driver) -> None:
    session = driver.start()
    foreign.evse("BLOCKED")
    foreign.session(0)
    foreign.later(seconds=60)
    foreign.evse("BLOCKED")
    foreign.later(seconds=60)
    assert (state(session)[0], foreign.starts(), foreign.stops()) == ("validating", 1, [])


def test_a_first_value_above_zero_is_energy(foreign: Foreign, driver: Driver) -> None:
    session = driver.start()
    foreign.later(seconds=20)
    foreign.session(2)
    foreign.later(seconds=1)
    assert (state(session)[0], foreign.starts()) == ("charging", 1)


def test_a_first_value_above_zero_of_a_meter_that_counts_on_is_not(foreign: Foreign, driver: Driver) -> None:
    """The Session began before the START: its first value is the meter's, and must rise."""
    foreign.later(minutes=10)
    session = driver.start()
    foreign.session(1234.5, start=foreign.now() - timedelta(minutes=5))
    foreign.later(seconds=20)
    assert state(session)[0] in ("validating", "starting")
    assert outcome(session)[1:] == ("reserved", 0)


def test_news_of_the_connector_from_a_slow_clock_counts(foreign: Foreign) -> None:
    session = foreign.charging(3)
    slow = timedelta(hours=1)
    foreign.later(seconds=30)
    foreign.evse("AVAILABLE", foreign.now() + timedelta(seconds=1))
    foreign.later(seconds=10)
    assert state(session)[0] == "awaiting_cdr"
    assert slow


def test_old_news_of_the_connector_changes_nothing(foreign: Foreign) -> None:
    session = foreign.charging(3)
    foreign.later(seconds=30)
    foreign.evse("CHARGING")
    foreign.later(seconds=5)
    foreign.evse("AVAILABLE", foreign.now() - timedelta(seconds=20))
    foreign.later(seconds=15)
    assert state(session)[0] == "charging"


def test_preparing_starts_who_waits_for_it(foreign: Foreign, driver: Driver) -> None:
    Policy.objects.create(partner=foreign.cpo.partner, start_strategy="wait_for_preparing")
    session = driver.start()
    foreign.later(seconds=30)
    assert (state(session)[0], foreign.starts()) == ("waiting_for_connector", 0)
    foreign.evse("PREPARING")
    foreign.later(seconds=1)
    assert (state(session)[0], foreign.starts()) == ("starting", 1)


def test_an_attempts_session_arrives_at_the_retry(foreign: Foreign, driver: Driver) -> None:
    """The first attempt gave no energy; its Session then brings energy while the retry waits for its own."""
    session = foreign.validating()
    foreign.session(0, "COMPLETED")
    foreign.later(seconds=11)
    assert (state(session)[0], foreign.starts()) == ("starting", 2)
    foreign.session(0, name="S-2")
    foreign.later(seconds=10)
    foreign.session(4, name="S-2")
    foreign.later(seconds=1)
    foreign.session(0, "COMPLETED", of=0)
    foreign.later(seconds=1)
    foreign.cdr(0, "CDR-1", "S-1", of=0, net=1, end=foreign.began["S-1"] + timedelta(seconds=10))
    foreign.later(seconds=10)
    assert outcome(session) == ("charging", "reserved", 0)
    foreign.session(8, "COMPLETED", "S-2")
    foreign.cdr(8, "CDR-2", "S-2")
    foreign.later(seconds=5)
    assert settled(session, 8)


def test_another_session_of_the_first_attempt_appears_at_the_retry(
    newer: Foreign, foreign: Foreign, driver: Driver
) -> None:
    """Its reference names the attempt that failed: it is late, and the retry goes on waiting for its own."""
    session = driver.start()
    first = foreign.now()
    foreign.session(0, "PENDING")
    foreign.later(seconds=5)
    foreign.session(0, "INVALID")
    foreign.later(seconds=15)
    assert foreign.starts() == 2
    foreign.session(3, name="S-9", of=0, start=first)
    foreign.later(seconds=5)
    assert state(session)[0] == "starting"
    assert foreign.stops() == ["S-9"]
