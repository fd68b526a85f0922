"""Each verb through both gateways, held against the back end's own books."""

from datetime import timedelta

import pytest
from time_machine import Traveller

from billing.gateways import gateway_named
from billing.payments import services
from tests.billing.back_office.conftest import BackEnd, look
from tests.billing.conftest import START, drive_until_quiet, fresh, opened, wish

pytestmark = pytest.mark.django_db


def test_what_a_terminal_holds_is_looked_at_and_taken_over(terminal: BackEnd, clock: Traveller) -> None:
    row = drive_until_quiet(terminal.reserving(), clock)
    held = terminal.only()
    assert (row.state, row.amount, row.gateway_reference, row.card) == ("reserved", 4000, held["reference"], "4242")
    assert row.expires_at == START + timedelta(days=7)
    assert (held["payment"], held["status"], held["amount"]) == (str(row.pk), "held", 5000)
    assert terminal.verbs() == ["look", "adopt"]


def test_an_account_is_opened_and_then_confirmed(account: BackEnd, clock: Traveller) -> None:
    row = account.reserving()
    services.drive(row.pk)
    assert (fresh(row).state, fresh(row).gateway_reference) == ("reserving", account.only()["reference"])
    assert account.money() == [("open", 4000, 0, 0)]
    row = drive_until_quiet(row, clock)
    assert (row.state, row.expires_at) == ("reserved", START + timedelta(days=7))
    assert account.fake.asked == [("open", "reserve"), ("confirm", "reserve:confirm")]
    told = account.only()["opening"]
    assert (told["payment"], told["currency"], told["metadata"]["evse"]) == (str(row.pk), "EUR", "SK*ION*E1")


@pytest.mark.parametrize(
    ("method", "code"),
    [("acc_declined", "account_blocked"), ("acc_poor", "insufficient_funds"), ("acc_of_nobody", "no_such_account")],
)
def test_an_account_that_does_not_pay(account: BackEnd, clock: Traveller, method: str, code: str) -> None:
    row = drive_until_quiet(account.reserving(method), clock)
    assert (row.state, row.failure_code, account.only()["status"]) == ("declined", code, "declined")


def test_without_an_account_the_driver_is_asked_in_the_app(account: BackEnd, clock: Traveller) -> None:
    row = account.reserving("")
    services.drive(row.pk)
    row = fresh(row)
    action = services.action_of(row, row.updated_at)
    assert action is not None
    assert action.url == f"https://app.sfp.example/pay/{row.gateway_reference}"
    assert row.action_until == START + timedelta(minutes=10)
    account.books.hold(account.only())
    assert look(row).state == "reserved"
    assert account.money() == [("held", 4000, 0, 0)]


def test_who_gives_up_pays_nothing(account: BackEnd, clock: Traveller) -> None:
    row = account.reserving("")
    services.drive(row.pk)
    services.request_release(row.pk)
    assert drive_until_quiet(row, clock).state == "released"
    assert account.money() == [("released", 4000, 0, 0)]


def test_a_part_is_captured_and_given_back_in_parts(back_end: BackEnd, clock: Traveller) -> None:
    row = back_end.captured(clock)
    for amount in (500, 300):
        services.request_refund(row.pk, amount, reason="The CDR was too high.")
        row = drive_until_quiet(row, clock)
    assert (row.state, row.captured_amount, row.kept_amount) == ("captured", 1500, 700)
    assert [money[2:] for money in back_end.money()] == [(1500, 800)]
    assert back_end.verbs() == ["refund", "refund"]


def test_what_is_held_is_released(back_end: BackEnd, clock: Traveller) -> None:
    row = back_end.held(clock)
    services.request_release(row.pk)
    assert drive_until_quiet(row, clock).state == "released"
    assert (back_end.only()["status"], back_end.verbs()) == ("released", ["release"])


def test_an_account_holds_more_or_does_not(account: BackEnd, clock: Traveller) -> None:
    row = account.held(clock)
    services.request_raise(row.pk, 6000)
    services.drive(row.pk)
    assert (fresh(row).amount, account.money()) == (6000, [("held", 6000, 0, 0)])


@pytest.mark.parametrize(("name", "method"), [("account", "acc_fixed"), ("terminal", "")])
def test_where_no_more_is_held_all_stays(
    request: pytest.FixtureRequest, clock: Traveller, name: str, method: str
) -> None:
    back_end: BackEnd = request.getfixturevalue(name)
    row = back_end.held(clock, method)
    services.request_raise(row.pk, 6000)
    services.drive(row.pk)
    assert (fresh(row).state, fresh(row).amount, fresh(row).raise_amount) == ("reserved", 4000, None)
    assert back_end.only()["status"] == "held"


def test_a_terminal_opens_nothing_itself(terminal: BackEnd) -> None:
    told = gateway_named("terminal").open(wish()).as_answer()
    assert (told.outcome, told.code) == ("refused", "no_payment_reference")
    assert terminal.verbs() == []


@pytest.mark.parametrize("verb", ["capture", "release", "refund"])
def test_what_takes_its_time_is_asked_about(back_end: BackEnd, clock: Traveller, verb: str) -> None:
    back_end.books.pends = {verb}
    if verb == "refund":
        row = back_end.captured(clock)
        services.request_refund(row.pk, 500, reason="The CDR was too high.")
    else:
        row = back_end.held(clock)
        services.request_capture(row.pk, 1500) if verb == "capture" else services.request_release(row.pk)
    for _ in range(3):
        clock.move_to(fresh(row).next_check_at or START)
        services.drive(row.pk)
    assert fresh(row).state == {"capture": "capturing", "release": "releasing", "refund": "refunding"}[verb]
    back_end.books.finish()
    row = drive_until_quiet(row, clock)
    assert (row.state, row.kept_amount) == {
        "capture": ("captured", 1500),
        "release": ("released", 0),
        "refund": ("captured", 1000),
    }[verb]
    assert back_end.verbs().count(verb) == 1


def test_a_refund_that_is_refused_gives_nothing_back(back_end: BackEnd, clock: Traveller) -> None:
    row = back_end.captured(clock)
    back_end.only()["refunded"] = 1400  # by somebody else
    services.request_refund(row.pk, 500, reason="The CDR was too high.")
    row = drive_until_quiet(row, clock)
    assert (row.state, row.kept_amount, row.failure_code) == ("captured", 1500, "amount_too_large")


def test_a_hold_that_ran_out_is_not_captured(back_end: BackEnd, clock: Traveller) -> None:
    row = back_end.held(clock)
    clock.shift(timedelta(days=8))
    services.request_capture(row.pk, 1500)
    assert drive_until_quiet(row, clock).state == "expired"
    assert back_end.only()["status"] == "expired"


def test_what_others_did_with_the_money_is_told(back_end: BackEnd, clock: Traveller) -> None:
    row = back_end.held(clock)
    back_end.books.capture(back_end.only(), {"amount": 900})
    row = look(row)
    assert (row.state, row.captured_amount, row.failure_code) == ("captured", 900, "captured_elsewhere")
    back_end.only().update(refunded=200, dispute="open", disputed=900)
    row = look(row)
    assert (row.kept_amount, row.dispute, row.disputed_amount) == (700, "open", 900)


def test_what_was_captured_elsewhere_cannot_be_released(back_end: BackEnd, clock: Traveller) -> None:
    row = back_end.held(clock)
    back_end.books.capture(back_end.only(), {"amount": 900})
    services.request_release(row.pk)
    row = drive_until_quiet(row, clock)
    assert (row.state, row.captured_amount, row.failure_code) == ("captured", 900, "captured_elsewhere")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": "CZK"}, "not_held"),
        ({"amount": 3999}, "not_held"),
        ({"status": "released"}, "not_held"),
        ({"payment": "another"}, "anothers_payment"),
    ],
)
def test_a_hold_that_is_not_as_it_was_said_is_not_taken_over(
    terminal: BackEnd, clock: Traveller, change: dict[str, object], code: str
) -> None:
    row = terminal.reserving()
    terminal.only().update(change)
    before = dict(terminal.only())
    row = drive_until_quiet(row, clock)
    assert (row.state, row.failure_code) == ("failed", code)
    assert (terminal.verbs(), terminal.only()) == (["look"], before)


@pytest.mark.parametrize("reference", ["trm_of_nobody", "..", "a/b", "x?y"])
def test_a_reference_that_names_nothing(terminal: BackEnd, clock: Traveller, reference: str) -> None:
    row = opened("", gateway="terminal", adopting=reference)
    services.request_reserve(row.pk)
    row = drive_until_quiet(row, clock)
    assert (row.state, row.failure_code, terminal.money()) == ("failed", "no_such_payment", [])


def test_a_terminals_hold_is_taken_over_once(terminal: BackEnd, clock: Traveller) -> None:
    """Ours never get to ask twice (a constraint of the database); what anybody else asks moves nothing either."""
    first = terminal.held(clock)
    with pytest.raises(services.MoneyConflict, match="belongs to another payment"):
        opened("", gateway="terminal", reference="session-2", adopting=first.gateway_reference)
    gateway, reference = gateway_named("terminal"), first.gateway_reference
    assert gateway.adopt("another:reserve", reference, 4000, "EUR").code == "anothers_payment"
    assert gateway.capture("another:capture", reference, 100).code == "anothers_payment"
    assert gateway.refund("another:refund", reference, 100).code == "anothers_payment"
    assert gateway.release("another:release", reference).outcome == "expired"
    assert (terminal.money(), terminal.only()["payment"]) == ([("held", 5000, 0, 0)], str(first.pk))
