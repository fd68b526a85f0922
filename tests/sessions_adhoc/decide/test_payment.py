"""From created to the start: the funds come first (rules 1, 2, 24)."""

from datetime import timedelta

import pytest

from sessions_adhoc.decide import Decision, PaymentFacts, decide
from sessions_adhoc.states import State
from tests.sessions_adhoc.decide.building import T0, at, done, facts, rules


def test_a_new_session_asks_for_its_funds_first() -> None:
    decision = decide(facts(State.CREATED, payment=PaymentFacts("created")), T0)
    assert decision.to == State.AUTHORIZING
    assert done(decision) == ["reserve"]


@pytest.mark.parametrize("payment", ["reserved", "expired", "released"])
def test_what_the_last_try_left_is_asked_for_by_nobody(payment: str) -> None:
    decision = decide(facts(State.CREATED, payment=PaymentFacts(payment)), T0)
    assert (decision.to, done(decision)) == (State.AUTHORIZING, [])


def test_a_hold_that_is_too_small_is_raised_or_replaced() -> None:
    raising = facts(State.AUTHORIZING, payment=PaymentFacts("reserved", short=True, raising=True))
    assert decide(raising, T0) == Decision(check_at=at(seconds=10))
    assert decide(raising, at(minutes=10)).reason == "payment_timeout"
    decision = decide(facts(State.AUTHORIZING, payment=PaymentFacts("reserved", short=True)), T0)
    assert (decision.to, done(decision), decision.again) == (None, ["replace_hold"], True)


@pytest.mark.parametrize("wish", ["stop_requested_at", "cancel_requested_at"])
@pytest.mark.parametrize("state", [State.CREATED, State.AUTHORIZING, State.AUTHORIZED, State.WAITING_FOR_CONNECTOR])
def test_before_the_start_the_driver_may_leave_and_everything_is_released(state: State, wish: str) -> None:
    decision = decide(facts(state, **{wish: T0}), T0)
    assert (decision.to, decision.reason) == (State.CANCELLED, "cancelled_by_driver")
    assert done(decision) == ["let_go", "revoke_token"]


def test_a_session_that_is_never_paid_is_cancelled_after_15_minutes() -> None:
    fresh = facts(State.CREATED, payment=PaymentFacts("created"))
    assert decide(fresh, at(minutes=14, seconds=59)).to == State.AUTHORIZING
    decision = decide(fresh, at(minutes=15))
    assert (decision.to, decision.reason) == (State.CANCELLED, "not_paid")


def test_while_the_gateway_works_it_is_polled_and_the_deadline_kept() -> None:
    waiting = facts(State.AUTHORIZING, payment=PaymentFacts("reserving"))
    assert decide(waiting, T0) == Decision(check_at=at(seconds=10))
    assert decide(waiting, at(minutes=9, seconds=55)) == Decision(check_at=at(minutes=10))


def test_a_payment_not_confirmed_in_10_minutes_is_voided() -> None:
    decision = decide(facts(State.AUTHORIZING, payment=PaymentFacts("reserving")), at(minutes=10))
    assert (decision.to, decision.reason) == (State.CANCELLED, "payment_timeout")
    assert done(decision) == ["let_go", "revoke_token"]


def test_both_clocks_are_the_policys() -> None:
    quick = rules(created_timeout=timedelta(seconds=30), authorizing_timeout=timedelta(seconds=20))
    unpaid = facts(State.CREATED, payment=PaymentFacts("created"), rules=quick)
    assert [decide(unpaid, at(seconds=s)).to for s in (29, 30)] == [State.AUTHORIZING, State.CANCELLED]
    waiting = facts(State.AUTHORIZING, payment=PaymentFacts("reserving"), rules=quick)
    assert [decide(waiting, at(seconds=s)).to for s in (19, 20)] == [None, State.CANCELLED]


def test_reserved_funds_lead_on() -> None:
    decision = decide(facts(State.AUTHORIZING), T0)
    assert (decision.to, done(decision)) == (State.AUTHORIZED, [])


@pytest.mark.parametrize("outcome", ["declined", "failed", "expired", "released"])
@pytest.mark.parametrize("state", [State.AUTHORIZING, State.AUTHORIZED, State.WAITING_FOR_CONNECTOR])
def test_without_funds_nothing_is_started(state: State, outcome: str) -> None:
    decision = decide(facts(state, payment=PaymentFacts(outcome)), T0)
    assert (decision.to, decision.reason) == (State.FAILED, f"payment_{outcome}")
    assert done(decision) == ["close_attempt", "let_go", "revoke_token"]


def test_the_immediate_strategy_starts_at_once_whatever_the_connector_says() -> None:
    decision = decide(facts(State.AUTHORIZED, connector_status="AVAILABLE"), T0)
    assert (decision.to, done(decision)) == (State.STARTING, ["open_attempt"])


@pytest.mark.parametrize(
    ("status", "target"),
    [
        ("AVAILABLE", State.WAITING_FOR_CONNECTOR),
        ("CHARGING", State.WAITING_FOR_CONNECTOR),
        ("BLOCKED", State.STARTING),
        ("PREPARING", State.STARTING),
    ],
)
def test_wait_for_preparing_starts_only_at_a_plugged_in_connector(status: str, target: State) -> None:
    waiting = rules(start_strategy="wait_for_preparing")
    assert decide(facts(State.AUTHORIZED, rules=waiting, connector_status=status), T0).to == target


def test_nothing_is_sent_while_the_connector_stays_available() -> None:
    waiting = facts(State.WAITING_FOR_CONNECTOR, connector_status="AVAILABLE")
    assert decide(waiting, at(minutes=4)) == Decision(check_at=at(minutes=5))


def test_the_cable_plugged_in_starts_the_charge() -> None:
    decision = decide(facts(State.WAITING_FOR_CONNECTOR, connector_status="BLOCKED"), at(minutes=5))
    assert (decision.to, done(decision)) == (State.STARTING, ["open_attempt"])


def test_a_connector_that_never_gets_ready_fails_and_releases() -> None:
    decision = decide(facts(State.WAITING_FOR_CONNECTOR, connector_status="AVAILABLE"), at(minutes=5))
    assert (decision.to, decision.reason) == (State.FAILED, "connector_never_ready")
    assert done(decision) == ["close_attempt", "let_go", "revoke_token"]


@pytest.mark.parametrize("state", [State.SETTLED, State.FAILED, State.CANCELLED])
def test_an_ended_session_does_nothing(state: State) -> None:
    assert decide(facts(state, stop_requested_at=T0), at(days=1)) == Decision()
