"""What was still open, paid at a hosted page: events in any order, staff at the gateway's own pages, a restore."""

import json
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe as library
from django.test import Client

from billing.models import OutstandingAmount, PaymentAuthorization
from billing.payments import services
from ocpi.models import Evse
from sessions_adhoc import staff, symptoms
from sessions_adhoc.models import AdHocSession
from tests.billing.stripe.conftest import SECRET, Stripe, stripe
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import open_incidents
from tests.sessions_adhoc.restoring.conftest import Database, database, kinds, paying, reconcile
from tests.sessions_adhoc.test_paying_afterwards import documents, owing, paid_of, rows, said

__all__ = ["database", "owing", "paying", "stripe"]
pytestmark = pytest.mark.django_db
OPEN, PAID = [("receivable", 808, 0, "open")], [("receivable", 808, 808, "collected")]
TAKEN = [("captured", 1000, 0), ("captured", 808, 0)]


@pytest.fixture
def at_the_page(settings: Any, stripe: Stripe, client: Client, clock: Clock, owing: AdHocSession) -> str:
    """The driver has pressed the button, and is at the gateway's page; returns its address."""
    settings.PAYMENT_GATEWAY = "stripe"
    url = f"/c/session/{owing.pk}"
    assert client.post(f"{url}/pay", {"amount": "808"}, headers={"Accept-Language": "de"})["Location"] == url
    clock.sweep()
    page = str(client.get(f"{url}.json").json()["view"]["pay_url"])
    assert page.startswith(stripe.base)
    return page


def back(client: Client, clock: Clock, session: AdHocSession) -> None:
    """The driver comes back from the page."""
    clock.traveller.shift(10)
    assert client.get(f"/c/session/{session.pk}?back=1").status_code == 200
    clock.run_tasks()


def received(stripe: Stripe) -> list[tuple[str, int]]:
    return [(one["status"], one["amount_received"]) for one in stripe.things("payment_intent")]


def test_paid_at_the_page(at_the_page: str, stripe: Stripe, client: Client, clock: Clock, owing: AdHocSession) -> None:
    page = stripe.one("checkout.session")
    assert (page["locale"], page["amount_total"], page["metadata"]["purpose"]) == ("de", 808, "collection")
    assert page["custom_text"] == {}
    assert (
        "Bitte auf der nächsten Seite bezahlen"
        in client.get(f"/c/session/{owing.pk}", headers={"Accept-Language": "de"}).content.decode()
    )
    assert stripe.pay(at_the_page).status_code == 303
    back(client, clock, owing)
    assert (paid_of(owing), rows(), received(stripe)) == (TAKEN, PAID, [("succeeded", 808)])
    assert documents()[-1] == 1808
    assert open_incidents() == []


def test_two_tabs_have_one_page(
    at_the_page: str, stripe: Stripe, client: Client, clock: Clock, owing: AdHocSession
) -> None:
    client.post(f"/c/session/{owing.pk}/pay", {"amount": "808"})
    clock.sweep()
    assert client.get(f"/c/session/{owing.pk}.json").json()["view"]["pay_url"] == at_the_page
    assert stripe.pay(at_the_page).status_code == 303
    stripe.pay(at_the_page)
    back(client, clock, owing)
    assert (paid_of(owing), received(stripe)) == (TAKEN, [("succeeded", 808)])


def deliver(stripe: Stripe, events: list[Any]) -> None:
    for event in events:
        body = json.dumps(event)
        signed = library.WebhookSignature.generate_signature_header(body, SECRET, int(time.time()))
        answer = Client().post(
            "/webhooks/stripe/", body, content_type="application/json", headers={"Stripe-Signature": signed}
        )
        assert answer.status_code == 200, answer.content


@pytest.mark.parametrize("seed", range(4))
def test_events_late_twice_and_shuffled(
    at_the_page: str, stripe: Stripe, clock: Clock, owing: AdHocSession, seed: int
) -> None:
    stripe.pay(at_the_page)
    told = stripe.ask("events") * 2
    random.Random(seed).shuffle(told)
    for event in told:
        deliver(stripe, [event])
        clock.run_tasks()
    clock.sweep()
    deliver(stripe, stripe.ask("events"))
    clock.forward(minutes=1)
    assert (paid_of(owing), rows(), received(stripe)) == (TAKEN, PAID, [("succeeded", 808)])


def test_no_event_and_nobody_comes_back(at_the_page: str, stripe: Stripe, clock: Clock, owing: AdHocSession) -> None:
    stripe.pay(at_the_page)
    clock.forward(minutes=1)
    assert (paid_of(owing), rows()) == (TAKEN, PAID)


def test_written_off_while_the_driver_is_at_the_page(
    at_the_page: str, stripe: Stripe, client: Client, clock: Clock, owing: AdHocSession
) -> None:
    staff.close_outstanding(OutstandingAmount.objects.get().pk, "written_off", "ana", "too little")
    clock.sweep()
    assert (paid_of(owing)[1:], stripe.one("checkout.session")["status"]) == ([("released", 0, 0)], "expired")
    assert stripe.pay(at_the_page).status_code != 303
    assert "Nothing is open any more." in client.get(f"/c/session/{owing.pk}").content.decode()


def test_paid_at_the_moment_when_it_is_written_off(
    at_the_page: str, stripe: Stripe, client: Client, clock: Clock, owing: AdHocSession
) -> None:
    """The bank holds it, and we do not know yet: it is released."""
    stripe.pay(at_the_page)
    staff.close_outstanding(OutstandingAmount.objects.get().pk, "written_off", "ana", "too little")
    clock.forward(minutes=1)
    assert (paid_of(owing)[1:], received(stripe)) == ([("released", 0, 0)], [("canceled", 0)])
    assert documents() == [1000]


def test_a_page_that_nobody_pays_is_closed(
    at_the_page: str, stripe: Stripe, driver: Driver, clock: Clock, owing: AdHocSession
) -> None:
    clock.traveller.shift(29 * 60)
    clock.sweep()
    assert stripe.one("checkout.session")["status"] == "open"
    clock.traveller.shift(2 * 60)
    clock.sweep()
    assert (paid_of(owing)[1:], stripe.one("checkout.session")["status"]) == ([("released", 0, 0)], "expired")
    assert (rows(), said(driver, owing)["can_pay"]) == (OPEN, True)
    assert documents() == [1000]


def test_a_card_that_is_declined_at_the_page(
    at_the_page: str, stripe: Stripe, client: Client, clock: Clock, owing: AdHocSession
) -> None:
    stripe.pay(at_the_page, "4000000000000002")
    back(client, clock, owing)
    assert paid_of(owing)[1:] == [("reserving", 0, 0)]
    stripe.pay(at_the_page)
    back(client, clock, owing)
    assert paid_of(owing) == TAKEN


@pytest.fixture
def taken(at_the_page: str, stripe: Stripe, clock: Clock, owing: AdHocSession) -> PaymentAuthorization:
    stripe.pay(at_the_page)
    clock.forward(minutes=1)
    return PaymentAuthorization.objects.get(purpose="collection")


def news(payment: PaymentAuthorization, clock: Clock) -> None:
    assert services.tell(payment.pk, kind="something")
    clock.run_tasks()


def test_given_back_in_the_dashboard(
    taken: PaymentAuthorization, stripe: Stripe, driver: Driver, clock: Clock, owing: AdHocSession
) -> None:
    stripe.ask("refund", id=taken.gateway_reference, amount=808)
    news(taken, clock)
    assert (paid_of(owing)[1:], rows()) == ([("captured", 808, 808)], PAID)
    text = "8.08 € that was still open was paid afterwards. 8.08 € of what you paid afterwards was given back."
    assert (said(driver, owing)["message"], said(driver, owing)["can_pay"]) == (text, False)
    assert sum(documents()) == 1000


def test_a_dispute(taken: PaymentAuthorization, stripe: Stripe, clock: Clock, owing: AdHocSession) -> None:
    stripe.ask("dispute", id=taken.gateway_reference, amount=808)
    news(taken, clock)
    assert (open_incidents(), rows()) == ([symptoms.DISPUTED], PAID)
    dispute = stripe.one("dispute")
    stripe.ask("close_dispute", id=dispute["id"], status="lost")
    news(taken, clock)
    assert (open_incidents(), rows(), sum(documents())) == ([symptoms.DISPUTE_LOST], PAID, 1808)


def test_a_lower_cdr_whose_refund_fails_days_later(
    taken: PaymentAuthorization, stripe: Stripe, cpo: Cpo, clock: Clock, owing: AdHocSession
) -> None:
    cpo.cdr(-18.08, "CREDIT-1", credit=True, credit_reference_id="CDR-1")
    cpo.cdr(15.00, "CDR-2")
    clock.forward(seconds=10)
    clock.run_tasks()
    services.drive(taken.pk)
    assert (paid_of(owing)[1:], sum(documents())) == ([("captured", 808, 308)], 1500)
    stripe.ask("fail_refund", id=stripe.one("refund")["id"])
    news(taken, clock)
    assert (paid_of(owing)[1:], sum(documents())) == ([("captured", 808, 0)], 1808)
    assert symptoms.REFUND_FAILED in open_incidents()


def test_captured_in_the_dashboard_after_it_was_written_off(
    at_the_page: str, stripe: Stripe, clock: Clock, owing: AdHocSession
) -> None:
    """Staff of one mind here and of another there: what is not owed is given back."""
    stripe.pay(at_the_page)
    stripe.ask("capture", id=stripe.one("payment_intent")["id"])
    staff.close_outstanding(OutstandingAmount.objects.get().pk, "written_off", "ana", "too little")
    for _ in range(3):
        clock.forward(minutes=1)
    assert paid_of(owing)[1:] == [("captured", 808, 808)]
    assert sum(documents()) == 1000


def test_a_part_captured_in_the_dashboard(
    at_the_page: str, stripe: Stripe, driver: Driver, client: Client, clock: Clock, owing: AdHocSession
) -> None:
    stripe.pay(at_the_page)
    stripe.ask("capture", id=stripe.one("payment_intent")["id"], amount=500)
    back(client, clock, owing)
    assert (paid_of(owing)[1:], rows()) == ([("captured", 500, 0)], [("receivable", 808, 500, "open")])
    assert said(driver, owing)["amount"] == 308
    assert sum(documents()) == 1500


def test_a_restore_that_forgets_the_payment(
    at_the_page: str,
    stripe: Stripe,
    database: Database,
    driver: Driver,
    client: Client,
    clock: Clock,
    evse: Evse,
    owing: AdHocSession,
) -> None:
    """It was made after the backup: the gateway knows it, and what it was for."""
    backup = database.dump()
    services.request_release(PaymentAuthorization.objects.get(purpose="collection").pk, reason="a test")
    clock.forward(seconds=1)
    client.post(f"/c/session/{owing.pk}/pay", {"amount": "808"})
    clock.sweep()
    page = client.get(f"/c/session/{owing.pk}.json").json()["view"]["pay_url"]
    stripe.pay(page)
    back(client, clock, owing)
    assert rows() == PAID
    database.restore(backup)
    assert rows() == OPEN
    left = reconcile(backup)
    clock.forward(minutes=1)
    assert (sorted(paid_of(owing)), rows()) == ([*sorted(TAKEN), ("failed", 0, 0)], PAID)
    assert received(stripe) == [("succeeded", 808)]
    assert kinds(left) == ["pull"]


def test_a_restore_that_forgets_what_it_was_for_too(
    paying: Callable[..., AdHocSession],
    stripe: Stripe,
    database: Database,
    driver: Driver,
    cpo: Cpo,
    clock: Clock,
) -> None:
    """The CDR is forgotten as well: nothing is given back that may be owed; it counts when the CDR comes again."""
    session = paying(amount=1000)
    cpo.session(0, created=True)
    clock.forward(seconds=20)
    cpo.session(30)
    clock.forward(seconds=20)
    cpo.session(30, "COMPLETED")
    clock.forward(seconds=1)
    backup = database.dump()
    cpo.cdr(18.08)
    clock.forward(seconds=1)
    body = {"amount": 808, "payment_method": "pm_card_visa"}
    assert driver.call("POST", f"{session.pk}/pay/", body).status_code == 202
    clock.forward(seconds=5)
    assert (paid_of(session), rows()) == (TAKEN, PAID)
    database.restore(backup)
    left = reconcile(backup)
    assert (kinds(left), paid_of(session), rows()) == (["payment"], TAKEN, [])
    cpo.push("POST", "cdrs", cpo.last_cdr, None)
    clock.forward(seconds=5)
    assert (paid_of(session), rows(), received(stripe)) == (TAKEN, PAID, [("succeeded", 1000), ("succeeded", 808)])
    assert sum(documents()) == 1808


def test_what_is_too_small_for_the_gateway_is_not_offered(
    settings: Any, stripe: Stripe, driver: Driver, client: Client, clock: Clock, owing: AdHocSession
) -> None:
    OutstandingAmount.objects.update(amount=49)
    settings.PAYMENT_GATEWAY = "stripe"
    assert (said(driver, owing)["amount"], said(driver, owing)["can_pay"]) == (49, False)
    answer = driver.call("POST", f"{owing.pk}/pay/", {"amount": 49})
    assert (answer.status_code, answer.json()["code"]) == (409, "amount_too_small")
    assert client.get(f"/c/session/{owing.pk}.json").json()["view"]["may_pay"] is False
    OutstandingAmount.objects.update(amount=50)
    assert said(driver, owing)["can_pay"] is True
    assert paid_of(owing)[1:] == []
