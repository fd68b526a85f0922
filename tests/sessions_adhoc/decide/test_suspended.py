"""Suspending a partner refuses what is new and finishes what is live (rule 37)."""

from typing import Any

import pytest

from sessions_adhoc.decide import CommandFacts, Facts, PaymentFacts, decide
from sessions_adhoc.states import State
from tests.sessions_adhoc.decide.building import T0, at, attempt, done, facts, ocpi_session

UNSENT = CommandFacts(state="created", created_at=T0)


def failing(given: Facts) -> tuple[State | None, str, list[str]]:
    decision = decide(given, at(seconds=20))
    return decision.to, decision.reason, done(decision)


@pytest.mark.parametrize(
    "given",
    [
        facts(State.AUTHORIZED, suspended=True),
        facts(State.WAITING_FOR_CONNECTOR, suspended=True, connector_status="AVAILABLE"),
        facts(State.STARTING, suspended=True, attempt=attempt(command=UNSENT)),
        facts(State.STARTING, suspended=True, attempt=attempt(ended=True), retry_at=at(seconds=10)),
    ],
)
def test_what_was_not_started_fails_and_is_released(given: Facts) -> None:
    to, reason, actions = failing(given)
    assert (to, reason) == (State.FAILED, "partner_suspended")
    assert "release" in actions
    assert not {"send_start", "let_go"} & set(actions)


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        (State.STARTING, {"attempt": attempt()}),
        (State.VALIDATING, {"attempt": attempt(session=ocpi_session())}),
        (State.CHARGING, {"attempt": attempt(session=ocpi_session(energy_observed=True))}),
    ],
)
def test_what_is_live_goes_on(state: State, changes: dict[str, Any]) -> None:
    given = facts(state, suspended=True, **changes)
    assert decide(given, at(seconds=20)) == decide(facts(state, **changes), at(seconds=20))


def test_before_any_funds_are_asked_for_it_is_cancelled() -> None:
    decision = decide(facts(State.CREATED, suspended=True, payment=PaymentFacts("created")), T0)
    assert (decision.to, decision.reason) == (State.CANCELLED, "partner_suspended")
    assert done(decision) == ["let_go", "revoke_token"]
