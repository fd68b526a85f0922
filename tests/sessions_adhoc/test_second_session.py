"""A second Session of an attempt that failed, first seen while the retry runs: it is not the retry's (7, 10, 12).

Without a reference (OCPI 2.1.1 always) its times alone tell.
"""

from datetime import timedelta

import pytest

from partners.models import Incident
from sessions_adhoc.models import AdHocSession, AttemptSession
from tests.sessions_adhoc import old_cpo
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import gateway, money, state
from tests.support.remembering import remembered

pytestmark = pytest.mark.django_db


@pytest.fixture
@remembered
def retrying(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    """The first attempt gave no energy, its Session is over, and the START of the second is accepted."""
    old_cpo.speak_2_1_1(cpo)
    session = driver.start()
    clock.forward(seconds=5)
    old_cpo.put_session(cpo, "S-1", 0, start=clock.now())
    clock.forward(seconds=10)
    old_cpo.put_session(cpo, "S-1", 0, "COMPLETED", start=BEGINNING + timedelta(seconds=5))
    clock.forward(seconds=12)
    assert (state(session)[0], len(cpo.sent("START_SESSION"))) == ("starting", 2)
    return session


def links() -> dict[str, tuple[int, str]]:
    rows = AttemptSession.objects.values_list("ocpi_session__ocpi_id", "attempt__number", "validity")
    return {ocpi_id: (number, validity) for ocpi_id, number, validity in rows}


@pytest.mark.parametrize("began", [5, 12])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_it_is_stopped_and_the_retry_is_billed(
    retrying: AdHocSession, cpo: Cpo, clock: Clock, began: int, before: bool
) -> None:
    second_start = clock.now()
    ghost = BEGINNING + timedelta(seconds=began)
    if before:
        old_cpo.put_session(cpo, "S-GHOST", 3, start=ghost)
        clock.forward(seconds=1)
        assert state(retrying)[0] == "starting"
    old_cpo.put_session(cpo, "S-2", 0, start=second_start)
    clock.forward(seconds=20)
    if not before:
        old_cpo.put_session(cpo, "S-GHOST", 3, start=ghost)
        clock.forward(seconds=1)
    assert state(retrying)[0] == "validating"
    assert [stop.body["session_id"] for stop in cpo.sent("STOP_SESSION")] == ["S-GHOST"]
    assert Incident.objects.filter(key__startswith="orphan:", closed_at=None).count() == 1
    old_cpo.put_session(cpo, "S-2", 5, start=second_start)
    clock.forward(seconds=20)
    old_cpo.put_session(cpo, "S-2", 5, "COMPLETED", start=second_start)
    clock.forward(seconds=1)
    old_cpo.put_session(cpo, "S-GHOST", 4, "COMPLETED", start=ghost)
    old_cpo.post_cdr(cpo, "CDR-GHOST", 4, 1.96, ghost, second_start - timedelta(seconds=9))
    clock.forward(seconds=1)
    assert (state(retrying)[0], money(retrying)) == ("awaiting_cdr", ("reserved", 0))
    old_cpo.post_cdr(cpo, "CDR-2", 5, 2.45, second_start, clock.now())
    clock.forward(seconds=1)
    assert (state(retrying), money(retrying)) == (("settled", ""), ("captured", 301))
    assert gateway(retrying) == ("captured", 301)
    assert links() == {"S-1": (1, "valid"), "S-2": (2, "valid"), "S-GHOST": (1, "duplicate")}
    assert len(cpo.sent("STOP_SESSION")) == 1


def test_its_stop_is_not_the_drivers(retrying: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    """The driver presses a moment after the other Session was stopped: that STOP was none of the charge that runs."""
    second_start = clock.now()
    old_cpo.put_session(cpo, "S-2", 0, start=second_start)
    clock.forward(seconds=20)
    old_cpo.put_session(cpo, "S-2", 2, start=second_start)
    clock.forward(seconds=15)
    old_cpo.put_session(cpo, "S-GHOST", 3, start=BEGINNING + timedelta(seconds=12))
    clock.forward(seconds=1)
    assert (state(retrying)[0], stopped(cpo)) == ("charging", ["S-GHOST"])
    for _ in range(2):
        assert driver.call("POST", f"{retrying.pk}/stop/").json()["state"] == "stopping"
        clock.forward(seconds=1)
    assert stopped(cpo) == ["S-GHOST", "S-2"]


def stopped(cpo: Cpo) -> list[str]:
    return [stop.body["session_id"] for stop in cpo.sent("STOP_SESSION")]


def test_one_whose_start_fits_none_is_the_retrys(retrying: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    """Some CPOs stamp the moment at which the car was plugged in."""
    old_cpo.put_session(cpo, "S-2", 0, start=BEGINNING - timedelta(minutes=3))
    clock.forward(seconds=1)
    assert (state(retrying)[0], links()["S-2"]) == ("validating", (2, "valid"))
    assert cpo.sent("STOP_SESSION") == []


def test_the_clock_is_reckoned_with(retrying: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    """A clock that is ten minutes slow dates the retry's Session before the first attempt, and none of it is lost."""
    assert stamp(clock.now())
    old_cpo.put_session(cpo, "S-2", 0, start=clock.now() - timedelta(minutes=10))
    clock.forward(seconds=1)
    assert links()["S-2"] == (2, "valid")
