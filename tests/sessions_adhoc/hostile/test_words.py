"""What the driver and the CPO are told is true (rules 39, 40)."""

import re

import pytest
from django.core import mail

from partners.models import Incident
from sessions_adhoc.models import AdHocSession
from tests.sessions_adhoc.conftest import Driver
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome
from tests.sessions_adhoc.looking import state

pytestmark = pytest.mark.django_db


def message(driver: Driver, session: AdHocSession) -> str:
    return str(driver.call("GET", f"{session.pk}/").json()["message"])


def page(driver: Driver, session: AdHocSession) -> str:
    answer = driver.http.get(f"/c/session/{session.pk}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def incidents() -> list[Incident]:
    return list(Incident.objects.order_by("pk"))


def test_nobody_plugged_in_accuses_nobody(foreign: Foreign, driver: Driver) -> None:
    session = driver.start()
    foreign.result("START_SESSION", "TIMEOUT")
    foreign.evse("AVAILABLE")
    foreign.later(minutes=10)
    assert outcome(session) == ("failed", "released", 0)
    assert (incidents(), mail.outbox) == ([], [])


def test_a_refused_start_is_the_cpos(foreign: Foreign, driver: Driver) -> None:
    session = driver.start()
    foreign.result("START_SESSION", "REJECTED")
    foreign.later(minutes=2)
    assert outcome(session) == ("failed", "released", 0)
    (incident,) = incidents()
    assert (incident.symptom, incident.tell_cpo) == ("START_SESSION returns error", True)
    assert "REJECTED" in incident.letter


@pytest.mark.parametrize("failing", ["rejected", "no session", "no energy", "stopped"])
def test_nothing_held_is_nothing_safe(foreign: Foreign, driver: Driver, failing: str) -> None:
    if failing == "rejected":
        foreign.answer("START_SESSION", "REJECTED")
    session = foreign.validating() if failing in ("no energy", "stopped") else driver.start()
    if failing == "stopped":
        driver.stop(session)
        foreign.session(0, "COMPLETED")
    foreign.later(minutes=40)
    assert outcome(session) == ("failed", "released", 0)
    for text in (message(driver, session), page(driver, session)):
        assert "safe" not in text.lower()
        assert not re.search(r"\d\.\d{3,} ?min", text)


def test_escalated_money_is_held_and_said_so(foreign: Foreign, driver: Driver) -> None:
    foreign.cpo.refuses_sessions()
    session = driver.start()
    foreign.later(minutes=15)
    assert outcome(session) == ("escalated", "reserved", 0)
    assert state(session)[1] == "sessions_unavailable"
    assert "released" not in message(driver, session).lower()
