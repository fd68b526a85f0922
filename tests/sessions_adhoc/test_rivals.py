"""Two at once: whatever the order, one START, one capture, one session (rules 1, 24). Threads with real commits."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from billing.models import PaymentAuthorization, SimulatedOperation
from ocpi.models import Command, Evse
from partners.models import Policy
from sessions_adhoc.driver import services
from sessions_adhoc.engine import lifecycle
from sessions_adhoc.models import AdHocSession, ChargingAttempt, TimelineEvent
from tests.factories import ConnectorFactory, EvseFactory
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver
from tests.sessions_adhoc.looking import gateway, money, state
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db(transaction=True)


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls at the same moment, each with a connection of its own; return results or exceptions."""
    barrier = threading.Barrier(len(calls))
    outcomes: list[Any] = [None] * len(calls)

    def run(index: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            outcomes[index] = call()
        except Exception as error:  # noqa: BLE001 - it is the outcome
            outcomes[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    return outcomes


def test_many_workers_advancing_one_session_open_one_attempt(
    driver: Driver, cpo: Cpo, run_tasks: Callable[..., list[Ran]]
) -> None:
    answer = driver.call("POST", body={"evse": "SK*ION*EEVSE-1"})
    session_id = answer.json()["id"]
    lifecycle.advance(session_id)
    from billing.payments.services import drive

    drive(AdHocSession.objects.get().authorization_id)
    outcomes = together(*[lambda: lifecycle.advance(session_id)] * 6)
    assert set(outcomes) == {"starting"}
    assert (ChargingAttempt.objects.count(), Command.objects.count()) == (1, 1)
    assert TimelineEvent.objects.filter(state_to="starting").count() == 1


def test_many_workers_sending_one_start_send_it_once(
    driver: Driver, cpo: Cpo, run_tasks: Callable[..., list[Ran]]
) -> None:
    from ocpi.calls import commands

    session = driver.start()
    assert len(cpo.sent("START_SESSION")) == 1
    Command.objects.update(state="created")
    command = Command.objects.get()
    together(*[lambda: commands.send(command.pk)] * 6)
    assert len(cpo.sent("START_SESSION")) == 2
    assert state(session)[0] == "starting"


def test_the_drivers_stop_and_the_end_at_once(
    driver: Driver, cpo: Cpo, clock: Clock, run_tasks: Callable[..., list[Ran]]
) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    run_tasks()
    cpo.session(5)
    run_tasks()
    assert state(session)[0] == "charging"
    together(
        lambda: services.stop_session(session.pk),
        lambda: cpo.session(6, "COMPLETED"),
        lambda: cpo.cdr(4.20),
    )
    run_tasks()
    clock.forward(seconds=30)
    assert state(session)[0] == "settled"
    assert (money(session), gateway(session)) == (("captured", 420), ("captured", 420))
    assert SimulatedOperation.objects.filter(verb="capture").count() == 1


def test_two_requests_with_one_key_at_once_are_one_session(driver: Driver, cpo: Cpo) -> None:
    headers = {"Idempotency-Key": "k-1"}
    answers = together(*[lambda: driver.call("POST", body={"evse": "SK*ION*EEVSE-1"}, **headers)] * 4)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert AdHocSession.objects.count() == 1


def test_two_tries_at_once_share_no_hold(
    driver: Driver, cpo: Cpo, evse: Evse, run_tasks: Callable[..., list[Ran]]
) -> None:
    """One goes on with what the first try left held, the other reserves for itself or is turned away (ADR 14)."""
    Policy.objects.create(hold_for_retry=600)
    cpo.accept("START_SESSION", "REJECTED")
    failed = driver.start()
    cpo.accept("START_SESSION")
    before = BEGINNING - timedelta(days=1)
    other = EvseFactory.create(location=evse.location, uid="EVSE-2", evse_id="SK*ION*EEVSE-2", last_updated=before)
    ConnectorFactory.create(evse=other, last_updated=before)
    wishes = [{"evse": f"SK*ION*EEVSE-{number}", "previous": str(failed.pk)} for number in (1, 2, 1, 2)]
    answers = together(*[lambda wish=wish: driver.call("POST", body=wish) for wish in wishes])
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409]
    run_tasks()
    owners = AdHocSession.objects.filter(previous=failed).values_list("authorization_id", flat=True)
    assert (len(set(owners)), failed.authorization_id in owners) == (2, True)
    assert PaymentAuthorization.objects.filter(state="reserved").count() == 2
    failed.refresh_from_db()
    assert (money(failed), SimulatedOperation.objects.filter(verb="reserve").count()) == (("handed_on", 0), 2)
