"""Events of gateways: kept before they are handled, in any order, any number of times; a lookup decides."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from pytest_django import Settings
from time_machine import Traveller

from billing import tasks
from billing.events import inbox
from billing.gateways import GatewayAnswer, GatewayUnreachable, Outcome
from billing.models import GatewayEvent, PaymentAuthorization, WaitingEvent
from billing.payments import services
from partners.ground import limiting
from tests.billing.conftest import START, ScriptedGateway, books, due, fresh, opened, story
from tests.support import tasks as queues
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db
HELD = GatewayAnswer(Outcome.DONE, gateway_reference="pi_1", amount=4000, expires_at=START + timedelta(days=7))


@pytest.fixture(autouse=True)
def stopped(clock: Traveller) -> Iterator[None]:
    """The clock stands still, and nobody has sent anything yet."""
    limiting.forget()
    yield
    limiting.forget()


@pytest.fixture
def row(scripted: ScriptedGateway) -> PaymentAuthorization:
    row = opened("pm_1", gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers.append(GatewayAnswer(Outcome.PENDING, gateway_reference="pi_1"))
    services.drive(row.pk)
    return fresh(row)


def send(number: int = 1, *, signed: str = "scripted", gateway: str = "scripted", **more: Any) -> Any:
    event = {"id": f"evt_{number}", "kind": "payment.done", "about": ["ch_1", "pi_1"]} | more
    client = Client(enforce_csrf_checks=True)
    headers = {"X-Signed-By": signed} if signed else {}
    return client.post(f"/webhooks/{gateway}/", json.dumps(event), content_type="application/json", headers=headers)


def kept() -> list[tuple[str, str]]:
    return list(GatewayEvent.objects.order_by("pk").values_list("gateway", "event_id"))


def test_an_event_is_kept_and_the_payment_looked_into(
    row: PaymentAuthorization, scripted: ScriptedGateway, run_tasks: Callable[..., list[Ran]]
) -> None:
    assert (send().status_code, kept()) == (200, [("scripted", "evt_1")])
    assert fresh(row).told_at is None
    scripted.answers.append(HELD)
    run_tasks()
    assert (fresh(row).state, WaitingEvent.objects.count()) == ("reserved", 0)
    assert ("told", "reserving", "") in story(row)
    told = row.events.get(action="told")
    assert (told.message, told.key) == ("payment.done", "evt_1")


def test_what_an_event_says_is_not_believed(
    row: PaymentAuthorization, scripted: ScriptedGateway, run_tasks: Callable[..., list[Ran]]
) -> None:
    send(kind="payment.failed")
    scripted.answers.append(GatewayAnswer(Outcome.PENDING))
    run_tasks()
    assert (fresh(row).state, fresh(row).told_at) == ("reserving", None)


def test_an_event_that_comes_twice_is_one(
    row: PaymentAuthorization, scripted: ScriptedGateway, run_tasks: Callable[..., list[Ran]]
) -> None:
    assert [send().status_code for _ in range(3)] == [200] * 3
    assert (kept(), WaitingEvent.objects.count()) == ([("scripted", "evt_1")], 1)
    scripted.answers.append(HELD)
    run_tasks()
    assert send().status_code == 200
    run_tasks()
    assert (len(kept()), WaitingEvent.objects.count(), len(scripted.questions)) == (1, 0, 1)


def test_events_in_any_order_lead_to_the_same_end(
    row: PaymentAuthorization, scripted: ScriptedGateway, run_tasks: Callable[..., list[Ran]]
) -> None:
    for number in (3, 1, 2):
        send(number)
    scripted.answers += [HELD] * 3
    run_tasks()
    assert fresh(row).state == "reserved"
    assert len(kept()) == 3
    del scripted.answers[:]


@pytest.mark.parametrize("signed", ["", "somebody else"])
def test_what_is_not_signed_is_not_kept(
    row: PaymentAuthorization, signed: str, waiting_tasks: Callable[[], list[Ran]]
) -> None:
    queued = len(waiting_tasks())
    answer = send(signed=signed)
    assert (answer.status_code, answer.content) == (400, b"The signature is wrong.")
    assert (kept(), waiting_tasks()[queued:]) == ([], [])


def test_only_gateways_that_send_events_have_an_inbox(row: PaymentAuthorization) -> None:
    assert send(gateway="nobody").status_code == 404
    assert send(gateway="simulated").status_code == 400
    assert Client().get("/webhooks/scripted/").status_code == 405
    assert kept() == []


def test_too_large_a_body_is_refused(row: PaymentAuthorization) -> None:
    assert send(padding="x" * 600_000).status_code == 413


def test_who_sends_nonsense_again_and_again_has_to_wait(row: PaymentAuthorization, settings: Settings) -> None:
    settings.LIMIT_STRANGERS = 3
    answers = [send(signed="") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 429, 429]
    assert int(answers[-1]["Retry-After"]) >= 0


def test_a_message_that_is_lost_costs_seconds(
    row: PaymentAuthorization, scripted: ScriptedGateway, clock: Traveller, run_tasks: Callable[..., list[Ran]]
) -> None:
    send()
    queues.purge()
    assert tasks.events_tick() == 1
    scripted.answers.append(HELD)
    run_tasks()
    assert fresh(row).state == "reserved"


def test_a_worker_that_dies_while_it_handles_one_leaves_it_due(
    row: PaymentAuthorization, monkeypatch: pytest.MonkeyPatch, scripted: ScriptedGateway, clock: Traveller
) -> None:
    send()
    monkeypatch.setattr(inbox, "tell", lambda *_args, **_more: (_ for _ in ()).throw(SystemExit))
    event = GatewayEvent.objects.get()
    with pytest.raises(SystemExit):
        inbox.handle(event.pk)
    monkeypatch.undo()
    assert WaitingEvent.objects.count() == 1
    inbox.handle(event.pk)
    assert (WaitingEvent.objects.count(), fresh(row).told_at) == (0, fresh(row).next_check_at)


def test_our_own_id_finds_a_payment_whose_reference_was_never_saved(
    scripted: ScriptedGateway, clock: Traveller, run_tasks: Callable[..., list[Ran]]
) -> None:
    row = opened("pm_1", gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers.append(GatewayUnreachable("read timed out", might_have_arrived=True))
    services.drive(row.pk)
    send(payment=str(row.pk))
    inbox.handle(GatewayEvent.objects.get().pk)
    assert fresh(row).told_at is not None


def test_an_event_of_another_gateway_finds_nothing_of_this_one(
    row: PaymentAuthorization, scripted: ScriptedGateway
) -> None:
    event = GatewayEvent.objects.create(
        gateway="other", event_id="evt_1", kind="x", at=START, payment=str(row.pk), about=["pi_1"]
    )
    assert inbox.payment_of(event) is None


def test_one_about_nothing_of_ours_is_given_up_after_a_while_and_kept(
    row: PaymentAuthorization, scripted: ScriptedGateway, clock: Traveller
) -> None:
    send(about=["pi_of_a_shop", ""], payment="no id of ours")
    event, waits = GatewayEvent.objects.get(), []
    while waiting := WaitingEvent.objects.first():
        clock.move_to(max(due(waiting), START))
        inbox.handle(event.pk)
        after = WaitingEvent.objects.first()
        waits.append(int((due(after) - due(waiting)).total_seconds()) if after else None)
    assert waits == [5, 10, 20, 40, 80, None]
    assert (kept(), fresh(row).told_at) == ([("scripted", "evt_1")], None)


def test_one_that_is_not_due_is_left_alone(
    row: PaymentAuthorization, scripted: ScriptedGateway, clock: Traveller
) -> None:
    send(about=["pi_of_a_shop"])
    event = GatewayEvent.objects.get()
    inbox.handle(event.pk)
    inbox.handle(event.pk)
    assert WaitingEvent.objects.get().tries == 1


def test_events_are_never_changed(row: PaymentAuthorization) -> None:
    send()
    event = GatewayEvent.objects.get()
    for change in (event.save, event.delete, GatewayEvent.objects.all().delete):
        with pytest.raises(TypeError, match="append-only"):
            change()
    for statement in ("UPDATE billing_gatewayevent SET kind = 'x'", "DELETE FROM billing_gatewayevent"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert str(event) == "payment.done evt_1"
    assert books() == []
