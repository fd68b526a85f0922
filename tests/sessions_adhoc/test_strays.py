"""A Session with the token of an ad-hoc session that has sent no START_SESSION: nobody asked for it (rules 7, 12)."""

from collections.abc import Callable
from typing import Any

import pytest

from ocpi.models import OcpiSession
from partners.models import Incident, Policy
from sessions_adhoc import symptoms
from sessions_adhoc.driver import services
from sessions_adhoc.models import AdHocSession, AttemptSession
from tests.factories import cdr_data, session_data
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import gateway, money, open_incidents, state
from tests.support.remembering import remembered

pytestmark = pytest.mark.django_db


@pytest.fixture
@remembered
def waiting(driver: Driver, cpo: Cpo) -> AdHocSession:
    """A session whose funds are reserved, and that waits for the cable: nothing was sent to the CPO."""
    Policy.objects.create(partner=cpo.partner, start_strategy="wait_for_preparing")
    session = driver.start()
    assert (state(session)[0], cpo.sent("START_SESSION")) == ("waiting_for_connector", [])
    return session


def token_of(session: Any) -> dict[str, str]:
    return {**session_data()["cdr_token"], "uid": session.token.uid}


@pytest.fixture
def stray(waiting: AdHocSession, cpo: Cpo, clock: Clock) -> Callable[..., None]:
    """Makes the CPO tell of a Session that it began by itself, with our token."""

    def tell(kwh: float, status: str = "ACTIVE", *, created: bool = False) -> None:
        body = session_data("S-0", kwh=kwh, status=status, cdr_token=token_of(waiting))
        body |= {"authorization_reference": None, "last_updated": stamp(clock.now())}
        cpo.push("PUT", "sessions/SK/ION/S-0", body, 201 if created else 200)
        clock.forward(seconds=1)

    return tell


def stops(cpo: Cpo) -> list[str]:
    return [sent.body["session_id"] for sent in cpo.sent("STOP_SESSION")]


def test_the_session_of_a_cancelled_one_is_stopped_once_told_to_staff_and_never_billed(
    waiting: AdHocSession, stray: Callable[..., None], cpo: Cpo, clock: Clock
) -> None:
    services.cancel_session(waiting.pk)
    clock.forward(seconds=1)
    stray(0, created=True)
    clock.forward(seconds=30)
    stray(5)
    stray(5, "COMPLETED")
    assert (stops(cpo), open_incidents()) == (["S-0"], [symptoms.FOREIGN_SESSION])
    said = Incident.objects.get().evidence[0]["text"]
    assert said == "Session S-0 is ACTIVE with 0 kWh. No START_SESSION had been sent (the session is cancelled)."
    cpo.push("POST", "cdrs", cdr_data(session_id="S-0", cdr_token=token_of(waiting), authorization_reference=None), 201)
    clock.forward(minutes=1)
    assert (state(waiting), money(waiting)) == (("cancelled", "cancelled_by_driver"), ("released", 0))
    assert gateway(waiting) == ("released", 0)


def test_an_incident_that_staff_closed_is_not_opened_by_the_next_update(
    waiting: AdHocSession, stray: Callable[..., None]
) -> None:
    stray(0, created=True)
    Incident.objects.update(closed_at=Incident.objects.get().opened_at)
    stray(1)
    assert Incident.objects.count() == 1


def test_a_stray_that_is_over_is_not_stopped(waiting: AdHocSession, stray: Callable[..., None], cpo: Cpo) -> None:
    stray(5, "COMPLETED", created=True)
    assert (stops(cpo), open_incidents()) == ([], [symptoms.FOREIGN_SESSION])


def test_what_began_before_the_start_stays_an_orphan(
    waiting: AdHocSession, stray: Callable[..., None], cpo: Cpo, clock: Clock
) -> None:
    stray(0, created=True)
    cpo.evse("BLOCKED")
    clock.forward(seconds=1)
    assert (state(waiting)[0], len(cpo.sent("START_SESSION"))) == ("starting", 1)
    stray(5)
    assert (state(waiting)[0], stops(cpo)) == ("starting", ["S-0"])
    assert AttemptSession.objects.get().validity == "orphan"
    cpo.session(0, created=True)
    clock.forward(seconds=10)
    cpo.session(3)
    cpo.session(3, "COMPLETED")
    cpo.cdr(1.50, kwh=3)
    clock.forward(seconds=1)
    assert (state(waiting)[0], money(waiting), stops(cpo)) == ("settled", ("captured", 150), ["S-0"])
    assert OcpiSession.objects.count() == 2
    assert open_incidents() == [symptoms.FOREIGN_SESSION]
