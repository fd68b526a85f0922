"""A driver who pays at the gateway's own page: sent there, taken back, and told the truth meanwhile."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from billing.models import PaymentAuthorization
from ocpi.models import Evse
from rehearsal.stripe_fake.server import Server
from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import AdHocSession
from tests.billing.stripe.conftest import KEY, NOWHERE, SECRET, Stripe
from tests.driver import scene
from tests.driver.test_charger_page import words
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db
PAGE = f"/c/{scene.EVSE_ID}"


@pytest.fixture
def stripe(settings: Settings) -> Iterator[Stripe]:
    server = Server(0, KEY, NOWHERE, SECRET)
    server.fake.webhooks.mode = "lost"
    server.start()
    settings.PAYMENT_GATEWAY, settings.STRIPE_API_BASE = "stripe", server.base
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = KEY, [SECRET]
    yield Stripe(server)
    server.stop()


def test_the_page_sends_the_driver_to_pay_and_takes_him_back(
    client: Client, evse: Evse, form: Callable[..., dict[str, Any]], stripe: Stripe, run_tasks: Callable[..., list[Ran]]
) -> None:
    assert "Test payment" not in words(client.get(PAGE))
    started = client.post(PAGE, form(card=""), headers={"Accept-Language": "sk-SK,sk;q=0.9"})
    assert started.status_code == 302
    address = started["Location"]
    run_tasks()
    page = stripe.one("checkout.session")
    session = AdHocSession.objects.get()
    assert (page["locale"], page["success_url"]) == ("sk", f"http://127.0.0.1:8000/c/session/{session.pk}?back=1")
    assert page["metadata"] == {
        "session": str(session.pk),
        "evse": str(session.evse),
        "cpo": session.partner.code,
        "charger": session.evse.code,
        "connector": "1",
        "token": session.token.uid,
        "offer": session.offer_hash,
        "payment": str(session.authorization_id),
    }
    shown = client.get(address)
    text = words(shown)
    assert "Please pay" in text
    assert "Pay now" in text
    assert "will be reserved on your card when you pay" in text
    assert f'href="{page["url"]}"' in shown.content.decode()
    assert client.get(f"{address}.json").json()["view"]["pay_url"] == page["url"]

    stripe.pay(page["url"])
    PaymentAuthorization.objects.update(updated_at=timezone.now() - timedelta(seconds=10))
    assert client.get(f"{address}?back=1").status_code == 200
    run_tasks()
    assert client.get(f"{address}.json").json()["view"]["pay_url"] == ""
    assert "40.00 € is reserved on your card" in words(client.get(address)).replace("\u00a0", " ")
    assert AdHocSession.objects.get().authorization.state == "reserved"


def test_coming_back_again_and_again_asks_the_gateway_once(
    client: Client, evse: Evse, form: Callable[..., dict[str, Any]], stripe: Stripe, run_tasks: Callable[..., list[Ran]]
) -> None:
    url = client.post(PAGE, form(card=""))["Location"]
    run_tasks()
    PaymentAuthorization.objects.update(updated_at=timezone.now() - timedelta(seconds=10))
    asked = len(stripe.calls())
    for _ in range(5):
        client.get(f"{url}?back=1")
    run_tasks()
    for _ in range(5):
        client.get(f"{url}?back=1")
    run_tasks()
    assert stripe.calls()[asked:] == ["checkout.sessions.retrieve"]


def test_who_gives_up_at_the_page_pays_nothing(
    client: Client, evse: Evse, form: Callable[..., dict[str, Any]], stripe: Stripe, run_tasks: Callable[..., list[Ran]]
) -> None:
    url = client.post(PAGE, form(card=""))["Location"]
    run_tasks()
    client.post(f"{url}/cancel")
    run_tasks()
    assert stripe.one("checkout.session")["status"] == "expired"
    assert "Nothing was reserved on your card." in words(client.get(url))


def test_the_api_hands_out_what_to_do(
    client: Client, evse: Evse, stripe: Stripe, run_tasks: Callable[..., list[Ran]]
) -> None:
    _, key = create_client_key("app")
    headers = {"Authorization": f"Bearer {key}"}
    wish = {"evse": scene.EVSE_ID, "return_url": "https://app.example/done", "locale": "de-AT"}
    answer = client.post("/api/v1/ad-hoc-sessions/", wish, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["payment_action"]) == (201, None)
    run_tasks()
    url = f"/api/v1/ad-hoc-sessions/{answer.json()['id']}/"
    now = client.get(url, headers=headers).json()
    page = stripe.one("checkout.session")
    assert (page["success_url"], page["locale"]) == ("https://app.example/done", "de")
    action = now["payment_action"]
    assert (action["type"], action["url"], action["client_secret"]) == ("redirect", page["url"], "")
    assert now["message"] == "Bitte bezahlen: Die Ladesäule startet, sobald der Betrag auf der Karte reserviert ist."
    assert now["money"]["reserved"] == 0


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"return_url": "javascript:alert(1)"}, 400),
        ({"locale": "x"}, 400),
        ({"email": "nobody"}, 400),
        ({"payment_reference": "pi_1"}, 409),
    ],
)
def test_what_makes_no_sense_is_refused(
    client: Client, evse: Evse, stripe: Stripe, wish: dict[str, str], status: int
) -> None:
    _, key = create_client_key("app")
    answer = client.post(
        "/api/v1/ad-hoc-sessions/",
        {"evse": scene.EVSE_ID} | wish,
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == status
    assert not AdHocSession.objects.exists()


def hold_at_a_terminal(stripe: Stripe) -> str:
    """What a terminal has reserved by itself; its reference."""
    books = stripe.server.fake.books
    intent = books.create_intent(
        {"amount": 5000, "currency": "eur", "capture_method": "manual", "payment_method": "pm_card_visa"}
    )
    books.confirm(intent, {})
    return str(intent["id"])


def bring(client: Client, key: str, reference: str) -> Any:
    wish = {"evse": scene.EVSE_ID, "channel": "terminal", "payment_reference": reference}
    headers = {"Authorization": f"Bearer {key}"}
    return client.post("/api/v1/ad-hoc-sessions/", wish, content_type="application/json", headers=headers)


def test_a_key_without_the_right_brings_nothing(client: Client, evse: Evse, stripe: Stripe) -> None:
    _, key = create_client_key("app")
    answer = bring(client, key, hold_at_a_terminal(stripe))
    assert (answer.status_code, answer.json()["field"]) == (409, "payment_reference")
    assert answer.json()["detail"] == "This key may not bring a payment that was reserved before."
    assert not AdHocSession.objects.exists()
    assert stripe.money() == [("requires_capture", 5000, 0)]


def test_what_is_held_for_another_session_is_nobody_elses(
    client: Client, evse: Evse, stripe: Stripe, run_tasks: Callable[..., list[Ran]]
) -> None:
    """Whoever knows the gateway's reference of another driver's payment cannot charge at his cost."""
    PaymentAuthorization.objects.create(
        reference="another", amount=4000, currency="EUR", gateway="stripe", gateway_reference="pi_of_another"
    )
    _, key = create_client_key("terminal", brings_holds=True)
    answer = bring(client, key, "pi_of_another")
    assert (answer.status_code, answer.json()["field"]) == (409, "payment_reference")
    assert not AdHocSession.objects.exists()


def test_a_terminal_brings_what_it_has_reserved(
    client: Client, evse: Evse, stripe: Stripe, run_tasks: Callable[..., list[Ran]]
) -> None:
    _, key = create_client_key("terminal", brings_holds=True)
    held = hold_at_a_terminal(stripe)
    answer = bring(client, key, held)
    assert answer.status_code == 201
    run_tasks()
    payment = AdHocSession.objects.get().authorization
    assert (payment.state, payment.adopted, payment.gateway_reference) == ("reserved", True, held)
