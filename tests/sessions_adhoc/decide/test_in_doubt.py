"""Starts that must not go out any more, contradictions, and starts and money in doubt (rules 1, 5, 8, 17, 24, 26)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sessions_adhoc.decide import CommandFacts, PaymentFacts, decide
from sessions_adhoc.decide.session_facts import Facts
from sessions_adhoc.decide.start import may_send
from sessions_adhoc.states import State
from tests.sessions_adhoc.decide.building import T0, at, attempt, cdr, done, facts, ocpi_session

NEVER_SENT = CommandFacts(state="created")
MISSED = CommandFacts(state="undelivered", tries=1, sent_at=T0)


def starting(command: CommandFacts = NEVER_SENT, **changes: Any) -> Facts:
    return facts(State.STARTING, attempt=attempt(command=command), **changes)


@pytest.mark.parametrize("state", [State.AUTHORIZED, State.WAITING_FOR_CONNECTOR, State.STARTING])
@pytest.mark.parametrize("payment", ["releasing", "released", "expired", "created"])
def test_without_reserved_funds_no_start_goes_out(state: State, payment: str) -> None:
    decision = decide(replace(starting(), state=state, payment=PaymentFacts(payment)), T0)
    assert decision.to == State.FAILED
    assert not {"send_start", "open_attempt"} & set(done(decision))


@pytest.mark.parametrize("command", [NEVER_SENT, MISSED])
def test_a_driver_who_left_is_not_started(command: CommandFacts) -> None:
    decision = decide(starting(command, stop_requested_at=T0), at(seconds=9))
    assert (decision.to, decision.reason) == (State.FAILED, "stopped_by_driver")


def test_a_start_that_nobody_sent_in_its_window_is_our_fault_and_no_incident() -> None:
    assert done(decide(starting(), at(minutes=4, seconds=59))) == ["send_start"]
    decision = decide(starting(), at(minutes=5))
    assert (decision.to, decision.reason) == (State.FAILED, "start_not_sent")
    assert "open_incident" not in done(decision)


@pytest.mark.parametrize(
    ("situation", "may"),
    [
        (starting(), True),
        (starting(MISSED), True),
        (starting(replace(MISSED, sent_at=at(seconds=9))), False),
        (starting(replace(MISSED, tries=3)), False),
        (starting(stop_requested_at=T0), False),
        (starting(payment=PaymentFacts("expired")), False),
        (facts(State.FAILED, attempt=attempt(command=NEVER_SENT)), False),
        (facts(State.STARTING, attempt=attempt(command=NEVER_SENT, ended=True)), False),
        (facts(State.STARTING), False),
    ],
)
def test_what_a_worker_may_send(situation: Facts, may: bool) -> None:
    assert may_send(situation, at(seconds=10)) is may


# Rule 17


@pytest.mark.parametrize("state", [State.CHARGING, State.STOPPING])
def test_a_connector_that_contradicts_for_half_an_hour_ends_the_tracking(state: State) -> None:
    session = ocpi_session(kwh=Decimal(5), energy_observed=True, news_at=at(minutes=29))
    situation = facts(state, attempt=attempt(session=session, stop=None, connector_contradicts_at=T0))
    assert decide(replace(situation, state=State.CHARGING), at(minutes=29, seconds=59)).to is None
    assert decide(replace(situation, state=State.CHARGING), at(minutes=29, seconds=59)).check_at == at(minutes=30)
    assert decide(situation, at(minutes=30)).to == State.AWAITING_CDR


# Rules 8 and 26: escalated because GET /sessions failed


def doubtful(**changes: Any) -> Facts:
    return facts(State.ESCALATED, attempt=attempt(**changes.pop("attempt", {})), **changes)


def test_nothing_new_leaves_it_with_staff() -> None:
    assert done(decide(doubtful(), T0)) == []
    earlier = doubtful(attempt={"pull_asked_at": at(seconds=-9), "pull_answered_at": at(seconds=-5)})
    assert decide(earlier, at(minutes=1)).to is None


def test_a_session_without_energy_ends_it_unbilled() -> None:
    decision = decide(doubtful(attempt={"session": ocpi_session(status="COMPLETED")}), T0)
    assert (decision.to, decision.reason) == (State.FAILED, "no_energy")
    assert done(decision) == ["close_incidents", "close_attempt", "release", "revoke_token"]


def test_a_cdr_without_energy_is_not_captured() -> None:
    decision = decide(doubtful(cdr=cdr(energy="0", amount=490)), T0)
    assert (decision.to, decision.reason) == (State.FAILED, "no_energy")


def test_an_answer_without_our_session_releases() -> None:
    answered = doubtful(attempt={"pull_asked_at": at(seconds=5), "pull_answered_at": at(seconds=5)})
    decision = decide(answered, at(seconds=6))
    assert (decision.to, decision.reason) == (State.FAILED, "no_session")
    assert "release" in done(decision)


@pytest.mark.parametrize("payment", ["capturing", "releasing"])
def test_while_the_gateway_works_for_staff_nothing_interferes(payment: str) -> None:
    situation = doubtful(attempt={"session": ocpi_session(status="INVALID")}, payment=PaymentFacts(payment))
    assert done(decide(situation, T0)) == []


# Rule 24


@pytest.mark.parametrize("payment", ["capturing", "releasing"])
def test_money_that_neither_comes_nor_goes_is_escalated(payment: str) -> None:
    waits = facts(State.AWAITING_CDR, attempt=attempt(ended=True), payment=PaymentFacts(payment))
    assert decide(waits, T0).to is None
    decision = decide(replace(waits, payment=PaymentFacts(payment, stuck=True)), T0)
    assert (decision.to, decision.reason, done(decision)) == (State.ESCALATED, "payment_stuck", ["open_incident"])
