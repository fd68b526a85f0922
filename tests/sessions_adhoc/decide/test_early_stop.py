"""A driver who stops before energy flows: STOP_SESSION goes out as soon as there is a Session (rule 19)."""

from dataclasses import replace
from typing import Any

import pytest

from sessions_adhoc.decide import CommandFacts, Decision, decide
from sessions_adhoc.decide.session_facts import Facts
from sessions_adhoc.decide.stop import stop_what_runs
from sessions_adhoc.states import State
from tests.sessions_adhoc.decide.building import ACCEPTED, T0, at, attempt, done, facts, ocpi_session

PENDING = ocpi_session(status="PENDING", active_at=None)
UNDELIVERED = CommandFacts(state="undelivered", tries=1, sent_at=T0)


def starting(**changes: Any) -> Facts:
    return facts(State.STARTING, stop_requested_at=T0, attempt=attempt(**changes))


def validating(**changes: Any) -> Facts:
    session = ocpi_session(active_at=at(seconds=10))
    return facts(State.VALIDATING, stop_requested_at=T0, attempt=attempt(session=session, **changes))


def test_a_pending_session_is_stopped_at_once() -> None:
    decision = decide(starting(session=PENDING), at(seconds=1))
    assert (decision.to, done(decision), decision.check_at) == (None, ["send_stop"], at(seconds=6))
    assert "PENDING" in decision.text


def test_without_a_session_the_wish_is_kept() -> None:
    assert decide(starting(), at(seconds=1)) == Decision(check_at=at(minutes=5))


def test_without_the_wish_a_pending_session_is_left_alone() -> None:
    decision = decide(replace(starting(session=PENDING), stop_requested_at=None), at(seconds=1))
    assert decision == Decision(check_at=at(minutes=5))


def test_a_stop_that_could_not_arrive_is_sent_again_without_a_word() -> None:
    decision = decide(starting(session=PENDING, stop=UNDELIVERED), at(seconds=1))
    assert (done(decision), decision.text) == (["send_stop"], "")


def test_a_stop_that_arrived_is_not_sent_again_and_has_its_time() -> None:
    assert decide(starting(session=PENDING, stop=ACCEPTED), at(seconds=1)) == Decision(check_at=at(minutes=2))


@pytest.mark.parametrize(
    ("stop", "word"),
    [
        (replace(UNDELIVERED, tries=3), "not reachable"),
        (replace(ACCEPTED, response="REJECTED"), "REJECTED"),
        (replace(ACCEPTED, result="FAILED"), "FAILED"),
    ],
)
def test_a_stop_that_was_refused_or_never_will_arrive_is_told_once(stop: CommandFacts, word: str) -> None:
    told = decide(starting(session=PENDING, stop=stop), at(seconds=1))
    text = f"The CPO did not stop ({word})."
    assert told == Decision(reason="stop_without_effect", text=text, again=True)
    known = replace(starting(session=PENDING, stop=stop), reason="stop_without_effect")
    assert decide(known, at(seconds=1)) == Decision(check_at=at(minutes=5))


def test_a_stop_without_effect_is_told_after_its_time() -> None:
    decision = decide(starting(session=PENDING, stop=ACCEPTED), at(minutes=2))
    assert (decision.reason, decision.text) == ("stop_without_effect", "The CPO did not stop (no effect).")


def test_a_stop_that_was_never_sent_has_no_time_yet() -> None:
    stop = CommandFacts(state="sending")
    assert decide(starting(session=PENDING, stop=stop), at(seconds=1)) == Decision(check_at=at(minutes=5))


def test_a_newer_wish_is_another_stop() -> None:
    stop = replace(ACCEPTED, response="REJECTED", created_at=T0)
    pressed_again = replace(starting(session=PENDING, stop=stop), stop_requested_at=at(seconds=20))
    assert done(decide(pressed_again, at(seconds=20))) == ["send_stop"]
    assert done(decide(replace(pressed_again, stop_requested_at=T0), at(seconds=20))) == []


REFUSED = replace(ACCEPTED, response="REJECTED")
FAILED = replace(ACCEPTED, result="FAILED")


@pytest.mark.parametrize("stop", [REFUSED, FAILED])
def test_a_refusal_while_pending_is_no_answer_once_it_is_active(stop: CommandFacts) -> None:
    decision = decide(validating(stop=stop), at(seconds=11))
    assert (decision.to, done(decision)) == (None, ["renew_stop", "send_stop"])


@pytest.mark.parametrize(
    "stop",
    [
        ACCEPTED,
        replace(REFUSED, sent_at=at(seconds=10)),
        replace(REFUSED, sent_at=None),
    ],
)
def test_any_other_answer_stands(stop: CommandFacts) -> None:
    assert done(decide(validating(stop=stop), at(seconds=11))) == []


def test_without_the_wish_no_stop_is_renewed() -> None:
    assert done(decide(replace(validating(stop=REFUSED), stop_requested_at=None), at(seconds=11))) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"session": ocpi_session(status="COMPLETED")}, []),
        ({"session": ocpi_session()}, ["send_stop"]),
        ({"session": ocpi_session(), "stop": ACCEPTED}, []),
        ({"session": ocpi_session(), "stop": replace(ACCEPTED, response="REJECTED")}, ["renew_stop", "send_stop"]),
    ],
    ids=["no Session", "over", "not asked", "may be obeyed yet", "refused"],
)
def test_what_is_given_up_is_stopped_unless_a_stop_may_be_obeyed_yet(changes: Any, expected: list[str]) -> None:
    given_up = starting(**changes)
    assert given_up.attempt is not None
    assert [action.do.value for action in stop_what_runs(given_up, given_up.attempt, at(seconds=1))] == expected
