"""Starting, against the odds: queues that are old news, orphans, Sessions that nobody can read (rules 1, 5-12)."""

from collections.abc import Callable
from typing import Any

import pytest

from ocpi.calls import commands
from ocpi.models import Command, Evse
from ocpi.tasks import commands_tick
from partners.models import Incident, Policy, RemoteEndpoint
from sessions_adhoc import symptoms
from sessions_adhoc.engine import lifecycle
from sessions_adhoc.models import AdHocSession, AttemptSession, Sample
from tests.factories import session_data
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import gateway, money, open_incidents, state
from tests.support import tasks
from tests.support.remembering import remembered
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:9/commands"


@pytest.fixture
@remembered
def about_to_start(driver: Driver, run_tasks: Callable[..., list[Ran]]) -> AdHocSession:
    """A session whose START_SESSION waits in the queue."""
    from billing.payments.services import drive

    session_id = driver.call("POST", body={"evse": "SK*ION*EEVSE-1"}).json()["id"]
    tasks.purge()
    lifecycle.advance(session_id)
    session = AdHocSession.objects.get(pk=session_id)
    drive(session.authorization_id)
    tasks.purge()
    lifecycle.advance(session_id)
    assert state(session)[0] == "starting"
    return session


# Rules 1 and 5: a message in a queue is old news


def test_a_start_in_the_queue_is_sent_once_however_often_it_was_queued(
    about_to_start: Any, cpo: Cpo, run_tasks: Callable[..., list[Ran]]
) -> None:
    command = Command.objects.get()
    for _ in range(3):
        commands.send(command.pk)
    run_tasks()
    assert len(cpo.sent("START_SESSION")) == 1


def test_a_start_in_the_queue_is_not_sent_once_the_driver_has_gone(
    about_to_start: Any, cpo: Cpo, driver: Driver, run_tasks: Callable[..., list[Ran]]
) -> None:
    tasks.waiting_tasks()
    driver.stop(about_to_start)
    assert state(about_to_start) == ("failed", "stopped_by_driver")
    assert (cpo.sent("START_SESSION"), Command.objects.get().state) == ([], "created")
    assert money(about_to_start) == ("released", 0)


def test_a_start_in_the_queue_is_not_sent_once_the_money_has_gone(
    about_to_start: Any, cpo: Cpo, run_tasks: Callable[..., list[Ran]]
) -> None:
    type(about_to_start.authorization).objects.update(state="expired", next_check_at=None)
    run_tasks()
    assert cpo.sent("START_SESSION") == []
    assert lifecycle.advance(about_to_start.pk) == "failed"
    assert state(about_to_start) == ("failed", "payment_lost")


def test_a_start_that_no_worker_sent_in_its_window_is_given_up(about_to_start: Any, cpo: Cpo, clock: Clock) -> None:
    clock.traveller.shift(300)
    clock.sweep()
    assert state(about_to_start) == ("failed", "start_not_sent")
    assert (money(about_to_start), cpo.sent("START_SESSION"), open_incidents()) == (("released", 0), [], [])


def test_what_cannot_arrive_waits_between_its_tries_however_often_it_was_queued(
    driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    RemoteEndpoint.objects.filter(module="commands").update(url=NOWHERE)
    driver.start()
    command = Command.objects.get()
    commands.send(command.pk)
    commands.send(command.pk)
    assert Command.objects.get().tries == 1
    clock.forward(seconds=2)
    commands.send(command.pk)
    assert Command.objects.get().tries == 2


def test_a_failed_sessions_start_is_not_sent_when_the_server_is_back(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    RemoteEndpoint.objects.filter(module="commands").update(url=NOWHERE)
    session = driver.start()
    driver.stop(session)
    assert state(session)[0] == "failed"
    RemoteEndpoint.objects.filter(module="commands").update(url=f"{cpo.server.url}/commands")
    clock.forward(minutes=1)
    commands.send(Command.objects.get().pk)
    assert cpo.sent("START_SESSION") == []


# Rules 7, 10 and 12: orphans


def test_the_energy_of_a_duplicate_is_not_ours(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    cpo.session(0, session_id="S-2", created=True)
    clock.forward(seconds=10)
    cpo.session(7, session_id="S-2")
    clock.forward(seconds=1)
    assert state(session)[0] == "validating"
    assert set(Sample.objects.filter(ocpi_session__ocpi_id="S-2").values_list("ignored", flat=True)) == {
        "its Session is not valid"
    }
    assert driver.call("GET", f"{session.pk}/").json()["meter"]["kwh"] == 0


@pytest.mark.parametrize(("status", "stops"), [("COMPLETED", 0), ("ACTIVE", 1), ("PENDING", 1)])
def test_a_session_that_first_appears_after_the_window_is_late(
    driver: Driver, cpo: Cpo, clock: Clock, status: str, stops: int
) -> None:
    session = driver.start()
    clock.forward(minutes=5, seconds=5)
    assert state(session) == ("failed", "no_session")
    cpo.session(7, status, created=True)
    clock.forward(seconds=1)
    assert (AttemptSession.objects.get().validity, len(cpo.sent("STOP_SESSION"))) == ("late", stops)
    assert open_incidents() == [symptoms.LATE_SESSION]


def test_a_pending_session_that_comes_to_life_after_the_window_is_late(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, "PENDING", created=True)
    clock.forward(minutes=5, seconds=5)
    assert state(session) == ("failed", "no_session")
    cpo.session(0)
    clock.forward(seconds=30)
    cpo.session(3)
    cpo.session(4, "COMPLETED")
    cpo.cdr(9.99)
    clock.forward(minutes=1)
    assert AttemptSession.objects.get().validity == "late"
    assert len(cpo.sent("STOP_SESSION")) == 1
    assert open_incidents() == [symptoms.LATE_SESSION]
    assert (money(session), gateway(session)) == (("released", 0), ("released", 0))


def test_a_session_that_delivers_after_its_attempt_failed_is_late_and_not_stopped_twice(
    driver: Driver, cpo: Cpo, clock: Clock, evse: Evse
) -> None:
    evse.connectors.update(power_type="AC_3_PHASE")
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(minutes=5)
    assert state(session) == ("failed", "no_energy")
    cpo.session(0)
    clock.forward(seconds=1)
    assert (AttemptSession.objects.get().validity, open_incidents()) == ("valid", [])
    cpo.session(2)
    clock.forward(seconds=1)
    assert (AttemptSession.objects.get().validity, open_incidents()) == ("late", [symptoms.LATE_SESSION])
    assert len(cpo.sent("STOP_SESSION")) == 1


def test_an_orphan_stays_on_the_staff_queue_when_the_session_settles(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    cpo.session(0, session_id="S-2", created=True)
    cpo.session(0, session_id="S-2")
    clock.forward(seconds=10)
    cpo.session(7)
    cpo.session(7, "COMPLETED")
    cpo.cdr(3.21)
    clock.forward(seconds=1)
    assert (state(session)[0], open_incidents()) == ("settled", [symptoms.FOREIGN_SESSION])
    incident = Incident.objects.get()
    assert (incident.reference, incident.occurrences) == (str(session.pk), 1)
    assert [item["text"].split(" ")[0] for item in incident.evidence] == ["Session", "POST", "PUT"]


def test_a_session_told_after_its_cdr_is_no_orphan(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    driver.start()
    clock.forward(minutes=2)
    cpo.cdr(2.20, kwh=2)
    clock.forward(seconds=1)
    cpo.session(2, "COMPLETED", created=True)
    clock.forward(seconds=1)
    assert (AttemptSession.objects.get().validity, open_incidents()) == ("valid", [])


def test_an_orphans_stop_is_sent_although_its_task_was_lost(
    driver: Driver, cpo: Cpo, clock: Clock, run_tasks: Callable[..., list[Ran]]
) -> None:
    driver.start()
    cpo.session(0, session_id="S-9", created=True, evse_uid="EVSE-9")
    tasks.waiting_tasks()
    tasks.purge()
    clock.traveller.shift(20)
    for _ in range(3):
        commands_tick()
        run_tasks()
    assert [seen.body["session_id"] for seen in cpo.sent("STOP_SESSION")] == ["S-9"]


# Rule 8


@pytest.mark.parametrize(("broken", "outcome"), [("ours", "escalated"), ("another", "failed")])
def test_a_session_of_ours_that_cannot_be_read_is_no_answer(
    driver: Driver, cpo: Cpo, clock: Clock, broken: str, outcome: str
) -> None:
    session = driver.start()
    uid = cpo.sent("START_SESSION")[0].body["token"]["uid"] if broken == "ours" else "SOMEBODY"
    unreadable = session_data(kwh="much", cdr_token={**session_data()["cdr_token"], "uid": uid})
    cpo.offers_sessions(unreadable)
    clock.forward(minutes=10)
    assert state(session)[0] == outcome
    assert gateway(session)[0] == ("reserved" if broken == "ours" else "released")


def test_a_cdr_without_energy_bills_nothing_while_the_start_is_in_doubt(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    cpo.refuses_sessions()
    session = driver.start()
    clock.forward(minutes=10)
    assert state(session)[0] == "escalated"
    cpo.cdr(4.20, kwh=0)
    clock.forward(seconds=5)
    assert (state(session), money(session)) == (("failed", "no_energy"), ("released", 0))
    assert open_incidents() == []


# Rule 2


def test_a_policy_of_the_charger_goes_before_that_of_the_partner(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    Policy.objects.create(partner=cpo.partner, start_strategy="wait_for_preparing")
    Policy.objects.create(
        partner=cpo.partner, location_id="LOC-1", evse_uid=Evse.objects.get().uid, start_strategy="immediate"
    )
    assert state(driver.start())[0] == "starting"


def test_the_response_of_2_1_1_that_tells_a_timeout_opens_the_window(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    cpo.server.on("/commands/START_SESSION", envelope({"result": "TIMEOUT"}))
    session = driver.start()
    clock.forward(minutes=4)
    assert state(session)[0] == "starting"
