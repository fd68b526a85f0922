"""A back end's own list of payments: the books are held against it, and it says what was forgotten."""

from datetime import timedelta

import pytest
from time_machine import Traveller

from billing.gateways import GatewayUnreachable, gateway_named
from billing.payments import services
from billing.tasks import sync_books_tick
from tests.billing.back_office.conftest import OPENING, BackEnd, look
from tests.billing.books.looking import findings
from tests.billing.conftest import START, drive_until_quiet, fresh, opened

pytestmark = pytest.mark.django_db


def posted(clock: Traveller) -> list[str]:
    """What does not agree, a moment later."""
    sync_books_tick()
    clock.shift(1)
    return findings()


def test_the_books_agree_with_it_page_by_page(back_end: BackEnd, clock: Traveller) -> None:
    """A terminal holds 50.00 EUR, of which 40.00 EUR were taken over: that is no difference."""
    back_end.books.page_size = 1
    row = back_end.captured(clock)
    services.request_refund(row.pk, 500, reason="a test")
    drive_until_quiet(row, clock)
    reference = back_end.books.tap(5000, "EUR")["reference"] if back_end.name == "terminal" else ""
    other = opened(
        "" if reference else "acc_ok", gateway=back_end.name, reference="session-2", adopting=reference, opening=OPENING
    )
    services.request_reserve(other.pk)
    assert drive_until_quiet(other, clock).state == "reserved"
    back_end.fake.asked.clear()
    assert posted(clock) == []
    assert back_end.verbs() == ["look", "look"]


def test_what_was_done_there_and_not_told_is_found(back_end: BackEnd, clock: Traveller) -> None:
    row = back_end.captured(clock)
    assert posted(clock) == []
    back_end.books.move(back_end.only(), "captured", refunded=100)
    said = f"Payment {row.pk} (session-1), {row.gateway_reference}:"
    assert findings() == [f"{said} 0.00 EUR given back, {back_end.name} says 1.00 EUR."]
    back_end.books.move(back_end.only(), "captured", dispute="open", disputed=700)
    assert findings()[-1] == f"{said} 0.00 EUR in dispute or lost, {back_end.name} says 7.00 EUR."
    look(row)
    assert (posted(clock), fresh(row).dispute) == ([], "open")


def test_what_it_has_and_we_do_not_is_found(account: BackEnd, clock: Traveller) -> None:
    account.held(clock)
    ours = "6d1ff0a4-0000-4000-8000-000000000000"
    forgotten = account.books.make("acc", "held", payment=ours, amount=1200, currency="EUR")
    forgotten["held_until"] = (START + timedelta(days=7)).isoformat()
    assert posted(clock) == [f"account has 12.00 EUR in {forgotten['reference']}, which no payment of ours names."]


def test_what_a_terminal_holds_for_nobody_yet_is_no_business_of_ours(terminal: BackEnd, clock: Traveller) -> None:
    terminal.held(clock)
    terminal.books.tap(5000, "EUR")
    assert posted(clock) == []


def test_each_says_what_it_is_for(back_end: BackEnd, clock: Traveller) -> None:
    reference = back_end.books.tap(5000, "EUR")["reference"] if back_end.name == "terminal" else ""
    row = opened("" if reference else "acc_ok", gateway=back_end.name, adopting=reference, opening=OPENING)
    services.request_reserve(row.pk)
    drive_until_quiet(row, clock)
    rows = gateway_named(back_end.name).list_since(START - timedelta(hours=1))
    assert rows is not None
    [one] = rows
    assert (one.payment, one.opened_at, one.amount) == (str(row.pk), START, 5000 if reference else 4000)
    assert one.about == {**OPENING["metadata"], "payment": str(row.pk)}
    later = gateway_named(back_end.name).list_since(START + timedelta(hours=1))
    assert later is not None
    assert list(later) == []


def test_what_has_moved_since(back_end: BackEnd, clock: Traveller) -> None:
    row, gateway = back_end.captured(clock), gateway_named(back_end.name)
    before = gateway.moved_since(START - timedelta(hours=1))
    assert before is not None
    assert list(before) == []
    clock.shift(3600)
    back_end.books.move(back_end.only(), "captured", refunded=100)
    for since, expected in ((timedelta(minutes=30), [row.gateway_reference]), (timedelta(hours=2), [])):
        moved = gateway.moved_since(START + since)
        assert moved is not None
        assert list(moved) == expected


def test_one_that_has_no_list_is_left_out(back_end: BackEnd, clock: Traveller) -> None:
    back_end.fake.lists_nothing = True
    back_end.captured(clock)
    assert posted(clock) == []
    assert gateway_named(back_end.name).list_since(None) is None
    assert gateway_named(back_end.name).moved_since(START) is None


@pytest.mark.parametrize("how", ["unsigned", "forged", "stale", "other", "fail", "lost_answer", "garbled"])
def test_a_list_that_cannot_be_trusted_is_said(back_end: BackEnd, clock: Traveller, how: str) -> None:
    back_end.captured(clock)
    sync_books_tick()
    clock.shift(1)
    back_end.go_wrong("look", how)
    [told] = findings()
    assert told.startswith(f"Gateway {back_end.name} could not be asked: The ")
    assert findings() == []


def test_a_list_without_an_end_is_no_list(account: BackEnd, clock: Traveller, monkeypatch: pytest.MonkeyPatch) -> None:
    account.held(clock)
    monkeypatch.setattr(account.books, "page", lambda *_asked: {"payments": [], "next": "again"})
    rows = gateway_named("account").list_since(None)
    assert rows is not None
    with pytest.raises(GatewayUnreachable, match="without an end"):
        list(rows)
