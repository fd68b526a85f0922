"""Answers lost before or after it was done, failures, and answers that nobody or somebody else signed: the same end."""

from typing import Any

import pytest
from pytest_django import Settings
from time_machine import Traveller

from billing.gateways import GatewayUnreachable, Outcome, Verb, gateway_named
from billing.payments import services
from tests.billing.back_office.conftest import BackEnd
from tests.billing.conftest import asked_about, drive_until_quiet, fresh, story

pytestmark = pytest.mark.django_db
NEW = "whsec_" + "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldy0="
HOW = ["lost_request", "lost_answer", "fail", "fail_after", "unsigned", "forged", "stale", "other", "busy", "garbled"]
FAULTS = pytest.mark.parametrize("how", HOW)


@FAULTS
@pytest.mark.parametrize("verb", ["look", "adopt"])
def test_taking_over(terminal: BackEnd, clock: Traveller, how: str, verb: str) -> None:
    terminal.go_wrong(verb, how)
    row = drive_until_quiet(terminal.reserving(), clock)
    assert (row.state, row.failure_code) == ("reserved", "")
    assert (terminal.money(), terminal.only()["payment"]) == ([("held", 5000, 0, 0)], str(row.pk))
    assert ("unreachable", "reserving", "") in story(row)


@FAULTS
@pytest.mark.parametrize("verb", ["open", "confirm"])
def test_reserving(account: BackEnd, clock: Traveller, how: str, verb: str) -> None:
    account.go_wrong(verb, how)
    row = drive_until_quiet(account.reserving(), clock)
    assert (row.state, account.money()) == ("reserved", [("held", 4000, 0, 0)])


@FAULTS
@pytest.mark.parametrize("verb", ["capture", "release"])
def test_the_end(back_end: BackEnd, clock: Traveller, how: str, verb: str) -> None:
    row = back_end.held(clock)
    back_end.go_wrong(verb, how)
    services.request_capture(row.pk, 1500) if verb == "capture" else services.request_release(row.pk)
    row = drive_until_quiet(row, clock)
    wanted = {"capture": ("captured", 1500), "release": ("released", 0)}[verb]
    assert (row.state, row.captured_amount, row.failure_code) == (*wanted, "")
    assert (back_end.only()["status"], back_end.only()["captured"]) == wanted


@FAULTS
def test_two_refunds_of_the_same_sum(back_end: BackEnd, clock: Traveller, how: str) -> None:
    row = back_end.captured(clock)
    for _ in range(2):
        back_end.go_wrong("refund", how)
        services.request_refund(row.pk, 500, reason="The CDR was too high.")
        row = drive_until_quiet(row, clock)
    assert (row.kept_amount, back_end.only()["refunded"]) == (500, 1000)


@FAULTS
def test_raising(account: BackEnd, clock: Traveller, how: str) -> None:
    row = account.held(clock)
    account.go_wrong("raise", how)
    services.request_raise(row.pk, 6000)
    for _ in range(3):
        if fresh(row).raise_amount is not None:
            clock.move_to(max(fresh(row).next_check_at, fresh(row).updated_at))  # type: ignore[type-var]
            services.drive(row.pk)
    assert (fresh(row).amount, account.money()) == (6000, [("held", 6000, 0, 0)])


@pytest.mark.parametrize("how", ["anothers", "garbled", "unsigned", "forged", "stale", "other", "fail_after", "busy"])
def test_an_answer_about_something_else_is_none(back_end: BackEnd, clock: Traveller, how: str) -> None:
    row = back_end.held(clock)
    back_end.go_wrong("look", how)
    with pytest.raises(GatewayUnreachable) as silence:
        gateway_named(back_end.name).lookup(asked_about(row.reserve_key, Verb.RESERVE, row.gateway_reference))
    assert silence.value.might_have_arrived
    assert silence.value.key_is_spent is False


def test_an_answer_about_another_request_is_none(back_end: BackEnd, clock: Traveller) -> None:
    row = back_end.held(clock)
    back_end.books.requests[f"{row.pk}:capture"] = {**back_end.books.requests[row.reserve_key], "key": "another"}
    with pytest.raises(GatewayUnreachable, match="tells of another request"):
        gateway_named(back_end.name).lookup(asked_about(f"{row.pk}:capture", Verb.CAPTURE, row.gateway_reference))


@pytest.mark.parametrize("verb", [Verb.RAISE, Verb.CAPTURE])
def test_what_is_over_is_neither_raised_nor_captured(account: BackEnd, clock: Traveller, verb: Verb) -> None:
    row = account.held(clock)
    account.books.move(account.only(), "expired")
    told = gateway_named("account").lookup(asked_about(f"{row.pk}:x", verb, row.gateway_reference))
    assert (told.outcome, told.message) == (Outcome.EXPIRED, "Nothing is held any more.")


def test_what_the_back_end_does_not_know_any_more_is_not_held(terminal: BackEnd, clock: Traveller) -> None:
    row = terminal.held(clock)
    terminal.books.payments.clear()
    services.request_release(row.pk)
    assert drive_until_quiet(row, clock).state == "released"


def test_a_key_that_is_another_requests_is_refused(back_end: BackEnd, clock: Traveller) -> None:
    row = back_end.captured(clock)
    gateway = gateway_named(back_end.name)
    assert gateway.refund(f"{row.pk}:refund:9", row.gateway_reference, 100).outcome is Outcome.DONE
    assert gateway.refund(f"{row.pk}:refund:9", row.gateway_reference, 200).code == "key_reused"
    assert back_end.only()["refunded"] == 100


def test_while_a_secret_is_replaced_calls_fit_both_sides(
    back_end: BackEnd, settings: Settings, clock: Traveller
) -> None:
    row = back_end.held(clock)
    old = back_end.fake.secret
    setattr(settings, f"{back_end.name.upper()}_SECRETS", [NEW, old])
    services.request_capture(row.pk, 1500)
    assert drive_until_quiet(row, clock).state == "captured"
    back_end.fake.secret = NEW
    services.request_refund(row.pk, 100, reason="The CDR was too high.")
    assert drive_until_quiet(row, clock).kept_amount == 1400
    setattr(settings, f"{back_end.name.upper()}_SECRETS", [old])
    with pytest.raises(GatewayUnreachable, match=r"\(HTTP 401\) is not signed as an answer to this call"):
        gateway_named(back_end.name).release(f"{row.pk}:release", row.gateway_reference)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"URL": ""}, "its URL and its secrets are not set"),
        ({"SECRETS": []}, "its URL and its secrets are not set"),
        ({"SECRETS": ["secret"]}, "a secret is whsec_"),
        ({"URL": "http://127.0.0.1:9"}, "their server refuses the connection"),
        ({"URL": "ftp://127.0.0.1"}, "is not a complete http"),
        ({"URL": "http://pay.example", "PRODUCTION": True}, "its URL is not https"),
    ],
)
def test_what_certainly_did_not_arrive(back_end: BackEnd, settings: Settings, given: dict[str, Any], says: str) -> None:
    for name, value in given.items():
        setattr(settings, name if name == "PRODUCTION" else f"{back_end.name.upper()}_{name}", value)
    with pytest.raises(GatewayUnreachable, match=says) as silence:
        gateway_named(back_end.name).release("ours:release", "trm_1")
    assert not silence.value.might_have_arrived
    assert "whsec_c2" not in str(silence.value)


def test_a_terminal_that_cannot_be_reached_is_given_up_and_holds_nothing_of_ours(
    terminal: BackEnd, settings: Settings, clock: Traveller
) -> None:
    row = terminal.reserving()
    settings.TERMINAL_URL = "http://127.0.0.1:9"
    for _ in range(8):
        clock.move_to(fresh(row).next_check_at or clock_of(row))
        services.drive(row.pk)
    assert fresh(row).state == "releasing"
    settings.TERMINAL_URL = terminal.server.base
    assert drive_until_quiet(row, clock).state == "released"
    assert terminal.money() == [("released", 5000, 0, 0)]


def clock_of(row: Any) -> Any:
    return fresh(row).updated_at
