"""Stripe's own list of payments, against which the books are held."""

from typing import Any

import pytest
from time_machine import Traveller

from billing.gateways.stripe import gateway as stripe_gateway
from billing.tasks import sync_books_tick
from tests.billing.books.looking import findings
from tests.billing.conftest import fresh
from tests.billing.stripe.conftest import Stripe, captured, held, look

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_gateway, "MOST_LISTED", 1)


@pytest.mark.usefixtures("small_pages")
def test_the_books_agree_with_it_page_by_page(stripe: Stripe, clock: Traveller) -> None:
    one = captured(stripe, clock)
    stripe.ask("refund", id=one.gateway_reference, amount=500)
    look(one)
    held(stripe, reference="session-2")
    sync_books_tick()
    clock.shift(1)
    assert findings() == []
    lists = ["refunds.list", "disputes.list", "checkout.sessions.list", "payment_intents.list", "payment_intents.list"]
    assert stripe.calls()[-5:] == lists
    assert findings("--since", "2026-03-01") == []


def test_what_was_done_there_and_not_told_is_found(stripe: Stripe, clock: Traveller) -> None:
    row = captured(stripe, clock)
    sync_books_tick()
    clock.shift(1)
    stripe.ask("refund", id=row.gateway_reference, amount=1)
    said: Any = f"Payment {row.pk} (session-1), {row.gateway_reference}:"
    assert findings() == [f"{said} 0.00 EUR given back, stripe says 0.01 EUR."]
    stripe.ask("dispute", id=row.gateway_reference, amount=700)
    assert findings()[-1] == f"{said} 0.00 EUR in dispute or lost, stripe says 7.00 EUR."
    look(row)
    sync_books_tick()
    clock.shift(1)
    assert (findings(), fresh(row).dispute) == ([], "open")
