"""What staff ended is over: a Session that comes to life afterwards is nobody's (rules 10, 12)."""

import pytest

from ocpi.models import Evse
from sessions_adhoc import staff, symptoms
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt
from tests.factories import tariff_data
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import money, open_incidents, state
from tests.support.remembering import remembered

pytestmark = pytest.mark.django_db


@pytest.fixture
@remembered
def published(evse: Evse, cpo: Cpo) -> None:
    """What the driver is shown: the price is frozen with the session, so it is there before."""
    evse.connectors.update(tariff_ids=["T-1"])
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(last_updated="2026-05-03T12:00:00Z"), 201)


@pytest.fixture
@remembered
def in_doubt(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    """A session whose START was accepted, and whose CPO tells nothing more: its attempt is still open."""
    cpo.refuses_sessions()
    session = driver.start()
    clock.forward(minutes=10)
    assert state(session) == ("escalated", "sessions_unavailable")
    return session


def test_a_session_that_appears_after_staff_released_the_funds_is_late_and_stopped(
    in_doubt: AdHocSession, cpo: Cpo, clock: Clock
) -> None:
    staff.release(in_doubt.pk, "ana", "The driver has left.")
    clock.forward(seconds=1)
    assert (state(in_doubt), money(in_doubt)) == (("failed", "released"), ("released", 0))
    attempt = ChargingAttempt.objects.get()
    assert (attempt.failure, attempt.verdict) == ("released", "The reservation was released.")
    cpo.session(3, created=True)
    clock.forward(seconds=1)
    assert AttemptSession.objects.get().validity == "late"
    assert [seen.body["session_id"] for seen in cpo.sent("STOP_SESSION")] == ["S-1"]
    assert open_incidents() == [symptoms.LATE_SESSION]


def test_an_attempt_ends_when_staff_capture_while_its_start_is_in_doubt(
    published: None, in_doubt: AdHocSession, cpo: Cpo, clock: Clock
) -> None:
    cpo.session(2, "PENDING", created=True)
    clock.forward(seconds=1)
    assert state(in_doubt)[0] == "escalated"
    staff.capture_from_last_sample(in_doubt.pk, "ana", "The driver says that it charged.")
    clock.forward(seconds=1)
    assert (state(in_doubt)[0], money(in_doubt)) == ("settled", ("captured", 121))
    assert ChargingAttempt.objects.get().ended_at is not None


@pytest.mark.parametrize(("status", "kwh"), [("COMPLETED", 3), ("INVALID", 3)])
def test_a_pending_session_that_is_over_with_energy_after_its_window_is_late(
    driver: Driver, cpo: Cpo, clock: Clock, status: str, kwh: int
) -> None:
    session = driver.start()
    cpo.session(0, "PENDING", created=True)
    clock.forward(minutes=5, seconds=5)
    assert state(session) == ("failed", "no_session")
    cpo.session(kwh, status)
    cpo.cdr(9.99)
    clock.forward(minutes=1)
    assert (AttemptSession.objects.get().validity, cpo.sent("STOP_SESSION")) == ("late", [])
    assert open_incidents() == [symptoms.LATE_SESSION]
    assert money(session) == ("released", 0)


def test_a_session_that_ends_without_energy_after_its_attempt_failed_is_not_late(
    driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    driver.start()
    cpo.session(0, "PENDING", created=True)
    clock.forward(minutes=5, seconds=5)
    cpo.session(0, "INVALID")
    clock.forward(minutes=1)
    assert (AttemptSession.objects.get().validity, open_incidents()) == ("valid", [])
