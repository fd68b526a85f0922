"""Two halves of a reservation: made known to the gateway and saved; then the driver acts, or it is confirmed.

A worker may die between any two lines: nothing is ever held that we cannot ask about.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings
from time_machine import Traveller

from billing.gateways import DriverAction, GatewayAnswer, GatewayUnreachable, Outcome
from billing.models import PaymentAuthorization
from billing.payments import services
from billing.payments.services import MoneyConflict
from tests.billing.conftest import START, ScriptedGateway, drive_until_quiet, due, fresh, opened, story
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db

URL = "https://pay.example/c/cs_1#secret"
ACTION = DriverAction(url=URL, expires_at=START + timedelta(hours=1))
OPENED = GatewayAnswer(Outcome.OPENED, gateway_reference="pi_1")
TO_PAY = GatewayAnswer(Outcome.ACTION_REQUIRED, gateway_reference="cs_1", action=ACTION)
HELD = GatewayAnswer(Outcome.DONE, gateway_reference="pi_1", amount=4000, expires_at=START + timedelta(days=7))
UNKNOWN = GatewayAnswer(Outcome.UNKNOWN_KEY)
LOST = GatewayUnreachable("read timed out", might_have_arrived=True)


class WorkerDiedError(Exception):
    """The process is gone; nothing after this line of it runs."""


def asking(**more: Any) -> PaymentAuthorization:
    row = opened("pm_1", gateway="scripted", **more)
    services.request_reserve(row.pk)
    return row


def drive(row: PaymentAuthorization, scripted: ScriptedGateway, *answers: Any) -> PaymentAuthorization:
    """One drive after another, each with its answers, at the time when it is due."""
    for answer in answers:
        scripted.answers.append(answer)
        services.drive(row.pk)
    return fresh(row)


def test_the_reference_is_saved_before_anything_can_be_held(
    scripted: ScriptedGateway, clock: Traveller, waiting_tasks: Callable[[], list[Ran]]
) -> None:
    row = asking()
    queued = len(waiting_tasks())
    row = drive(row, scripted, OPENED)
    assert (row.state, row.gateway_reference, row.called_at, row.next_check_at) == ("reserving", "pi_1", None, START)
    assert waiting_tasks()[queued:] == [("billing.tasks.drive", (str(row.pk),))]
    row = drive(row, scripted, HELD)
    assert (row.state, row.expires_at) == ("reserved", START + timedelta(days=7))
    assert scripted.asked == [("open", "reserve"), ("confirm", "reserve")]


def test_the_gateway_is_told_what_the_driver_pays_for(scripted: ScriptedGateway, clock: Traveller) -> None:
    opening = {
        "return_url": "https://charge.example/c/session/1",
        "locale": "sk",
        "description": "Charging at SK*ION*E1",
        "email": "driver@example.com",
        "metadata": {"session": "session-1", "evse": "SK*ION*E1", "cpo": "ion"},
    }
    row = asking(opening=opening)
    row = drive(row, scripted, OPENED)
    [request] = scripted.requests
    assert (request.key, request.amount, request.currency, request.payment_method) == (
        f"{row.pk}:reserve",
        4000,
        "EUR",
        "pm_1",
    )
    assert (request.return_url, request.locale, request.email) == (
        "https://charge.example/c/session/1",
        "sk",
        "driver@example.com",
    )
    assert request.metadata == {"session": "session-1", "evse": "SK*ION*E1", "cpo": "ion", "payment": str(row.pk)}
    assert request.asked_at == START
    row = drive(row, scripted, HELD)
    assert row.opening is not None
    assert "email" not in row.opening
    assert row.opening["locale"] == "sk"


@pytest.mark.parametrize("after", [True, False])
def test_a_worker_that_dies_while_opening_has_it_opened_again(
    scripted: ScriptedGateway, clock: Traveller, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    row = asking()
    tell = scripted._answer

    def dying(verb: Any, key: Any) -> None:
        monkeypatch.setattr(scripted, "_answer", tell)
        if after:
            tell(verb, key)
        raise WorkerDiedError

    scripted.answers += [TO_PAY] if after else []
    monkeypatch.setattr(scripted, "_answer", dying)
    with pytest.raises(WorkerDiedError):
        services.drive(row.pk)
    clock.move_to(fresh(row).leased_until)
    scripted.answers += [UNKNOWN, TO_PAY]
    services.drive(row.pk)
    assert (fresh(row).state, fresh(row).gateway_reference) == ("reserving", "cs_1")
    assert scripted.asked[-2:] == [("lookup", "reserve"), ("open", "reserve")]
    assert [question.reference for question in scripted.questions] == [""]
    first, second = (scripted.requests * 2)[-2:]
    assert first == second


@pytest.mark.parametrize("after", [True, False])
def test_a_worker_that_dies_while_confirming_asks_by_the_reference(
    scripted: ScriptedGateway, clock: Traveller, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    row = drive(asking(), scripted, OPENED)
    tell = scripted._answer

    def dying(_verb: Any, _key: Any) -> None:
        monkeypatch.setattr(scripted, "_answer", tell)
        raise WorkerDiedError

    monkeypatch.setattr(scripted, "_answer", dying)
    with pytest.raises(WorkerDiedError):
        services.drive(row.pk)
    clock.move_to(fresh(row).leased_until)
    scripted.answers += [HELD] if after else [UNKNOWN, HELD]
    services.drive(row.pk)
    assert fresh(row).state == "reserved"
    confirmed = [] if after else [("confirm", "reserve")]
    assert scripted.asked == [("open", "reserve"), ("lookup", "reserve"), *confirmed]
    assert scripted.questions[-1].reference == "pi_1"


def test_the_driver_acts_while_the_gateway_is_asked_from_time_to_time(
    scripted: ScriptedGateway, clock: Traveller, news: list[tuple[str, str]]
) -> None:
    row = drive(asking(), scripted, TO_PAY)
    assert services.action_of(row, START) == ACTION
    for _ in range(10):
        assert (row.state, due(row) - fresh(row).updated_at) == ("reserving", timedelta(seconds=15))
        clock.move_to(row.next_check_at)
        row = drive(row, scripted, GatewayAnswer(Outcome.ACTION_REQUIRED, action=ACTION))
    assert (row.attempts, news) == (0, [])
    clock.move_to(row.next_check_at)
    row = drive(row, scripted, HELD)
    assert (row.state, row.gateway_reference, row.action, row.action_until) == ("reserved", "pi_1", None, None)
    assert services.action_of(row, START) is None
    assert {verb for verb, _key in scripted.asked[1:]} == {"lookup"}
    assert news == [("session-1", "reserved")]


def test_one_blip_while_the_driver_pays_does_not_take_the_payment_away(
    scripted: ScriptedGateway, clock: Traveller
) -> None:
    row = drive(asking(), scripted, TO_PAY)
    for _ in range(8):
        clock.move_to(row.next_check_at)
        row = drive(row, scripted, TO_PAY)
    clock.move_to(row.next_check_at)
    row = drive(row, scripted, LOST)
    assert row.state == "reserving"
    clock.move_to(row.next_check_at)
    assert drive(row, scripted, HELD).state == "reserved"


def test_what_the_driver_has_to_do_is_stored_unreadably_and_ends(
    scripted: ScriptedGateway, clock: Traveller, settings: Settings
) -> None:
    row = drive(asking(), scripted, TO_PAY)
    assert row.action is not None
    raw = bytes(row.action)
    assert b"pay.example" not in raw
    assert b"secret" not in raw
    assert services.action_of(row, START + timedelta(hours=1)) is None
    assert not any(URL in str(event.__dict__) for event in row.events.all())
    settings.FIELD_ENCRYPTION_KEYS = ["vLpW8kQGqNOGmZ0CzQbXqvyEJ9n5tLkq1nq0jH3hK2c="]
    assert services.action_of(row, START) is None


def test_who_gives_up_before_paying_has_what_was_opened_closed(scripted: ScriptedGateway, clock: Traveller) -> None:
    row = drive(asking(), scripted, TO_PAY)
    services.request_release(row.pk)
    row = fresh(row)
    assert (row.state, row.action) == ("releasing", None)
    row = drive(row, scripted, GatewayAnswer(Outcome.DONE))
    assert (row.state, row.was_reserved) == ("released", False)
    assert scripted.asked == [("open", "reserve"), ("release", "release")]


def test_a_refused_release_of_what_was_never_reserved_does_not_become_reserved(
    scripted: ScriptedGateway, clock: Traveller
) -> None:
    row = drive(asking(), scripted, TO_PAY)
    services.request_release(row.pk)
    refused = GatewayAnswer(Outcome.REFUSED, code="busy", message="Not now.")
    row = drive(row, scripted, refused)
    assert (row.state, row.failure_code) == ("releasing", "busy")
    scripted.answers += [GatewayAnswer(Outcome.DONE)]
    row = drive_until_quiet(row, clock)
    assert row.state == "released"
    assert scripted.asked == [("open", "reserve"), ("release", "release"), ("release", "release:2")]


def test_a_release_that_is_refused_for_ever_needs_people(
    scripted: ScriptedGateway, clock: Traveller, news: list[tuple[str, str]]
) -> None:
    row = drive(asking(), scripted, TO_PAY)
    services.request_release(row.pk)
    for _ in range(8):
        clock.move_to(fresh(row).next_check_at)
        row = drive(row, scripted, GatewayAnswer(Outcome.REFUSED, code="busy"))
    assert (row.state, services.is_stuck(row)) == ("releasing", True)
    assert news[-1] == ("session-1", "releasing")


def test_a_key_that_only_repeats_the_gateways_own_failure_is_replaced(
    scripted: ScriptedGateway, clock: Traveller
) -> None:
    row = asking()
    spent = GatewayUnreachable("HTTP 500", might_have_arrived=True, key_is_spent=True)
    scripted.answers += [spent]
    services.drive(row.pk)
    clock.move_to(fresh(row).next_check_at)
    scripted.answers += [UNKNOWN, spent]
    services.drive(row.pk)
    clock.move_to(fresh(row).next_check_at)
    scripted.answers += [UNKNOWN, OPENED]
    services.drive(row.pk)
    assert [request.key.partition(":")[2] for request in scripted.requests] == ["reserve", "reserve~1", "reserve~2"]
    row = drive(row, scripted, HELD)
    assert scripted.asked[-1] == ("confirm", "reserve")
    services.request_capture(row.pk, 100)
    drive(row, scripted, GatewayAnswer(Outcome.DONE))
    assert scripted.asked[-1] == ("capture", "capture")


def test_what_a_terminal_holds_is_taken_over(scripted: ScriptedGateway, clock: Traveller) -> None:
    row = opened("", gateway="scripted", adopting="pi_terminal")
    services.request_reserve(row.pk)
    row = drive(row, scripted, GatewayAnswer(Outcome.DONE, gateway_reference="pi_terminal", amount=5000))
    assert (row.state, row.amount, row.gateway_reference) == ("reserved", 4000, "pi_terminal")
    assert scripted.asked == [("adopt", "reserve")]


def test_less_than_is_to_be_taken_over_is_let_go(scripted: ScriptedGateway, clock: Traveller) -> None:
    row = opened("", gateway="scripted", adopting="pi_terminal")
    services.request_reserve(row.pk)
    row = drive(row, scripted, GatewayAnswer(Outcome.DONE, amount=3999))
    assert (row.state, row.failure_code) == ("releasing", "gateway_contradiction")
    assert drive(row, scripted, GatewayAnswer(Outcome.DONE)).state == "released"


def test_what_a_terminal_holds_is_released_although_nothing_was_asked_yet(
    scripted: ScriptedGateway, clock: Traveller
) -> None:
    row = opened("", gateway="scripted", adopting="pi_terminal")
    assert services.request_release(row.pk).state == "releasing"
    assert drive(row, scripted, GatewayAnswer(Outcome.DONE)).state == "released"
    assert scripted.asked == [("release", "release")]


def test_a_hold_is_taken_over_once(scripted: ScriptedGateway, clock: Traveller) -> None:
    opened("", gateway="scripted", adopting="pi_terminal")
    with pytest.raises(MoneyConflict, match="pi_terminal belongs to another payment"):
        opened("", gateway="scripted", adopting="pi_terminal", reference="session-2")
    assert PaymentAuthorization.objects.count() == 1


def test_what_another_payment_holds_is_not_taken_over(scripted: ScriptedGateway, clock: Traveller) -> None:
    row = drive(asking(), scripted, HELD)
    with pytest.raises(MoneyConflict, match=f"{row.gateway_reference} belongs to another payment"):
        opened("", gateway="scripted", adopting=row.gateway_reference, reference="session-2")
    assert PaymentAuthorization.objects.count() == 1


def test_the_simulated_gateway_hands_over_what_it_holds(clock: Traveller) -> None:
    from billing.gateways.simulated import SimulatedGateway
    from tests.billing.conftest import books, wish

    held = SimulatedGateway().open(wish(key="terminal")).as_answer()
    row = opened("", adopting=held.gateway_reference)
    services.request_reserve(row.pk)
    services.drive(row.pk)
    services.request_capture(row.pk, 1500)
    services.drive(row.pk)
    assert (fresh(row).state, books()) == ("captured", [("captured", 4000, 1500, 2500)])


def test_more_is_held_when_it_is_asked_for(
    scripted: ScriptedGateway, clock: Traveller, news: list[tuple[str, str]]
) -> None:
    row = drive(asking(), scripted, HELD)
    services.request_raise(row.pk, 6000, reason="a long charge")
    assert (fresh(row).state, fresh(row).raise_amount, fresh(row).next_check_at) == ("reserved", 6000, START)
    row = drive(row, scripted, GatewayAnswer(Outcome.DONE, amount=6000))
    assert (row.state, row.amount, row.raise_amount, row.next_check_at) == (
        "reserved",
        6000,
        None,
        START + timedelta(days=6),
    )
    services.request_capture(row.pk, 6000)
    assert drive(row, scripted, GatewayAnswer(Outcome.DONE)).captured_amount == 6000
    assert scripted.asked == [("open", "reserve"), ("raise", "raise"), ("capture", "capture:2")]


@pytest.mark.parametrize("answer", [GatewayAnswer(Outcome.REFUSED), GatewayAnswer(Outcome.DECLINED)])
def test_what_is_held_stays_held_where_no_more_can_be(
    scripted: ScriptedGateway, clock: Traveller, answer: GatewayAnswer
) -> None:
    row = drive(asking(), scripted, HELD)
    services.request_raise(row.pk, 6000)
    row = drive(row, scripted, answer)
    assert (row.state, row.amount, row.raise_amount, row.failure_code) == ("reserved", 4000, None, "")


def test_a_lost_answer_to_a_raise_is_asked_about(scripted: ScriptedGateway, clock: Traveller) -> None:
    row = drive(asking(), scripted, HELD)
    services.request_raise(row.pk, 6000)
    row = drive(row, scripted, LOST)
    clock.move_to(row.next_check_at)
    row = drive(row, scripted, GatewayAnswer(Outcome.DONE, amount=6000))
    assert (row.amount, scripted.questions[-1].verb, scripted.questions[-1].amount) == (6000, "raise", 6000)


def test_a_capture_does_not_wait_for_a_raise(scripted: ScriptedGateway, clock: Traveller) -> None:
    row = drive(asking(), scripted, HELD)
    services.request_raise(row.pk, 6000)
    drive(row, scripted, LOST)
    services.request_capture(row.pk, 1500)
    row = drive(row, scripted, GatewayAnswer(Outcome.DONE))
    assert (row.state, row.amount, row.captured_amount, row.raise_amount) == ("captured", 4000, 1500, None)


@pytest.mark.parametrize("amount", [3999, 1])
def test_a_raise_is_upwards_and_only_of_what_is_reserved(
    scripted: ScriptedGateway, clock: Traveller, amount: int
) -> None:
    row = asking()
    with pytest.raises(MoneyConflict, match="is reserving"):
        services.request_raise(row.pk, 6000)
    row = drive(row, scripted, HELD)
    with pytest.raises(MoneyConflict):
        services.request_raise(row.pk, amount)
    assert services.request_raise(row.pk, 4000).raise_amount is None
    assert story(row)[-1] == ("answered", "reserved", "done")


def test_no_more_is_captured_than_the_gateway_says_that_it_would(scripted: ScriptedGateway, clock: Traveller) -> None:
    held = GatewayAnswer(Outcome.DONE, gateway_reference="pi_1", amount=4000, most_capturable=3000)
    row = drive(asking(), scripted, held)
    with pytest.raises(MoneyConflict, match="3000 reserved"):
        services.request_capture(row.pk, 3001)
    assert services.request_capture(row.pk, 3000).state == "capturing"


@pytest.mark.parametrize("token", ["pm_sim_ok", "pm_sim_raise_refused"])
def test_the_simulated_gateway_raises_or_refuses(clock: Traveller, token: str) -> None:
    from tests.billing.conftest import books, reserved

    row = reserved(token)
    services.request_raise(row.pk, 6000)
    services.drive(row.pk)
    amount = 6000 if token == "pm_sim_ok" else 4000
    assert (fresh(row).amount, books()) == (amount, [("reserved", amount, 0, 0)])
