"""Stripe's events at our inbox: signed or refused, in any order, twice, late or never; nothing personal is kept."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe as library
from django.test import Client
from time_machine import Traveller

from billing.models import GatewayEvent, WaitingEvent
from billing.payments import services
from partners.ground import limiting
from rehearsal.stripe_fake.server import Server
from tests.billing.conftest import drive_until_quiet, fresh
from tests.billing.stripe.conftest import KEY, SECRET, Stripe, at_the_page, page_of
from tests.support.tasks import Ran

PATH = "/webhooks/stripe/"


def event(**about: Any) -> dict[str, Any]:
    thing = {"id": "pi_1", "object": "payment_intent", "metadata": {"payment": "our-id"}} | about
    return {"id": "evt_1", "object": "event", "type": "x.y", "created": 1772452800, "data": {"object": thing}}


def send(body: Any, *, secret: str = SECRET, at: int | None = None, signature: str | None = None) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    signed = library.WebhookSignature.generate_signature_header(text, secret, at)
    headers = {"Stripe-Signature": signed if signature is None else signature}
    return Client(enforce_csrf_checks=True).post(PATH, text, content_type="application/json", headers=headers)


@pytest.fixture
def inbox(settings: Any, db: None) -> Any:
    limiting.forget()
    settings.STRIPE_WEBHOOK_SECRET = [SECRET]
    return settings


def test_a_signed_event_is_kept(inbox: Any) -> None:
    assert send(event()).status_code == 200
    kept = GatewayEvent.objects.get()
    assert (kept.gateway, kept.event_id, kept.kind, kept.payment, kept.about) == (
        "stripe",
        "evt_1",
        "x.y",
        "our-id",
        ["pi_1"],
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "whsec_somebody_else"},
        {"at": int(time.time()) - 3600},
        {"at": int(time.time()) + 3600},
        {"signature": ""},
        {"signature": "t=1"},
        {"signature": "t=x,v1=y"},
        {"signature": "nonsense"},
    ],
)
def test_what_stripe_did_not_sign_now_is_refused(inbox: Any, wrong: Any) -> None:
    answer = send(event(), **wrong)
    assert (answer.status_code, answer.content) == (400, b"The signature is missing, wrong, or too old.")
    assert not GatewayEvent.objects.exists()


def test_no_secret_is_no_entry(inbox: Any) -> None:
    inbox.STRIPE_WEBHOOK_SECRET = []
    assert send(event(), secret="").status_code == 400


def test_while_a_secret_is_replaced_both_sign(inbox: Any) -> None:
    inbox.STRIPE_WEBHOOK_SECRET = ["whsec_new", SECRET]
    assert send(event()).status_code == 200
    assert send(event() | {"id": "evt_2"}, secret="whsec_new").status_code == 200
    assert GatewayEvent.objects.count() == 2


@pytest.mark.parametrize(
    "body",
    ["", "[]", "null", "{", '{"id": 1}', "[" * 100_000, '{"id":"e","type":"t","created":1e400,"data":{"object":{}}}'],
)
def test_what_cannot_be_read_is_refused(inbox: Any, body: str) -> None:
    assert send(body).status_code == 400
    assert not GatewayEvent.objects.exists()


def test_what_tells_who_the_driver_is_is_not_kept(inbox: Any) -> None:
    personal = {
        "receipt_email": "driver@example.com",
        "billing_details": {"name": "Jana"},
        "client_secret": "pi_1_secret_2",
        "payment_method_details": {"card": {"last4": "4242"}},
        "latest_charge": {"id": "ch_1", "billing_details": {"name": "Jana"}},
    }
    assert send(event(status="succeeded", amount=4000, **personal)).status_code == 200
    kept = GatewayEvent.objects.get()
    text = json.dumps(kept.body)
    for secret in ("driver@example.com", "Jana", "secret", "4242"):
        assert secret not in text
    assert (kept.body["data"]["object"]["status"], kept.body["data"]["object"]["amount"]) == ("succeeded", 4000)
    assert kept.about == ["pi_1", "ch_1"]


@pytest.fixture
def behind(live_server: Any, settings: Any) -> Any:
    """The fake, whose events reach us over HTTP."""
    limiting.forget()
    server = Server(0, KEY, f"{live_server.url}{PATH}", SECRET)
    server.start()
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = KEY, [SECRET]
    settings.STRIPE_API_BASE = server.base
    yield Stripe(server)
    server.stop()


def wait_for_events(behind: Stripe, count: int) -> None:
    """Until so many deliveries were answered."""
    end = time.monotonic() + 20
    while len(behind.ask("delivered")) < count:
        assert time.monotonic() < end, behind.ask("delivered")
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["plain", "twice", "late", "shuffled"])
def test_the_event_brings_the_payment_forward(behind: Any, run_tasks: Callable[..., list[Ran]], mode: str) -> None:
    behind.ask("webhooks", mode=mode)
    row = at_the_page()
    behind.pay(page_of(row))
    happened = ["payment_intent.created", "payment_intent.amount_capturable_updated", "checkout.session.completed"]
    assert [told["type"] for told in behind.ask("events")] == happened
    wait_for_events(behind, 6 if mode == "twice" else 3)
    assert GatewayEvent.objects.count() == 3
    run_tasks()
    assert (fresh(row).state, WaitingEvent.objects.count()) == ("reserved", 0)
    services.request_capture(row.pk, 1500)
    run_tasks()
    assert (fresh(row).state, behind.money()) == ("captured", [("succeeded", 0, 1500)])


@pytest.mark.django_db(transaction=True)
def test_a_forged_event_brings_nothing(behind: Any, run_tasks: Callable[..., list[Ran]]) -> None:
    behind.ask("webhooks", mode="forged")
    row = at_the_page()
    behind.pay(page_of(row))
    wait_for_events(behind, 3)
    assert {status for _id, _kind, status in behind.ask("delivered")} == {400}
    assert not GatewayEvent.objects.exists()
    assert fresh(row).told_at is None


@pytest.mark.django_db(transaction=True)
def test_without_a_single_event_the_payment_is_found_all_the_same(stripe: Stripe, clock: Traveller) -> None:
    row = at_the_page()
    stripe.pay(page_of(row))
    assert drive_until_quiet(row, clock).state == "reserved"
    services.request_capture(row.pk, 1500)
    assert drive_until_quiet(row, clock).state == "captured"


@pytest.mark.django_db(transaction=True)
def test_what_was_done_at_stripes_own_pages_arrives_by_event(behind: Any, run_tasks: Callable[..., list[Ran]]) -> None:
    row = at_the_page()
    behind.pay(page_of(row))
    wait_for_events(behind, 3)
    run_tasks()
    services.request_capture(row.pk, 1500)
    run_tasks()
    behind.ask("refund", id=fresh(row).gateway_reference, amount=400)
    behind.ask("dispute", id=fresh(row).gateway_reference, amount=1500)
    wait_for_events(behind, 8)
    run_tasks()
    row = fresh(row)
    assert (row.kept_amount, row.dispute, row.next_check_at) == (1100, "open", None)
