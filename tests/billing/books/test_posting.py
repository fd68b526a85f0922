"""Facts about a payment become entries, once each, whoever posts and however often."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from time_machine import Traveller

from billing.books import payments as books
from billing.books.posting import Posting, double, post
from billing.gateways import Dispute, GatewayAnswer, Outcome
from billing.models import Account, LedgerEntry, LedgerTransaction, PaymentEvent, UnpostedPayment
from billing.payments import services
from billing.tasks import sync_books_tick
from partners.ground.deadlines import claim_due
from tests.billing.books.looking import posted, stands
from tests.billing.conftest import START, ScriptedGateway, drive_until_quiet, fresh, opened, reserved
from tests.billing.test_refunds import captured
from tests.billing.test_standing import HELD, taken, told

pytestmark = pytest.mark.django_db


def test_a_hold_is_a_memo_and_ends_with_the_capture(clock: Traveller) -> None:
    row = reserved()
    assert sync_books_tick() == 1
    assert stands() == {"holds": 4000, "holds_contra": -4000}
    services.request_capture(row.pk, 1500)
    services.drive(row.pk)
    assert sync_books_tick() == 1
    assert posted() == [
        ("held", {"holds": 4000, "holds_contra": -4000}),
        ("held", {"holds": -4000, "holds_contra": 4000}),
        ("captured", {"gateway": 1500, "drivers": -1500}),
    ]
    assert stands() == {"gateway": 1500, "drivers": -1500}
    assert UnpostedPayment.objects.count() == 0


def test_what_never_moved_is_not_in_the_books(clock: Traveller) -> None:
    declined = reserved("pm_sim_decline_funds", reference="session-2")
    assert declined.state == "declined"
    services.request_release(opened().pk)
    assert (sync_books_tick(), posted()) == (0, [])


def test_a_release_takes_the_memo_back(clock: Traveller) -> None:
    row = reserved()
    services.request_release(row.pk)
    assert drive_until_quiet(row, clock).state == "released"
    sync_books_tick()
    assert ([word for word, _amounts in posted()], stands()) == (["held", "held"], {})


def test_it_is_posted_when_it_happened_and_names_its_payment(clock: Traveller) -> None:
    row = reserved()
    clock.shift(3600)
    sync_books_tick()
    one = LedgerTransaction.objects.get()
    event = PaymentEvent.objects.get(to_state="reserved")
    assert (one.key, one.at, one.posted_at, one.authorization_id) == (
        f"event:{event.pk}:held",
        START,
        timezone.now(),
        row.pk,
    )
    assert (str(one), str(one.entries.first())) == (one.key, "holds 4000 EUR")


def test_a_refund_and_one_that_failed_afterwards(scripted: ScriptedGateway, clock: Traveller) -> None:
    row = opened("pm_1", gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers += [HELD, GatewayAnswer(Outcome.DONE)]
    services.drive(row.pk)
    services.request_capture(row.pk, 1500)
    services.drive(row.pk)
    told(row, scripted, taken(refunded_amount=400))
    told(row, scripted, taken(refunded_amount=0))
    sync_books_tick()
    assert posted()[3:] == [
        ("refunded", {"refunds": 400, "gateway": -400}),
        ("refunded", {"refunds": -400, "gateway": 400}),
    ]
    assert stands() == {"gateway": 1500, "drivers": -1500}


@pytest.mark.parametrize(
    ("ends", "stand"),
    [
        (Dispute.OPEN, {"gateway": 600, "disputed": 900, "drivers": -1500}),
        (Dispute.WON, {"gateway": 1500, "drivers": -1500}),
        (Dispute.LOST, {"gateway": 600, "dispute_losses": 900, "drivers": -1500}),
    ],
)
def test_a_dispute_and_how_it_ends(
    scripted: ScriptedGateway, clock: Traveller, ends: Dispute, stand: dict[str, int]
) -> None:
    row = opened("pm_1", gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers += [HELD, GatewayAnswer(Outcome.DONE)]
    services.drive(row.pk)
    services.request_capture(row.pk, 1500)
    services.drive(row.pk)
    told(row, scripted, taken(dispute=Dispute.OPEN, disputed_amount=900))
    told(row, scripted, taken(dispute=ends, disputed_amount=900))
    sync_books_tick()
    assert stands() == stand


def test_a_raised_hold_is_the_difference(clock: Traveller) -> None:
    row = reserved()
    services.request_raise(row.pk, 5000)
    services.drive(row.pk)
    sync_books_tick()
    assert [amounts["holds"] for _word, amounts in posted()] == [4000, 1000]


def test_posting_again_posts_nothing(clock: Traveller) -> None:
    row = captured()
    sync_books_tick()
    before = posted()
    UnpostedPayment.objects.create(authorization=row)
    UnpostedPayment.objects.create(authorization=row)
    assert sync_books_tick() == 1
    assert (posted(), UnpostedPayment.objects.count()) == (before, 0)


def test_what_came_in_between_is_posted_by_the_next_one(clock: Traveller) -> None:
    """A worker died after it had taken the row: it is due again after the lease."""
    captured()
    assert len(claim_due(UnpostedPayment, now=timezone.now(), lease=books.LEASE, limit=10)) == 2
    assert (sync_books_tick(), posted()) == (0, [])
    clock.shift(books.LEASE)
    assert (sync_books_tick(), stands()) == (1, {"gateway": 1500, "drivers": -1500})


def test_one_that_fails_keeps_no_other_waiting_and_is_due_again(
    clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = captured(), captured(reference="session-2")

    def post_but_one(postings: Any) -> int:
        rows = list(postings)
        if any(row.about["authorization_id"] == bad.pk for row in rows):
            raise DatabaseError("the disk is full")
        return post(rows)

    monkeypatch.setattr(books, "post", post_but_one)
    assert sync_books_tick() == 2
    assert {row.authorization_id for row in LedgerTransaction.objects.all()} == {good.pk}
    assert {row.authorization_id for row in UnpostedPayment.objects.all()} == {bad.pk}
    monkeypatch.undo()
    clock.shift(books.LEASE)
    sync_books_tick()
    assert stands() == {"gateway": 3000, "drivers": -3000}


def test_many_are_posted_in_one_round(clock: Traveller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "BATCH", 2)
    for number in range(3):
        captured(reference=f"session-{number}")
    assert sync_books_tick() == 3
    assert stands() == {"gateway": 4500, "drivers": -4500}


def test_a_posting_comes_to_zero() -> None:
    amounts = {**double(Account.GATEWAY, Account.DRIVERS, 100), **double(Account.FEES, Account.BANK, 0)}
    assert post([Posting("a", "capture", START, "EUR", amounts)]) == 1
    assert LedgerEntry.objects.count() == 2
    uneven = dict.fromkeys(amounts, 1)
    with pytest.raises(ValueError, match="b does not come to zero"):
        Posting("b", "capture", START, "EUR", uneven)


def test_the_database_refuses_what_does_not_come_to_zero() -> None:
    row = LedgerTransaction.objects.create(key="a", kind="capture", at=START)
    savepoint = transaction.savepoint()
    LedgerEntry.objects.create(transaction=row, account=Account.GATEWAY, amount=1, currency="EUR")
    LedgerEntry.objects.create(transaction=row, account=Account.DRIVERS, amount=-1, currency="CZK")
    with pytest.raises(IntegrityError, match="does not come to zero"):
        connection.check_constraints()
    transaction.savepoint_rollback(savepoint)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_ledgerentry SET amount = 1",
        "DELETE FROM billing_ledgerentry",
        "UPDATE billing_ledgertransaction SET key = 'b'",
        "DELETE FROM billing_ledgertransaction",
    ],
)
def test_what_is_posted_stays(statement: str) -> None:
    post([Posting("a", "capture", START, "EUR", double(Account.GATEWAY, Account.DRIVERS, 100))])
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert stands() == {"gateway": 100, "drivers": -100}


def test_what_is_waiting_says_which_payment(clock: Traveller) -> None:
    row = reserved()
    assert [str(one) for one in UnpostedPayment.objects.all()] == [str(fresh(row).pk)]
