"""Giving captured money back: once per wish, never more than was captured, and by both books."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings
from time_machine import Traveller

from billing.gateways import GatewayAnswer, GatewayUnreachable, Outcome
from billing.gateways.simulated import SimulatedGateway
from billing.models import PaymentAuthorization, SimulatedCharge
from billing.payments import services
from tests.billing.conftest import ScriptedGateway, calls, drive_until_quiet, fresh, reserved, story

pytestmark = pytest.mark.django_db


def captured(payment_method: str = "pm_sim_ok", amount: int = 1500, **more: object) -> PaymentAuthorization:
    row = reserved(payment_method, **more)
    services.request_capture(row.pk, amount)
    services.drive(row.pk)
    return fresh(row)


def taken() -> tuple[int, int]:
    """(captured, given back) by the gateway's own books."""
    return SimulatedCharge.objects.values_list("captured_amount", "refunded_amount").get()


def test_a_part_is_given_back_and_then_the_rest(clock: Traveller, news: list[tuple[str, str]]) -> None:
    row = captured()
    services.request_refund(row.pk, 500, reason="The CDR was too high.")
    assert fresh(row).state == "refunding"
    services.drive(row.pk)
    assert (fresh(row).state, fresh(row).kept_amount, taken()) == ("captured", 1000, (1500, 500))
    services.request_refund(row.pk, 1000, reason="It was no charge at all.")
    services.drive(row.pk)
    assert (fresh(row).kept_amount, taken()) == (0, (1500, 1500))
    assert calls() == {"reserve": 1, "capture": 1, "refund": 1, "refund:2": 1}
    assert [state for _reference, state in news] == ["reserved", "captured", "captured", "captured"]
    assert fresh(row).is_terminal
    assert fresh(row).next_check_at is None


def test_asking_again_while_it_is_under_way_changes_nothing(clock: Traveller) -> None:
    row = captured()
    for _ in range(2):
        services.request_refund(row.pk, 500, reason="The CDR was too high.")
    services.drive(row.pk)
    services.drive(row.pk)
    assert (fresh(row).kept_amount, taken(), calls()["refund"]) == (1000, (1500, 500), 1)


@pytest.mark.parametrize("amount", [0, -1, 1501])
def test_never_more_than_was_captured(clock: Traveller, amount: int) -> None:
    row = captured()
    with pytest.raises(services.MoneyConflict):
        services.request_refund(row.pk, amount, reason="A mistake.")
    assert (fresh(row).state, taken()) == ("captured", (1500, 0))


def test_what_is_not_captured_is_not_given_back(clock: Traveller) -> None:
    row = reserved()
    with pytest.raises(services.MoneyConflict, match="is reserved"):
        services.request_refund(row.pk, 500, reason="A mistake.")


def test_while_one_refund_is_under_way_nothing_else_is_asked(clock: Traveller) -> None:
    row = captured()
    services.request_refund(row.pk, 500, reason="The CDR was too high.")
    with pytest.raises(services.MoneyConflict):
        services.request_refund(row.pk, 600, reason="Another wish.")
    with pytest.raises(services.MoneyConflict):
        services.request_release(row.pk)
    with pytest.raises(services.MoneyConflict):
        services.request_capture(row.pk, 100)
    assert services.request_reserve(row.pk).state == "refunding"


def test_a_refused_refund_leaves_it_captured_and_may_be_asked_for_again(
    clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = captured("pm_sim_refund_refused")
    services.request_refund(row.pk, 500, reason="The CDR was too high.")
    services.drive(row.pk)
    assert (fresh(row).state, fresh(row).failure_code, taken()) == ("captured", "refund_refused", (1500, 0))
    services.request_refund(row.pk, 500, reason="Once more.")
    services.drive(row.pk)
    assert calls() == {"reserve": 1, "capture": 1, "refund": 1, "refund:2": 1}


@pytest.mark.parametrize("method", ["pm_sim_refunds_then_times_out", "pm_sim_slow"])
def test_a_lost_or_late_answer_gives_back_once(clock: Traveller, method: str, settings: Settings) -> None:
    settings.SIMULATED_GATEWAY_DELAY_MS = 800
    row = reserved(method)
    row = drive_until_quiet(row, clock)
    services.request_capture(row.pk, 1500)
    row = drive_until_quiet(row, clock)
    services.request_refund(row.pk, 500, reason="The CDR was too high.")
    row = drive_until_quiet(row, clock)
    assert (row.state, row.kept_amount, taken(), calls()["refund"]) == ("captured", 1000, (1500, 500), 1)


@pytest.mark.parametrize("after", [True, False])
def test_a_worker_that_dies_in_the_call_gives_back_once(
    clock: Traveller, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    row = captured()
    services.request_refund(row.pk, 500, reason="The CDR was too high.")
    real = SimulatedGateway.refund

    def dying(self: Any, *args: Any) -> None:
        monkeypatch.setattr(SimulatedGateway, "refund", real)
        if after:
            real(self, *args)
        raise SystemExit

    monkeypatch.setattr(SimulatedGateway, "refund", dying)
    with pytest.raises(SystemExit):
        services.drive(row.pk)
    row = drive_until_quiet(row, clock)
    assert (row.state, row.kept_amount, taken(), calls()["refund"]) == ("captured", 1000, (1500, 500), 1)


def test_a_refund_that_never_comes_through_needs_people(clock: Traveller, scripted: ScriptedGateway) -> None:
    row = reserved()
    PaymentAuthorization.objects.filter(pk=row.pk).update(gateway="scripted")
    scripted.answers += [GatewayAnswer(Outcome.DONE, captured_amount=1500)]
    services.request_capture(row.pk, 1500)
    services.drive(row.pk)
    services.request_refund(row.pk, 500, reason="The CDR was too high.")
    scripted.answers += [GatewayUnreachable("connection refused", might_have_arrived=False)] * 8
    for _ in range(8):
        clock.shift(timedelta(minutes=6))
        services.drive(row.pk)
    assert (fresh(row).state, services.is_stuck(fresh(row))) == ("refunding", True)
    scripted.answers += [GatewayAnswer(Outcome.DONE)]
    clock.shift(timedelta(minutes=6))
    services.drive(row.pk)
    assert (fresh(row).state, fresh(row).kept_amount) == ("captured", 1000)
    assert {key for _verb, key in scripted.asked} == {"capture", "refund"}


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"refunded_amount": 1501}, "refunded_within_captured"),
        ({"refunded_amount": -1}, "refunded_within_captured"),
        ({"refund_amount": 1}, "refund_within_captured"),
        ({"state": "refunding", "next_check_at": "2026-03-02T12:00Z"}, "refund_within_captured"),
        (
            {"state": "refunding", "next_check_at": "2026-03-02T12:00Z", "refunded_amount": 1000, "refund_amount": 501},
            "refund_within_captured",
        ),
    ],
)
def test_the_books_cannot_be_made_to_lie_about_it(clock: Traveller, change: Any, constraint: str) -> None:
    row = captured()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PaymentAuthorization.objects.filter(pk=row.pk).update(**change)


def test_the_simulated_acquirer_never_gives_back_more_than_it_took(clock: Traveller) -> None:
    row = captured()
    answer = SimulatedGateway().refund("another key", row.gateway_reference, 1501)
    assert (answer.outcome, answer.code, taken()) == (Outcome.REFUSED, "amount_too_large", (1500, 0))
    with pytest.raises(IntegrityError, match="never_gives_back_more"), transaction.atomic():
        SimulatedCharge.objects.update(refunded_amount=1501)


def test_the_history_tells_who_asked_and_what_came_of_it(clock: Traveller) -> None:
    row = captured()
    services.request_refund(row.pk, 500, reason="The CDR was too high.")
    services.drive(row.pk)
    assert story(row)[-3:] == [
        ("requested", "refunding", ""),
        ("asked", "refunding", ""),
        ("answered", "captured", "done"),
    ]
    asked = row.events.filter(action="requested").last()
    assert asked is not None
    assert (asked.message, asked.amount) == ("refund: The CDR was too high.", 500)
