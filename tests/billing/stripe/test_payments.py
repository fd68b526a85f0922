"""Payments through Stripe, over HTTP, held against its own books."""

from datetime import timedelta
from typing import Any, get_args, get_origin

import pytest
from pytest_django import Settings
from stripe.params import checkout
from time_machine import Traveller

from billing.gateways.stripe import amounts, locales
from billing.payments import services
from rehearsal.stripe_fake.checking import fields_of
from tests.billing.conftest import START, drive_until_quiet, fresh, opened
from tests.billing.stripe.conftest import OPENING, Stripe, at_the_page, captured, held, look, page_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stopped(clock: Any) -> None:
    """The clock stands still, Stripe's too."""


def test_the_driver_pays_at_the_page_and_a_part_is_captured(stripe: Stripe, clock: Traveller) -> None:
    row = at_the_page()
    page = stripe.one("checkout.session")
    assert (row.state, row.gateway_reference) == ("reserving", page["id"])
    assert (page["status"], page["amount_total"], page["currency"], page["locale"]) == ("open", 4000, "eur", "sk")
    assert (page["success_url"], page["customer_email"]) == (OPENING["return_url"], "driver@example.com")
    assert page["client_reference_id"] == page["metadata"]["payment"] == str(row.pk)
    assert row.action_until == START + timedelta(hours=1)

    paid = stripe.pay(page_of(row))
    assert (paid.status_code, paid.headers["Location"]) == (303, OPENING["return_url"])
    assert stripe.one("checkout.session")["payment_status"] == "unpaid"
    row = look(row)
    intent = stripe.one("payment_intent")
    assert (row.state, row.gateway_reference, row.expires_at) == ("reserved", intent["id"], START + timedelta(days=7))
    assert stripe.money() == [("requires_capture", 4000, 0)]
    assert intent["metadata"] == {**OPENING["metadata"], "payment": str(row.pk)}

    services.request_capture(row.pk, 1234)
    services.drive(row.pk)
    assert (fresh(row).state, fresh(row).captured_amount) == ("captured", 1234)
    assert stripe.money() == [("succeeded", 0, 1234)]


def test_who_does_not_pay_has_the_page_closed(stripe: Stripe, clock: Traveller) -> None:
    row = at_the_page()
    url = page_of(row)
    services.request_release(row.pk)
    services.drive(row.pk)
    assert fresh(row).state == "released"
    assert stripe.one("checkout.session")["status"] == "expired"
    assert stripe.pay(url).status_code == 410
    assert stripe.money() == []


def test_who_pays_while_it_is_given_up_pays_nothing(stripe: Stripe, clock: Traveller) -> None:
    row = at_the_page()
    stripe.pay(page_of(row))
    services.request_release(row.pk)
    services.drive(row.pk)
    assert fresh(row).state == "released"
    assert stripe.money() == [("canceled", 0, 0)]


def test_what_is_held_is_released(stripe: Stripe, clock: Traveller) -> None:
    row = held(stripe)
    services.request_release(row.pk)
    services.drive(row.pk)
    assert (fresh(row).state, stripe.money()) == ("released", [("canceled", 0, 0)])


def test_a_declined_card_leaves_the_driver_at_the_page(stripe: Stripe, clock: Traveller) -> None:
    row = at_the_page()
    url = page_of(row)
    assert stripe.pay(url, "4000000000000002").status_code == 402
    row = look(row)
    assert (row.state, page_of(row)) == ("reserving", url)
    stripe.pay(url)
    assert look(row).state == "reserved"


def test_the_bank_asks_the_driver_at_the_page(stripe: Stripe, clock: Traveller) -> None:
    row = at_the_page()
    url = page_of(row)
    assert "Your bank asks" in stripe.pay(url, "4000002500003155").text
    assert look(row).state == "reserving"
    assert stripe.pay(url, "4000002500003155", bank="refuse").status_code == 402
    assert stripe.pay(url, "4000002500003155", bank="approve").status_code == 303
    assert look(row).state == "reserved"


def test_a_page_that_ran_out_is_a_payment_that_was_not_made(stripe: Stripe, clock: Traveller) -> None:
    row = at_the_page()
    clock.shift(timedelta(hours=1))
    row = look(row)
    assert (row.state, row.failure_code) == ("failed", "checkout_expired")


@pytest.mark.parametrize(
    ("method", "state", "code", "money"),
    [
        ("pm_card_visa", "reserved", "", [("requires_capture", 4000, 0)]),
        ("pm_card_chargeDeclined", "declined", "generic_decline", [("canceled", 0, 0)]),
        ("pm_card_chargeDeclinedInsufficientFunds", "declined", "insufficient_funds", [("canceled", 0, 0)]),
        ("pm_of_somebody_else", "failed", "resource_missing", []),
    ],
)
def test_a_payment_method_that_an_app_made(
    stripe: Stripe, clock: Traveller, method: str, state: str, code: str, money: Any
) -> None:
    row = drive_until_quiet(at_the_page(method), clock)
    assert (row.state, row.failure_code, stripe.money()) == (state, code, money)


@pytest.mark.parametrize(("bank", "state"), [("approve", "reserved"), ("refuse", "declined")])
def test_the_bank_asks_the_driver_of_an_app(stripe: Stripe, clock: Traveller, bank: str, state: str) -> None:
    row = at_the_page("pm_card_authenticationRequired")
    services.drive(row.pk)
    url = page_of(row)
    answer = stripe.pay(url, bank=bank)
    assert (answer.status_code, answer.headers["Location"]) == (303, OPENING["return_url"])
    row = look(row)
    assert row.state == state
    # With its secret the app could have tried another card, for nobody.
    assert stripe.one("payment_intent")["status"] == ("requires_capture" if bank == "approve" else "canceled")


def test_a_refund_is_made_once_and_a_second_one_is_another(stripe: Stripe, clock: Traveller) -> None:
    row = captured(stripe, clock)
    for amount in (500, 300):
        services.request_refund(row.pk, amount, reason="The CDR was too high.")
        services.drive(row.pk)
    assert (fresh(row).state, fresh(row).kept_amount) == ("captured", 700)
    assert sorted(refund["amount"] for refund in stripe.things("refund")) == [300, 500]


def test_what_is_done_at_stripes_own_pages(stripe: Stripe, clock: Traveller) -> None:
    row = captured(stripe, clock)
    intent = stripe.one("payment_intent")["id"]
    stripe.ask("refund", id=intent, amount=400)
    assert look(row).kept_amount == 1100
    stripe.ask("fail_refund", id=stripe.one("refund")["id"])
    row = look(row)
    assert (row.kept_amount, row.failure_code) == (1500, "refund_failed")
    stripe.ask("dispute", id=intent, amount=1500)
    row = look(row)
    assert (row.dispute, row.disputed_amount) == ("open", 1500)
    stripe.ask("close_dispute", id=stripe.one("dispute")["id"], status="lost")
    row = look(row)
    assert (row.dispute, row.disputed_amount) == ("lost", 1500)
    stripe.ask("close_dispute", id=stripe.one("dispute")["id"], status="won")
    assert (look(row).dispute, fresh(row).disputed_amount) == ("won", 0)


@pytest.mark.parametrize(
    ("what", "given", "state", "code"),
    [
        ("cancel", {}, "expired", "reservation_expired"),
        ("capture", {"amount": 900}, "captured", "captured_elsewhere"),
    ],
)
def test_a_hold_that_somebody_ended_at_stripes_own_pages(
    stripe: Stripe, clock: Traveller, what: str, given: Any, state: str, code: str
) -> None:
    row = held(stripe)
    stripe.ask(what, id=row.gateway_reference, **given)
    row = look(row)
    assert (row.state, row.failure_code, row.captured_amount) == (state, code, given.get("amount", 0))


def test_a_hold_that_ran_out_can_not_be_captured(stripe: Stripe, clock: Traveller) -> None:
    row = held(stripe)
    stripe.ask("clock", seconds=7 * 86_400)
    services.request_capture(row.pk, 1500)
    services.drive(row.pk)
    assert (fresh(row).state, fresh(row).failure_message) == ("expired", "The hold ran out at Stripe.")


def test_what_a_terminal_holds_is_taken_over(stripe: Stripe, clock: Traveller) -> None:
    books = stripe.server.fake.books
    intent = books.create_intent(
        {"amount": 4000, "currency": "eur", "capture_method": "manual", "payment_method": "pm_card_visa"}
    )
    books.confirm(intent, {})
    row = opened("", gateway="stripe", reference="session-2", adopting=intent["id"])
    services.request_reserve(row.pk)
    services.drive(row.pk)
    assert (fresh(row).state, fresh(row).expires_at) == ("reserved", START + timedelta(days=7))
    row = opened("", gateway="stripe", reference="session-3", adopting="pi_unknown")
    services.request_reserve(row.pk)
    services.drive(row.pk)
    assert (fresh(row).state, fresh(row).failure_code) == ("failed", "resource_missing")


def test_more_is_held_only_where_the_charge_itself_says_that_it_can_be(stripe: Stripe, clock: Traveller) -> None:
    row = held(stripe)
    services.request_raise(row.pk, 6000)
    services.drive(row.pk)
    assert (fresh(row).amount, stripe.money()) == (4000, [("requires_capture", 4000, 0)])
    charge = stripe.server.fake.books.things[stripe.one("payment_intent")["latest_charge"]]
    charge["payment_method_details"]["card"]["incremental_authorization"] = {"status": "available"}
    services.request_raise(row.pk, 6000)
    services.drive(row.pk)
    assert (fresh(row).amount, stripe.money()) == (6000, [("requires_capture", 6000, 0)])


@pytest.mark.parametrize(("currency", "minor", "theirs"), [("EUR", 4000, 4000), ("ISK", 400, 40_000), ("JPY", 9, 9)])
def test_amounts_in_stripes_units(currency: str, minor: int, theirs: int) -> None:
    assert amounts.to_stripe(minor, currency) == theirs
    assert amounts.from_stripe(theirs, currency) == minor


@pytest.mark.parametrize("currency", ["KWD", "MGA"])
def test_a_currency_that_stripe_counts_otherwise_is_not_taken(stripe: Stripe, clock: Traveller, currency: str) -> None:
    row = at_the_page(currency=currency)
    assert (row.state, row.failure_code, stripe.things("checkout.session")) == ("failed", "currency_not_taken", [])


@pytest.mark.parametrize(
    ("locale", "spoken"), [("sk", "sk"), ("de-AT", "de"), ("pt_BR", "pt-BR"), ("eo", "auto"), ("", "auto")]
)
def test_the_page_speaks_the_drivers_language(locale: str, spoken: str) -> None:
    assert locales.nearest(locale) == spoken


def test_the_languages_are_those_of_the_library() -> None:
    hints = fields_of(checkout.SessionCreateParams)
    literal = next(part for part in get_args(hints["locale"]) if get_origin(part) is not None)
    assert set(locales.SPOKEN.values()) | {"auto"} == set(get_args(literal))


def test_nothing_is_asked_without_a_key(settings: Settings, clock: Traveller) -> None:
    settings.STRIPE_SECRET_KEY = ""
    row = drive_until_quiet(at_the_page(), clock)
    assert (row.state, row.failure_code) == ("failed", "gateway_unreachable")


def test_a_page_that_was_paid_and_captured_there_while_it_is_given_up(stripe: Stripe, clock: Traveller) -> None:
    """The payment is asked about by its own name from then on: the page is none that could be given back."""
    row = at_the_page()
    stripe.pay(page_of(row))
    stripe.ask("capture", id=stripe.one("payment_intent")["id"])
    services.request_release(row.pk)
    row = drive_until_quiet(row, clock)
    assert (row.state, row.captured_amount) == ("captured", 4000)
    services.request_refund(row.pk, 4000, reason="a test")
    row = drive_until_quiet(row, clock)
    assert (row.state, row.refunded_amount) == ("captured", 4000)
    assert row.gateway_reference == stripe.one("payment_intent")["id"]
