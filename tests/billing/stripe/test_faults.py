"""Answers lost, requests lost, Stripe's own failures, keys that repeat them, and workers that die: the same end.

Each is held against Stripe's own books: one payment, one capture, one refund, and nobody's money held for nothing.
"""

from typing import Any

import pytest
from pytest_django import Settings
from time_machine import Traveller

from billing.gateways import GatewayAnswer
from billing.models import PaymentAuthorization
from billing.payments import driving, services
from billing.payments.answers import Step
from tests.billing.conftest import drive_until_quiet, fresh, story
from tests.billing.stripe.conftest import Stripe, at_the_page, captured, held, look, page_of

pytestmark = pytest.mark.django_db
FAULTS = pytest.mark.parametrize("how", ["lost_request", "lost_answer", "fail", "fail_after"])


@pytest.fixture(autouse=True)
def stopped(clock: Any) -> None:
    """The clock stands still, Stripe's too."""


class WorkerDiedError(Exception):
    """The process is gone; nothing after this line of it runs."""


def dies(monkeypatch: pytest.MonkeyPatch, step: Step, *, after: bool) -> None:
    """The worker that asks for `step` dies once: before Stripe is called, or before its answer is written down."""
    ask = driving._ask

    def dying(gateway: Any, claim: Any) -> GatewayAnswer:
        if claim.step is not step:
            return ask(gateway, claim)
        monkeypatch.setattr(driving, "_ask", ask)
        if after:
            ask(gateway, claim)
        raise WorkerDiedError

    monkeypatch.setattr(driving, "_ask", dying)


@FAULTS
def test_opening_a_page(stripe: Stripe, clock: Traveller, how: Any) -> None:
    stripe.ask("fault", call="checkout.sessions.create", how=how)
    row = at_the_page()
    assert (row.state, row.gateway_reference) == ("reserving", "")
    while not fresh(row).gateway_reference:
        clock.move_to(fresh(row).next_check_at)
        services.drive(row.pk)
    stripe.pay(page_of(row))
    assert look(row).state == "reserved"
    # A page that nobody was shown may be left over: nobody can pay it.
    assert [page["status"] for page in stripe.things("checkout.session")].count("complete") == 1
    assert stripe.money() == [("requires_capture", 4000, 0)]


@FAULTS
@pytest.mark.parametrize("call", ["payment_intents.create", "payment_intents.confirm"])
def test_an_apps_payment_method(stripe: Stripe, clock: Traveller, how: Any, call: str) -> None:
    stripe.ask("fault", call=call, how=how)
    row = drive_until_quiet(at_the_page("pm_card_visa"), clock)
    assert row.state == "reserved"
    assert [money for money in stripe.money() if money[1] or money[2]] == [("requires_capture", 4000, 0)]
    assert stripe.money().count(("requires_capture", 4000, 0)) == 1


@FAULTS
def test_a_capture(stripe: Stripe, clock: Traveller, how: Any) -> None:
    row = held(stripe)
    stripe.ask("fault", call="payment_intents.capture", how=how)
    services.request_capture(row.pk, 1500)
    row = drive_until_quiet(row, clock)
    assert (row.state, row.captured_amount, row.failure_code) == ("captured", 1500, "")
    assert stripe.money() == [("succeeded", 0, 1500)]


@FAULTS
def test_a_release(stripe: Stripe, clock: Traveller, how: Any) -> None:
    row = held(stripe)
    stripe.ask("fault", call="payment_intents.cancel", how=how)
    services.request_release(row.pk)
    assert drive_until_quiet(row, clock).state == "released"
    assert stripe.money() == [("canceled", 0, 0)]


@FAULTS
def test_closing_a_page(stripe: Stripe, clock: Traveller, how: Any) -> None:
    row = at_the_page()
    stripe.ask("fault", call="checkout.sessions.expire", how=how)
    services.request_release(row.pk)
    assert drive_until_quiet(row, clock).state == "released"
    assert stripe.one("checkout.session")["status"] == "expired"


@FAULTS
def test_a_refund_is_made_once(stripe: Stripe, clock: Traveller, how: Any) -> None:
    row = captured(stripe, clock)
    stripe.ask("fault", call="refunds.create", how=how)
    services.request_refund(row.pk, 500, reason="The CDR was too high.")
    row = drive_until_quiet(row, clock)
    assert (row.state, row.kept_amount, row.failure_code) == ("captured", 1000, "")
    assert [refund["amount"] for refund in stripe.things("refund")] == [500]


def test_two_refunds_of_the_same_sum_are_told_apart(stripe: Stripe, clock: Traveller) -> None:
    row = captured(stripe, clock)
    for _ in range(2):
        stripe.ask("fault", call="refunds.create", how="lost_answer")
        services.request_refund(row.pk, 500, reason="The CDR was too high.")
        row = drive_until_quiet(row, clock)
    assert row.kept_amount == 500
    assert [refund["amount"] for refund in stripe.things("refund")] == [500, 500]


@pytest.mark.parametrize("call", ["payment_intents.retrieve", "checkout.sessions.retrieve"])
@FAULTS
def test_a_lookup(stripe: Stripe, clock: Traveller, how: Any, call: str) -> None:
    row = at_the_page()
    stripe.pay(page_of(row))
    stripe.ask("fault", call=call, how=how)
    assert look(row).state == "reserving"
    while fresh(row).state == "reserving":
        clock.move_to(fresh(row).next_check_at)
        services.drive(row.pk)
    assert (fresh(row).state, stripe.money()) == ("reserved", [("requires_capture", 4000, 0)])


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("method", ["", "pm_card_visa"], ids=["page", "app"])
def test_a_worker_dies_between_creating_and_saving(
    stripe: Stripe, clock: Traveller, monkeypatch: pytest.MonkeyPatch, method: str, after: bool
) -> None:
    dies(monkeypatch, Step.RESERVE, after=after)
    with pytest.raises(WorkerDiedError):
        at_the_page(method)
    [row] = PaymentAuthorization.objects.all()
    clock.move_to(row.leased_until)
    services.drive(row.pk)
    if not method:
        stripe.pay(page_of(row))
        look(row)
    assert drive_until_quiet(row, clock).state == "reserved"
    assert stripe.money() == [("requires_capture", 4000, 0)]


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
def test_a_worker_dies_between_confirming_and_saving(
    stripe: Stripe, clock: Traveller, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    row = at_the_page("pm_card_visa")
    assert (row.state, stripe.money()) == ("reserving", [("requires_confirmation", 0, 0)])
    dies(monkeypatch, Step.RESERVE, after=after)
    with pytest.raises(WorkerDiedError):
        services.drive(row.pk)
    assert drive_until_quiet(row, clock).state == "reserved"
    assert stripe.money() == [("requires_capture", 4000, 0)]
    assert stripe.calls().count("payment_intents.confirm") == 1


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
def test_a_worker_dies_between_confirming_and_saving_and_the_driver_gives_up(
    stripe: Stripe, clock: Traveller, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    row = at_the_page("pm_card_visa")
    dies(monkeypatch, Step.RESERVE, after=after)
    with pytest.raises(WorkerDiedError):
        services.drive(row.pk)
    services.request_release(row.pk)
    assert drive_until_quiet(row, clock).state == "released"
    assert stripe.money() == [("canceled", 0, 0)]


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("step", [Step.CAPTURE, Step.RELEASE, Step.REFUND])
def test_a_worker_dies_between_any_other_call_and_saving(
    stripe: Stripe, clock: Traveller, monkeypatch: pytest.MonkeyPatch, step: Step, after: bool
) -> None:
    row = captured(stripe, clock) if step is Step.REFUND else held(stripe)
    dies(monkeypatch, step, after=after)
    if step is Step.CAPTURE:
        services.request_capture(row.pk, 1500)
    elif step is Step.RELEASE:
        services.request_release(row.pk)
    else:
        services.request_refund(row.pk, 500, reason="The CDR was too high.")
    with pytest.raises(WorkerDiedError):
        services.drive(row.pk)
    row = drive_until_quiet(row, clock)
    ends = {Step.CAPTURE: ("captured", 1500), Step.RELEASE: ("released", 0), Step.REFUND: ("captured", 1000)}
    assert (row.state, row.kept_amount) == ends[step]
    calls = {
        Step.CAPTURE: "payment_intents.capture",
        Step.RELEASE: "payment_intents.cancel",
        Step.REFUND: "refunds.create",
    }
    assert stripe.calls().count(calls[step]) == 1


def test_a_worker_dies_after_cancelling_what_was_declined(stripe: Stripe, clock: Traveller) -> None:
    """Whoever looks later still finds that the bank said no, and not that a hold ran out."""
    row = at_the_page("pm_card_chargeDeclined")
    stripe.ask("fault", call="payment_intents.cancel", how="lost_answer")
    row = drive_until_quiet(row, clock)
    assert (row.state, row.failure_code, stripe.money()) == ("declined", "generic_decline", [("canceled", 0, 0)])


def test_a_worker_dies_after_creating_and_the_driver_gives_up(
    stripe: Stripe, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies(monkeypatch, Step.RESERVE, after=True)
    with pytest.raises(WorkerDiedError):
        at_the_page("pm_card_visa")
    [row] = PaymentAuthorization.objects.all()
    services.request_release(row.pk)
    assert drive_until_quiet(row, clock).state == "released"
    assert stripe.money() == [("requires_confirmation", 0, 0)]


def test_a_wrong_key_is_told_without_the_key(
    stripe: Stripe, clock: Traveller, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_of_somebody_else"
    row = drive_until_quiet(at_the_page(), clock)
    assert (row.state, row.failure_code) == ("failed", "gateway_unreachable")
    said = " ".join(event.message for event in row.events.all()) + caplog.text
    assert "check STRIPE_SECRET_KEY" in said
    assert "sk_test" not in said


@pytest.mark.parametrize(("key", "staging"), [("sk_test_fake", False), ("sk_live_1", True)])
def test_a_key_of_the_other_kind_is_not_used(
    stripe: Stripe, clock: Traveller, settings: Settings, key: str, staging: bool
) -> None:
    settings.STRIPE_SECRET_KEY, settings.PRODUCTION, settings.STAGING = key, True, staging
    row = drive_until_quiet(at_the_page(), clock)
    assert (row.state, row.failure_code) == ("failed", "gateway_unreachable")
    assert (stripe.calls(), stripe.money()) == ([], [])


def test_staging_uses_a_test_key(stripe: Stripe, clock: Traveller, settings: Settings) -> None:
    settings.PRODUCTION, settings.STAGING = True, True
    assert at_the_page().state == "reserving"
    assert stripe.calls() == ["checkout.sessions.create"]


def test_nobody_listens(stripe: Stripe, clock: Traveller, settings: Settings) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    row = drive_until_quiet(at_the_page(), clock)
    assert (row.state, row.failure_code) == ("failed", "gateway_unreachable")
    assert ("unreachable", "reserving", "") in story(row)


def test_links_and_secrets_are_in_no_history_and_no_log(
    stripe: Stripe, clock: Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    row = at_the_page("pm_card_authenticationRequired")
    services.drive(row.pk)
    secret = stripe.one("payment_intent")["client_secret"]
    url = page_of(row)
    said = caplog.text + " ".join(str(event.__dict__) for event in row.events.all())
    assert secret not in said
    assert url not in said
    assert "sk_test_fake" not in said
    action = fresh(row).action
    assert action is not None
    assert secret.encode() not in bytes(action)
