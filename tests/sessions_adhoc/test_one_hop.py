"""From news to START_SESSION in one task: decided, committed, sent (G5.9.2); and what a worker's death costs then."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import PaymentAuthorization
from ocpi.calls import commands
from ocpi.models import Command
from partners.models import Policy
from sessions_adhoc.decide import Decision, decide
from sessions_adhoc.engine import lifecycle
from sessions_adhoc.models import AdHocSession
from tests.factories import EvseFactory
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import money, state
from tests.support.remembering import remembered
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
@remembered
def waiting(driver: Driver, cpo: Cpo) -> AdHocSession:
    """A driver who has paid and now plugs the cable in."""
    Policy.objects.create(partner=cpo.partner, start_strategy="wait_for_preparing")
    session = driver.start()
    assert state(session)[0] == "waiting_for_connector"
    return session


def test_one_task_decides_and_sends(
    waiting: AdHocSession, cpo: Cpo, waiting_tasks: Callable[[], list[Ran]], run_tasks: Callable[..., list[Ran]]
) -> None:
    cpo.evse("BLOCKED")
    assert waiting_tasks() == [("sessions_adhoc.tasks.advance", (str(waiting.pk),))]
    assert [name for name, _arguments in run_tasks()] == ["sessions_adhoc.tasks.advance"]
    assert len(cpo.sent("START_SESSION")) == 1
    assert (state(waiting)[0], Command.objects.get().tries) == ("starting", 1)


def test_from_the_wish_to_the_start_is_one_task(driver: Driver, cpo: Cpo, run_tasks: Callable[..., list[Ran]]) -> None:
    """The gateway is asked, its answer decided on and the START sent by the worker that began."""
    assert driver.call("POST", body={"evse": "SK*ION*EEVSE-1"}).status_code == 201
    assert [name for name, _arguments in run_tasks()] == ["sessions_adhoc.tasks.advance"]
    assert len(cpo.sent("START_SESSION")) == 1
    assert (AdHocSession.objects.get().state, Command.objects.get().state) == ("starting", "answered")


def test_an_answer_is_kept_where_nothing_can_be_decided_on_it(
    driver: Driver, cpo: Cpo, clock: Clock, run_tasks: Callable[..., list[Ran]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours in a decision costs time: the gateway's answer is written down, and the session is due."""
    assert driver.call("POST", body={"evse": "SK*ION*EEVSE-1"}).status_code == 201

    def fails_once_reserved(facts: Any, now: Any) -> Decision:
        if facts.payment.state == "reserved":
            raise RuntimeError("a fault of ours")
        return decide(facts, now)

    with monkeypatch.context() as patched:
        patched.setattr(lifecycle, "decide", fails_once_reserved)
        with pytest.raises(RuntimeError, match="a fault of ours"):
            run_tasks()
    session = AdHocSession.objects.get()
    assert (session.state, session.next_check_at, money(session)) == ("authorizing", clock.now(), ("reserved", 0))
    assert list(session.timeline.filter(kind="payment").values_list("text", flat=True)) == ["Payment reserved"]
    assert cpo.sent("START_SESSION") == []
    clock.sweep()
    assert (state(session)[0], len(cpo.sent("START_SESSION"))) == ("starting", 1)


def test_a_worker_that_dies_between_the_decision_and_the_sending_costs_seconds(
    waiting: AdHocSession, cpo: Cpo, clock: Clock, run_tasks: Callable[..., list[Ran]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(_command_id: str) -> None:
        raise SystemExit

    monkeypatch.setattr("sessions_adhoc.tasks.send", dies)
    cpo.evse("BLOCKED")
    with pytest.raises(SystemExit):
        run_tasks()
    monkeypatch.setattr("sessions_adhoc.tasks.send", commands.send)
    assert (cpo.sent("START_SESSION"), Command.objects.get().state) == ([], "created")
    clock.forward(seconds=6)
    assert len(cpo.sent("START_SESSION")) == 1
    assert (AdHocSession.objects.get().attempts.count(), Command.objects.get().tries) == (1, 1)


@pytest.mark.parametrize("news", ["cancelled", "paid no more", "claimed"])
def test_news_between_the_decision_and_the_sending_is_looked_at(
    waiting: AdHocSession,
    cpo: Cpo,
    driver: Driver,
    run_tasks: Callable[..., list[Ran]],
    monkeypatch: pytest.MonkeyPatch,
    news: str,
) -> None:
    """Whatever came in between makes the worker look at the facts once more (rules 1, 19)."""

    def later(command_id: str) -> None:
        if news == "cancelled":
            driver.stop(waiting)
        elif news == "paid no more":
            PaymentAuthorization.objects.update(state="released", next_check_at=None)
            AdHocSession.objects.update(next_check_at=timezone.now())
        else:
            AdHocSession.objects.update(next_check_at=timezone.now())
        commands.send(command_id)

    monkeypatch.setattr("sessions_adhoc.tasks.send", later)
    cpo.evse("BLOCKED")
    run_tasks()
    assert len(cpo.sent("START_SESSION")) == (1 if news == "claimed" else 0)
    assert Command.objects.get().tries == (1 if news == "claimed" else 0)


def test_without_news_in_between_the_facts_are_not_read_again(
    waiting: AdHocSession, cpo: Cpo, run_tasks: Callable[..., list[Ran]]
) -> None:
    cpo.evse("BLOCKED")
    with CaptureQueriesContext(connection) as captured:
        run_tasks()
    assert len(cpo.sent("START_SESSION")) == 1
    claim = next(at for at, q in enumerate(captured) if 'UPDATE "ocpi_command"' in q["sql"])
    before = [q["sql"] for q in captured.captured_queries[:claim]]
    sending = before[max(at for at, sql in enumerate(before) if 'INSERT INTO "ocpi_command"' in sql) :]
    assert not [sql for sql in sending if 'FROM "billing_paymentauthorization"' in sql or 'FROM "ocpi_cdr"' in sql]


def test_what_is_due_is_shared_between_workers(
    waiting: AdHocSession, clock: Clock, waiting_tasks: Callable[[], list[Ran]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions_adhoc.tasks.HANDED_OUT", 1)
    from sessions_adhoc.driver import services
    from sessions_adhoc.tasks import tick

    EvseFactory.create(location=waiting.evse.location, uid="EVSE-2")
    services.start_session(services.StartRequest(evse="SK*ION*EEVSE-2"))
    waiting_tasks()
    from tests.support import tasks

    tasks.purge()
    AdHocSession.objects.update(next_check_at=clock.now())
    assert tick() == 2
    batches = [arguments[0] for name, arguments in waiting_tasks() if name.endswith("advance_batch")]
    assert sorted(map(len, batches)) == [1, 1]
