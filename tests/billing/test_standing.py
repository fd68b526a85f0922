"""What is done elsewhere is a fact too: at the gateway's own pages, by the driver's bank, by time."""

from datetime import timedelta
from typing import Any

import pytest
from time_machine import Traveller

from billing.gateways import Dispute, GatewayAnswer, GatewayUnreachable, Outcome
from billing.models import PaymentAuthorization
from billing.payments import services
from tests.billing.conftest import START, ScriptedGateway, due, fresh, opened, story

pytestmark = pytest.mark.django_db
HELD = GatewayAnswer(Outcome.DONE, gateway_reference="pi_1", amount=4000, expires_at=START + timedelta(days=7))
LOST = GatewayUnreachable("read timed out", might_have_arrived=True)


def taken(**more: Any) -> GatewayAnswer:
    return GatewayAnswer(Outcome.DONE, captured_amount=1500, refunded_amount=more.pop("refunded_amount", 0), **more)


@pytest.fixture
def held(scripted: ScriptedGateway, clock: Traveller) -> PaymentAuthorization:
    row = opened("pm_1", gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers.append(HELD)
    services.drive(row.pk)
    scripted.asked.clear()
    return fresh(row)


@pytest.fixture
def captured(scripted: ScriptedGateway, held: PaymentAuthorization) -> PaymentAuthorization:
    services.request_capture(held.pk, 1500)
    scripted.answers.append(GatewayAnswer(Outcome.DONE))
    services.drive(held.pk)
    scripted.asked.clear()
    return fresh(held)


def told(row: PaymentAuthorization, scripted: ScriptedGateway, *answers: Any) -> PaymentAuthorization:
    assert services.tell(row.pk, kind="something", key="evt_1")
    scripted.answers += answers
    services.drive(row.pk)
    return fresh(row)


def test_an_event_changes_nothing_by_itself(
    captured: PaymentAuthorization, scripted: ScriptedGateway, news: list[tuple[str, str]]
) -> None:
    assert services.tell(captured.pk, kind="charge.refunded", key="evt_1")
    row = fresh(captured)
    assert (row.state, row.refunded_amount, row.next_check_at, row.told_at) == ("captured", 0, START, START)
    assert story(row)[-1] == ("told", "captured", "")
    assert (news, scripted.asked) == ([], [])
    scripted.answers.append(taken())
    services.drive(row.pk)
    row = fresh(row)
    assert (row.state, row.refunded_amount, row.next_check_at, row.told_at) == ("captured", 0, None, None)
    assert (news, scripted.asked) == ([], [("lookup", "reserve")])


def test_money_given_back_at_the_gateways_own_pages(
    captured: PaymentAuthorization, scripted: ScriptedGateway, news: list[tuple[str, str]]
) -> None:
    row = told(captured, scripted, taken(refunded_amount=500))
    assert (row.kept_amount, row.failure_code, news) == (1000, "", [("session-1", "captured")])


def test_a_refund_that_fails_days_later(
    captured: PaymentAuthorization, scripted: ScriptedGateway, news: list[tuple[str, str]], clock: Traveller
) -> None:
    services.request_refund(captured.pk, 500, reason="The CDR was too high.")
    scripted.answers.append(GatewayAnswer(Outcome.DONE))
    services.drive(captured.pk)
    assert fresh(captured).kept_amount == 1000
    clock.shift(timedelta(days=5))
    row = told(captured, scripted, taken())
    assert (row.kept_amount, row.failure_code) == (1500, "refund_failed")
    assert row.failure_message == "A refund failed afterwards: 500 was not given back."
    services.request_refund(row.pk, 500, reason="Once more.")
    scripted.answers.append(GatewayAnswer(Outcome.DONE))
    services.drive(row.pk)
    assert (fresh(row).kept_amount, fresh(row).failure_code) == (1000, "")
    assert scripted.asked[-1] == ("refund", "refund:2")


@pytest.mark.parametrize(
    ("dispute", "amount", "kept"), [(Dispute.OPEN, 1500, 1500), (Dispute.WON, 1500, 0), (Dispute.LOST, 1500, 1500)]
)
def test_a_dispute(
    captured: PaymentAuthorization,
    scripted: ScriptedGateway,
    news: list[tuple[str, str]],
    dispute: Dispute,
    amount: int,
    kept: int,
) -> None:
    row = told(captured, scripted, taken(dispute=dispute, disputed_amount=amount))
    assert (row.dispute, row.disputed_amount, news) == (dispute, kept, [("session-1", "captured")])
    row = told(row, scripted, taken(dispute=dispute, disputed_amount=amount))
    assert len(news) == 1


def test_a_hold_that_was_cancelled_at_the_gateways_own_pages(
    held: PaymentAuthorization, scripted: ScriptedGateway, news: list[tuple[str, str]]
) -> None:
    row = told(held, scripted, GatewayAnswer(Outcome.EXPIRED, message="It was cancelled."))
    assert (row.state, row.failure_message, row.told_at) == ("expired", "It was cancelled.", None)
    assert news == [("session-1", "expired")]


def test_a_hold_that_was_captured_at_the_gateways_own_pages(
    held: PaymentAuthorization, scripted: ScriptedGateway
) -> None:
    row = told(held, scripted, taken(amount=4000))
    assert (row.state, row.captured_amount, row.failure_code) == ("captured", 1500, "captured_elsewhere")


def test_a_release_that_finds_the_money_taken(held: PaymentAuthorization, scripted: ScriptedGateway) -> None:
    services.request_release(held.pk)
    scripted.answers.append(GatewayAnswer(Outcome.REFUSED, code="already_captured", captured_amount=900))
    services.drive(held.pk)
    row = fresh(held)
    assert (row.state, row.captured_amount, row.failure_code) == ("captured", 900, "captured_elsewhere")


def test_a_hold_that_is_as_it_was_keeps_its_clock(
    held: PaymentAuthorization, scripted: ScriptedGateway, news: list[tuple[str, str]]
) -> None:
    row = told(held, scripted, HELD)
    assert (row.state, row.next_check_at, row.told_at) == ("reserved", START + timedelta(days=6), None)


def test_an_event_while_the_gateway_is_being_asked_is_looked_into_afterwards(
    held: PaymentAuthorization, scripted: ScriptedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.request_capture(held.pk, 1500)
    tell = scripted._answer

    def told_meanwhile(verb: Any, key: Any) -> GatewayAnswer:
        monkeypatch.setattr(scripted, "_answer", tell)
        services.tell(held.pk, kind="charge.dispute.created", key="evt_1")
        services.drive(held.pk)  # the other worker must wait
        return tell(verb, key)

    monkeypatch.setattr(scripted, "_answer", told_meanwhile)
    scripted.answers.append(GatewayAnswer(Outcome.DONE))
    services.drive(held.pk)
    row = fresh(held)
    assert (row.state, row.next_check_at) == ("captured", START)
    scripted.answers.append(taken(dispute=Dispute.OPEN, disputed_amount=1500))
    services.drive(row.pk)
    assert (fresh(row).dispute, fresh(row).next_check_at) == ("open", None)
    assert scripted.asked == [("capture", "capture"), ("lookup", "reserve")]


def test_an_event_that_comes_before_the_answer_hurries_the_next_look_once(
    scripted: ScriptedGateway, clock: Traveller
) -> None:
    row = opened("pm_1", gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers.append(GatewayAnswer(Outcome.PENDING, gateway_reference="pi_1"))
    services.drive(row.pk)
    assert due(fresh(row)) > START
    row = told(row, scripted, GatewayAnswer(Outcome.PENDING))
    assert (row.told_at, due(row) > START) == (None, True)


def test_an_unanswered_look_at_captured_money_is_repeated(
    captured: PaymentAuthorization, scripted: ScriptedGateway, clock: Traveller
) -> None:
    row = told(captured, scripted, LOST)
    assert row.next_check_at == START + timedelta(seconds=1)
    clock.move_to(row.next_check_at)
    scripted.answers.append(taken(refunded_amount=1500))
    services.drive(row.pk)
    assert (fresh(row).kept_amount, fresh(row).next_check_at) == (0, None)


@pytest.mark.parametrize("state", ["released", "declined"])
def test_what_is_over_has_nothing_to_tell(scripted: ScriptedGateway, clock: Traveller, state: str) -> None:
    row = opened("pm_1", gateway="scripted")
    if state == "released":
        services.request_release(row.pk)
    else:
        services.request_reserve(row.pk)
        scripted.answers.append(GatewayAnswer(Outcome.DECLINED))
        services.drive(row.pk)
    history = story(row)
    assert services.tell(row.pk, kind="something") is False
    assert (story(row), fresh(row).next_check_at) == (history, None)


@pytest.mark.parametrize("how", ["lost", "killed"])
def test_what_was_told_of_money_that_is_held_is_looked_into_although_the_first_look_came_to_nothing(
    held: PaymentAuthorization, scripted: ScriptedGateway, clock: Traveller, news: list[tuple[str, str]], how: str
) -> None:
    """Neither is it forgotten, nor is the reservation said to end soon."""
    if how == "lost":
        row = told(held, scripted, LOST)
    else:
        with pytest.raises(Killed):
            told(held, scripted, Killed())
        row = fresh(held)
    assert (row.state, row.expiry_warned_at, row.told_at) == ("reserved", None, START)
    assert START < due(row) < START + timedelta(minutes=1)
    clock.move_to(due(row))
    scripted.answers.append(GatewayAnswer(Outcome.EXPIRED, message="It was cancelled."))
    services.drive(row.pk)
    row = fresh(row)
    assert (row.state, row.expiry_warned_at, row.told_at) == ("expired", None, None)
    assert scripted.asked == [("lookup", "reserve")] * 2
    assert news == [("session-1", "expired")]


class Killed(Exception):
    """The worker is gone, in the middle of its question."""
