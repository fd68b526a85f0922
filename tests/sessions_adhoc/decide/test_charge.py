"""While energy flows, and the stop (rules 15, 17-20)."""

from decimal import Decimal
from typing import Any

import pytest

from sessions_adhoc.decide import CommandFacts, Decision, decide
from sessions_adhoc.decide.charge import may_reach_the_limit
from sessions_adhoc.decide.session_facts import Facts
from sessions_adhoc.states import State
from tests.sessions_adhoc.decide.building import ACCEPTED, T0, at, attempt, cdr, done, facts, ocpi_session


def charging(state: State = State.CHARGING, session: Any = None, **changes: Any) -> Facts:
    given = {key: changes.pop(key) for key in list(changes) if key in attempt().__dataclass_fields__}
    live = session or ocpi_session(energy_observed=True, kwh=Decimal("5"))
    return facts(state, attempt=attempt(session=live, **given), **changes)


BOTH = pytest.mark.parametrize("state", [State.CHARGING, State.STOPPING])


@BOTH
@pytest.mark.parametrize("status", ["COMPLETED", "INVALID"])
def test_the_cpos_end_is_the_end(state: State, status: str) -> None:
    decision = decide(charging(state, ocpi_session(status=status, kwh=Decimal("5"))), T0)
    assert (decision.to, done(decision)) == (State.AWAITING_CDR, ["close_attempt"])
    assert decision.actions[0].code == ""


@BOTH
def test_a_cdr_before_completed_is_the_end(state: State) -> None:
    assert decide(charging(state, cdr=cdr()), T0).to == State.AWAITING_CDR


@BOTH
def test_a_free_connector_ends_it_only_if_it_lasts(state: State) -> None:
    fell = charging(state, connector_fell_at=at(seconds=10), stop=ACCEPTED)
    decision = decide(fell, at(seconds=14))
    assert (decision.to, decision.check_at) == (None, at(seconds=15))
    assert decide(fell, at(seconds=15)).to == State.AWAITING_CDR


@BOTH
def test_half_an_hour_of_silence_ends_the_tracking(state: State) -> None:
    assert decide(charging(state, stop=ACCEPTED), at(minutes=30)).to == State.AWAITING_CDR


@BOTH
def test_an_attempt_that_is_gone_ends_it(state: State) -> None:
    assert decide(facts(state), T0).to == State.AWAITING_CDR


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (charging(), True),
        (charging(stop_requested_at=T0), False),
        (charging(State.STOPPING), False),
        (facts(State.CHARGING), False),
    ],
)
def test_what_it_costs_so_far_is_asked_while_it_may_reach_the_limit(asked: Facts, expected: bool) -> None:
    assert may_reach_the_limit(asked, at(seconds=1)) is expected


def test_fresh_samples_are_waited_for() -> None:
    assert decide(charging(), at(seconds=30)) == Decision(check_at=at(seconds=90))


def test_a_late_sample_is_asked_for_once_per_interval() -> None:
    decision = decide(charging(), at(seconds=90))
    assert (decision.to, done(decision), decision.check_at) == (None, ["pull_sessions"], at(seconds=180))
    asked = charging(pull_asked_at=at(seconds=90))
    assert decide(asked, at(seconds=179)) == Decision(check_at=at(seconds=269))
    assert done(decide(asked, at(seconds=180))) == ["pull_sessions"]


def test_the_end_of_tracking_is_not_overslept() -> None:
    asked = charging(pull_asked_at=at(minutes=29))
    assert decide(asked, at(minutes=29, seconds=10)) == Decision(check_at=at(minutes=30))


def test_without_a_session_there_is_no_sample_to_ask_for() -> None:
    gone = facts(State.CHARGING, attempt=attempt())
    assert decide(gone, T0) == Decision(check_at=at(seconds=90))


def test_the_drivers_stop_is_a_request() -> None:
    decision = decide(charging(stop_requested_at=T0), T0)
    assert (decision.to, done(decision)) == (State.STOPPING, ["send_stop"])


def test_a_stop_that_was_not_sent_yet_is_sent() -> None:
    for state in ("created", "undelivered"):
        waiting = charging(State.STOPPING, stop=CommandFacts(state=state, tries=1))
        decision = decide(waiting, T0)
        assert (decision.to, done(decision), decision.check_at) == (None, ["send_stop"], at(seconds=5))


@pytest.mark.parametrize("stop", [ACCEPTED, CommandFacts(state="unanswered", tries=1), CommandFacts(state="sending")])
def test_an_accepted_or_unanswered_stop_gets_its_time(stop: CommandFacts) -> None:
    assert decide(charging(State.STOPPING, stop=stop), at(seconds=1)) == Decision(check_at=at(seconds=90))


@pytest.mark.parametrize(
    ("stop", "word"),
    [
        (CommandFacts(state="answered", response="REJECTED"), "REJECTED"),
        (CommandFacts(state="answered", response="UNKNOWN_SESSION"), "UNKNOWN_SESSION"),
        (CommandFacts(state="answered", response="ACCEPTED", result="FAILED", result_at=T0), "FAILED"),
        (CommandFacts(state="undelivered", tries=3), "not reachable"),
        (None, "not reachable"),
    ],
)
def test_a_refused_stop_leaves_it_charging_and_says_so(stop: CommandFacts | None, word: str) -> None:
    decision = decide(charging(State.STOPPING, stop=stop), T0)
    assert (decision.to, decision.reason, done(decision)) == (
        State.CHARGING,
        "stop_without_effect",
        ["forget_stop"],
    )
    assert word in decision.text


def test_after_two_minutes_the_session_is_asked_for() -> None:
    waiting = charging(State.STOPPING, stop=ACCEPTED)
    decision = decide(waiting, at(minutes=2))
    assert (decision.to, done(decision), decision.check_at) == (
        None,
        ["pull_sessions"],
        at(minutes=2, seconds=30),
    )
    asked = charging(State.STOPPING, stop=ACCEPTED, pull_asked_at=at(minutes=2))
    assert decide(asked, at(minutes=2, seconds=5)) == Decision(check_at=at(minutes=2, seconds=35))


def test_an_undelivered_stop_is_not_sent_after_its_time() -> None:
    waiting = charging(State.STOPPING, stop=CommandFacts(state="undelivered", tries=1))
    assert done(decide(waiting, at(minutes=2))) == ["pull_sessions"]


@pytest.mark.parametrize("outcome", [{"pull_answered_at": at(minutes=2)}, {"pull_failures": 3}])
def test_still_active_means_back_to_charging(outcome: dict[str, Any]) -> None:
    asked = charging(State.STOPPING, stop=ACCEPTED, pull_asked_at=at(minutes=2), **outcome)
    decision = decide(asked, at(minutes=3))
    assert (decision.to, decision.reason, done(decision)) == (
        State.CHARGING,
        "stop_without_effect",
        ["forget_stop"],
    )


def test_a_stop_that_failed_while_it_charges_is_told_once() -> None:
    """Pressed again, or heard late: the state is still charging, and a STOP is out."""
    refused = CommandFacts(state="answered", response="REJECTED", created_at=T0, sent_at=T0, answered_at=at(seconds=3))
    pressed: dict[str, Any] = {"stop": refused, "stop_requested_at": T0}
    before = decide(charging(**pressed), at(seconds=2))
    assert (before.to, done(before)) == (State.STOPPING, ["send_stop"])
    told = decide(charging(**pressed), at(seconds=3))
    assert (told.to, told.reason, told.again, done(told)) == (None, "stop_without_effect", True, [])
    assert told.text == "The CPO did not stop (REJECTED)."
    assert decide(charging(reason="stop_without_effect", **pressed), at(seconds=3)) == Decision(check_at=at(seconds=90))
