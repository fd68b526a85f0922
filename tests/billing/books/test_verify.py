"""`ledger verify`: quiet where all agree; a single cent, wherever it was put, is found and its row named."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from time_machine import Traveller

from billing.gateways import GatewayAnswer, Outcome
from billing.models import LedgerEntry, LedgerTransaction, PaymentAuthorization, PaymentEvent, SimulatedCharge
from billing.payments import services
from billing.tasks import sync_books_tick
from tests.billing.books.looking import findings, tamper, verified
from tests.billing.conftest import ScriptedGateway, fresh, opened, reserved
from tests.billing.test_refunds import captured
from tests.billing.test_standing import HELD

pytestmark = pytest.mark.django_db
QUIET = [
    "   ok  transactions come to zero",
    "   ok  payments and their history",
    "   ok  gateways' own lists",
    "   ok  claims and receivables",
    "   ok  receipts",
    "   ok  payouts",
    "   ok  sessions, their receipts and CDRs",
    "The books agree.",
]


@pytest.fixture
def row(clock: Traveller) -> PaymentAuthorization:
    """A payment of which 15.00 was captured and 5.00 given back, beside one that is held; all posted."""
    mine = captured()
    services.request_refund(mine.pk, 500, reason="too much")
    services.drive(mine.pk)
    reserved(reference="session-2")
    sync_books_tick()
    clock.shift(timedelta(seconds=1))
    return fresh(mine)


def test_it_is_quiet_where_all_agree(row: PaymentAuthorization) -> None:
    assert verified() == (0, QUIET)


def test_a_cent_in_an_entry(row: PaymentAuthorization) -> None:
    entry = LedgerEntry.objects.get(account="drivers")
    tamper("UPDATE billing_ledgerentry SET amount = amount - 1 WHERE id = %s", entry.pk)
    key, pk = entry.transaction.key, entry.transaction_id
    code, lines = verified()
    assert (code, lines[-1]) == (1, "3 things do not agree.")
    assert [line.strip() for line in lines if line.startswith("       ")] == [
        f"Ledger transaction {pk} ({key}) does not come to zero: -0.01 EUR too much.",
        f"Payment {row.pk} (session-1): 15.00 EUR captured, the books say 15.01 EUR.",
        f"Ledger entry {entry.pk} of {key} (drivers) is -15.01 EUR, the history says -15.00 EUR.",
    ]


def test_a_transaction_that_is_gone(row: PaymentAuthorization) -> None:
    gone = LedgerTransaction.objects.get(kind="refund")
    tamper("DELETE FROM billing_ledgerentry WHERE transaction_id = %s", gone.pk)
    assert findings() == [
        f"Payment {row.pk} (session-1): 5.00 EUR given back, the books say 0.00 EUR.",
        f"{gone.key} (refunds, 5.00 EUR) is in the history and not in the books.",
        f"{gone.key} (gateway, -5.00 EUR) is in the history and not in the books.",
    ]


def test_a_cent_in_our_payment(row: PaymentAuthorization) -> None:
    PaymentAuthorization.objects.filter(pk=row.pk).update(captured_amount=1501)
    assert findings() == [
        f"Payment {row.pk} (session-1): 15.01 EUR captured, the books say 15.00 EUR.",
        f"Payment {row.pk} (session-1), {row.gateway_reference}: 15.01 EUR captured, simulated says 15.00 EUR.",
    ]


def test_a_cent_in_the_history(row: PaymentAuthorization) -> None:
    event = PaymentEvent.objects.filter(captured_after=1500).first()
    assert event is not None
    tamper("UPDATE billing_paymentevent SET captured_after = 1499 WHERE id = %s", event.pk)
    assert any(line.startswith("Ledger entry") and f"event:{event.pk}:captured" in line for line in findings())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"refunded_amount": 501}, "5.00 EUR given back, simulated says 5.01 EUR"),
        ({"captured_amount": 1499, "released_amount": 2501}, "15.00 EUR captured, simulated says 14.99 EUR"),
    ],
)
def test_a_cent_at_the_gateway(row: PaymentAuthorization, change: dict[str, int], said: str) -> None:
    SimulatedCharge.objects.filter(pk=row.gateway_reference).update(**change)
    assert findings() == [f"Payment {row.pk} (session-1), {row.gateway_reference}: {said}."]


def test_what_the_gateway_has_and_we_do_not(row: PaymentAuthorization) -> None:
    tamper("UPDATE billing_simulatedcharge SET id = 'sim_other' WHERE id = %s", row.gateway_reference)
    tamper("UPDATE billing_simulatedoperation SET charge_id = 'sim_other' WHERE charge_id = %s", row.gateway_reference)
    assert findings() == [
        "simulated has 10.00 EUR in sim_other, which no payment of ours names.",
        f"Payment {row.pk} (session-1): simulated has no {row.gateway_reference}.",
    ]


def test_a_charge_that_nobody_names_and_that_has_no_money_is_no_matter(row: PaymentAuthorization) -> None:
    SimulatedCharge.objects.filter(pk=row.gateway_reference).update(refunded_amount=1500)
    tamper("UPDATE billing_simulatedcharge SET id = 'sim_other' WHERE id = %s", row.gateway_reference)
    tamper("UPDATE billing_simulatedoperation SET charge_id = 'sim_other' WHERE charge_id = %s", row.gateway_reference)
    assert findings() == [f"Payment {row.pk} (session-1): simulated has no {row.gateway_reference}."]


def test_what_waits_to_be_posted_is_left_out_and_said(row: PaymentAuthorization) -> None:
    services.request_refund(row.pk, 100, reason="more")
    services.drive(row.pk)
    code, lines = verified()
    assert code == 0
    assert lines[-2:] == [
        "       1 steps of payments wait to be posted: those payments were left out.",
        "The books agree.",
    ]


def test_what_moved_while_the_list_was_read_is_left_out(row: PaymentAuthorization, clock: Traveller) -> None:
    SimulatedCharge.objects.filter(pk=row.gateway_reference).update(captured_amount=1499)
    PaymentAuthorization.objects.filter(pk=row.pk).update(updated_at=fresh(row).updated_at + timedelta(hours=1))
    assert findings() == []


def test_only_what_was_opened_since(row: PaymentAuthorization, clock: Traveller) -> None:
    PaymentAuthorization.objects.filter(pk=row.pk).update(captured_amount=1501)
    assert len(findings("--since", "2026-03-02")) == 2
    assert findings("--since", "2026-03-02T12:00:01+00:00") == []
    assert verified("--since", "2026-03-03") == (0, QUIET)


def test_gateways_that_cannot_list_are_silent_or_gone_are_said(
    scripted: ScriptedGateway, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = opened("pm_1", gateway="scripted")
    services.request_reserve(mine.pk)
    scripted.answers += [HELD]
    services.drive(mine.pk)
    sync_books_tick()
    assert findings() == []
    PaymentAuthorization.objects.filter(pk=mine.pk).update(gateway="closed-down")
    assert findings() == ["Gateway closed-down is not installed any more: what it holds cannot be compared."]


def test_a_gateway_that_does_not_answer_is_said(row: PaymentAuthorization, settings: object) -> None:
    PaymentAuthorization.objects.filter(pk=row.pk).update(gateway="stripe")
    assert "Gateway stripe could not be asked: STRIPE_SECRET_KEY is not set." in findings()


def test_balances_and_posting_by_hand(clock: Traveller, capsys: pytest.CaptureFixture[str]) -> None:
    captured()
    call_command("ledger", "post")
    call_command("ledger", "balances")
    assert capsys.readouterr().out.splitlines() == [
        "1 payments were looked at.",
        f"{'Held for drivers (memo)':44} {'0.00 EUR':>20}",
        f"{'Held for drivers, contra (memo)':44} {'0.00 EUR':>20}",
        f"{'Captured at the gateway':44} {'15.00 EUR':>20}",
        f"{'Paid by drivers, no receipt yet':44} {'-15.00 EUR':>20}",
    ]


def test_answers_that_are_late_move_nothing(clock: Traveller, scripted: ScriptedGateway) -> None:
    mine = opened("pm_1", gateway="scripted")
    services.request_reserve(mine.pk)
    scripted.answers += [GatewayAnswer(Outcome.PENDING)]
    services.drive(mine.pk)
    assert sync_books_tick() == 0


def test_the_books_begin_with_what_stands(row: PaymentAuthorization, clock: Traveller) -> None:
    """Payments that are older than the books."""
    from importlib import import_module

    from django.apps import apps

    begin: Callable[..., None] = import_module("billing.migrations.0005_books_begin").begin
    for table in ("billing_ledgerentry", "billing_ledgertransaction"):
        tamper(f"DELETE FROM {table}")  # noqa: S608
    columns = ("held", "captured", "refunded", "disputed", "lost")
    tamper(f"UPDATE billing_paymentevent SET {', '.join(f'{one}_after = NULL' for one in columns)}")  # noqa: S608
    begin(apps, None)
    begin(apps, None)
    assert PaymentEvent.objects.filter(action="books_begin").count() == 2
    sync_books_tick()
    assert verified() == (0, QUIET)
