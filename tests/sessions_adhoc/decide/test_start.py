"""From START_SESSION to energy (rules 3-8, 11, 13, 14)."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sessions_adhoc.decide import CommandFacts, Decision, PaymentFacts, decide
from sessions_adhoc.decide.session_facts import Facts
from sessions_adhoc.states import State
from tests.sessions_adhoc.decide.building import ACCEPTED, T0, at, attempt, cdr, done, facts, ocpi_session, rules


def starting(**changes: Any) -> Facts:
    return facts(State.STARTING, attempt=attempt(**changes))


def command(**changes: Any) -> CommandFacts:
    return CommandFacts(**{"state": "answered", "tries": 1, "sent_at": T0, "answered_at": T0, **changes})


# Rules 3 and 5: what became of the request


def test_a_start_that_was_never_sent_is_sent() -> None:
    decision = decide(starting(command=CommandFacts(state="created")), T0)
    assert (decision.to, done(decision), decision.check_at) == (None, ["send_start"], at(seconds=5))


def test_a_start_that_is_being_sent_is_left_alone() -> None:
    assert decide(starting(command=CommandFacts(state="sending", sent_at=T0)), T0) == Decision(check_at=at(seconds=5))


@pytest.mark.parametrize("response", ["REJECTED", "NOT_SUPPORTED", "UNKNOWN_SESSION"])
def test_a_refusing_response_fails_at_once_and_tells_somebody(response: str) -> None:
    decision = decide(starting(command=command(response=response)), T0)
    assert (decision.to, decision.reason) == (State.FAILED, "command_rejected")
    assert done(decision) == ["open_incident", "close_attempt", "let_go", "revoke_token"]
    assert decision.actions[0].code == "START_SESSION returns error"


@pytest.mark.parametrize("response", ["ACCEPTED", "TIMEOUT"])
def test_any_other_response_opens_the_window(response: str) -> None:
    opened = starting(command=command(response=response, answered_at=at(seconds=3)))
    assert decide(opened, at(seconds=3)) == Decision(check_at=at(minutes=5, seconds=3))


def test_an_unreadable_answer_counts_as_accepted_from_when_it_was_sent() -> None:
    unanswered = starting(command=command(state="unanswered", answered_at=at(seconds=20)))
    assert decide(unanswered, at(seconds=20)) == Decision(check_at=at(minutes=5))


@pytest.mark.parametrize(("tries", "pause"), [(1, 2), (2, 4)])
def test_what_could_not_arrive_is_sent_again_after_a_pause(tries: int, pause: int) -> None:
    lost = starting(command=command(state="undelivered", tries=tries))
    assert decide(lost, T0) == Decision(check_at=at(seconds=pause))
    decision = decide(lost, at(seconds=pause))
    assert (decision.to, done(decision)) == (None, ["send_start"])


@pytest.mark.parametrize(("tries", "when"), [(3, T0), (1, at(minutes=5))])
def test_three_tries_within_the_window_and_no_more(tries: int, when: datetime) -> None:
    decision = decide(starting(command=command(state="undelivered", tries=tries)), when)
    assert (decision.to, decision.reason) == (State.FAILED, "cpo_unreachable")
    assert done(decision) == ["open_incident", "close_attempt", "let_go", "revoke_token"]


def test_a_stop_before_the_start_could_arrive_ends_it_without_an_incident() -> None:
    lost = facts(State.STARTING, attempt=attempt(command=command(state="undelivered", tries=3)), stop_requested_at=T0)
    decision = decide(lost, T0)
    assert (decision.to, decision.reason) == (State.FAILED, "stopped_by_driver")
    assert done(decision) == ["close_attempt", "let_go", "revoke_token"]


# Rule 4: the asynchronous result


def test_an_accepting_result_changes_nothing() -> None:
    assert decide(starting(command=command(response="ACCEPTED", result="ACCEPTED", result_at=T0)), T0) == Decision(
        check_at=at(minutes=5)
    )


@pytest.mark.parametrize("result", ["REJECTED", "EVSE_OCCUPIED", "EVSE_INOPERATIVE", "FAILED", "TIMEOUT"])
def test_a_bad_result_asks_for_the_sessions_now(result: str) -> None:
    told = starting(command=command(response="ACCEPTED", result=result, result_at=at(seconds=10)))
    decision = decide(told, at(seconds=10))
    assert (decision.to, done(decision), decision.check_at) == (None, ["pull_sessions"], at(seconds=40))


def test_a_refusing_result_fails_once_the_cpo_has_no_session() -> None:
    told = starting(
        command=command(response="ACCEPTED", result="EVSE_INOPERATIVE", result_at=at(seconds=10)),
        pull_asked_at=at(seconds=10),
        pull_answered_at=at(seconds=11),
    )
    decision = decide(told, at(seconds=12))
    assert (decision.to, decision.reason) == (State.FAILED, "start_refused")
    assert done(decision) == ["open_incident", "close_attempt", "let_go", "revoke_token"]


@pytest.mark.parametrize("result", ["FAILED", "TIMEOUT"])
def test_a_doubtful_result_keeps_waiting_for_a_late_start(result: str) -> None:
    told = starting(
        command=command(response="ACCEPTED", result=result, result_at=at(seconds=10)),
        pull_asked_at=at(seconds=10),
        pull_answered_at=at(seconds=11),
    )
    assert decide(told, at(seconds=12)) == Decision(check_at=at(minutes=5))


def test_while_the_sessions_are_asked_for_we_wait() -> None:
    told = starting(
        command=command(response="ACCEPTED", result="REJECTED", result_at=at(seconds=10)),
        pull_asked_at=at(seconds=10),
    )
    assert decide(told, at(seconds=12)) == Decision(check_at=at(seconds=42))


def test_sessions_that_cannot_be_had_after_a_result_leave_it_to_the_window() -> None:
    told = starting(
        command=command(response="ACCEPTED", result="REJECTED", result_at=at(seconds=10)),
        pull_asked_at=at(seconds=10),
        pull_failures=3,
    )
    assert decide(told, at(seconds=200)) == Decision(check_at=at(minutes=5))


# Rules 6 and 8: the Session, or the window's end


def test_an_active_session_is_the_start_even_before_the_response() -> None:
    overtaking = starting(command=CommandFacts(state="sending", sent_at=T0), session=ocpi_session())
    assert decide(overtaking, T0).to == State.VALIDATING


def test_a_pending_session_starts_nothing() -> None:
    pending = starting(session=ocpi_session(status="PENDING", active_at=None))
    assert decide(pending, T0) == Decision(check_at=at(minutes=5))


def test_a_session_found_completed_with_energy_is_owed() -> None:
    found = starting(session=ocpi_session(status="COMPLETED", kwh=Decimal("0.4"), active_at=None))
    assert decide(found, at(minutes=5)).to == State.VALIDATING


def test_a_session_that_ends_without_energy_fails_the_attempt() -> None:
    decision = decide(starting(session=ocpi_session(status="INVALID")), T0)
    assert (decision.to, decision.reason) == (State.STARTING, "no_energy")
    assert done(decision) == ["close_attempt", "schedule_retry"]


def test_an_invalid_session_that_never_was_active_is_none_at_the_windows_end() -> None:
    """Rule 8. Of one that was ACTIVE, or whose CDR came, it is known that the charger did something (rule 13)."""
    invalid = ocpi_session(status="INVALID", active_at=None)
    asked = {"pull_asked_at": at(minutes=5), "pull_answered_at": at(minutes=5)}
    assert decide(starting(session=invalid), at(minutes=5, seconds=-1)).reason == "no_energy"
    decision = decide(starting(session=invalid), at(minutes=5))
    assert (decision.to, done(decision)) == (None, ["pull_sessions"])
    decision = decide(starting(session=invalid, **asked), at(minutes=5))
    assert (decision.to, decision.reason) == (State.FAILED, "no_session")
    for session in (replace(invalid, active_at=T0), replace(invalid, status="COMPLETED")):
        assert decide(starting(session=session, **asked), at(minutes=5)).reason == "no_energy"
    billed = replace(starting(session=invalid, **asked), cdr=cdr(energy="0"))
    assert decide(billed, at(minutes=5)).reason == "no_energy"


def test_at_the_windows_end_the_sessions_are_asked_for() -> None:
    decision = decide(starting(), at(minutes=5))
    assert (decision.to, done(decision), decision.check_at) == (
        None,
        ["pull_sessions"],
        at(minutes=5, seconds=30),
    )


def test_an_earlier_answer_does_not_count_at_the_windows_end() -> None:
    early = starting(pull_asked_at=at(minutes=1), pull_answered_at=at(minutes=1))
    assert done(decide(early, at(minutes=5))) == ["pull_sessions"]


def test_no_session_anywhere_fails_and_releases() -> None:
    empty = starting(pull_asked_at=at(minutes=5), pull_answered_at=at(minutes=5))
    decision = decide(empty, at(minutes=5, seconds=1))
    assert (decision.to, decision.reason) == (State.FAILED, "no_session")
    assert done(decision) == ["close_attempt", "let_go", "revoke_token"]


def test_a_driver_who_stopped_meanwhile_has_not_failed() -> None:
    empty = facts(
        State.STARTING,
        attempt=attempt(pull_asked_at=at(minutes=5), pull_answered_at=at(minutes=5)),
        stop_requested_at=at(minutes=1),
    )
    assert decide(empty, at(minutes=5, seconds=1)).reason == "stopped_by_driver"


def test_sessions_that_cannot_be_had_keep_the_funds_and_escalate() -> None:
    deaf = starting(pull_asked_at=at(minutes=5), pull_failures=3)
    decision = decide(deaf, at(minutes=7))
    assert (decision.to, decision.reason) == (State.ESCALATED, "sessions_unavailable")
    assert done(decision) == ["open_incident"]
    assert decision.actions[0].code == "GET /sessions is not available"


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_the_three_tries_are_waited_for(failures: int) -> None:
    asking = starting(pull_asked_at=at(minutes=5), pull_failures=failures)
    assert decide(asking, at(minutes=6)) == Decision(check_at=at(minutes=6, seconds=30))


# Rules 11, 13 and 14: energy


def validating(session: Any = None, **changes: Any) -> Facts:
    given = {key: changes.pop(key) for key in list(changes) if key in attempt().__dataclass_fields__}
    return facts(State.VALIDATING, attempt=attempt(session=session or ocpi_session(), **given), **changes)


def test_energy_is_what_leads_to_charging() -> None:
    assert decide(validating(ocpi_session(energy_observed=True, kwh=Decimal("0.01"))), T0).to == State.CHARGING


def test_without_energy_nothing_leads_to_charging() -> None:
    assert decide(validating(ocpi_session(kwh=Decimal("0"))), T0) == Decision(check_at=at(seconds=90))


def test_a_cdr_with_energy_counts_as_energy() -> None:
    assert decide(facts(State.STARTING, attempt=attempt(), cdr=cdr()), T0).to == State.VALIDATING
    assert decide(validating(cdr=cdr()), T0).to == State.CHARGING


def test_a_cdr_without_energy_is_the_end_without_energy() -> None:
    assert decide(validating(cdr=cdr(energy="0", amount=0)), T0).reason == "no_energy"


def test_blocked_before_charging_is_the_way_in() -> None:
    plugged_in = validating(connector_fell_at=at(seconds=1))
    assert decide(plugged_in, at(seconds=2)) == Decision(check_at=at(seconds=90))


def test_falling_back_from_charging_without_energy_is_a_failed_handshake() -> None:
    told = {"connector_charging_at": at(seconds=1), "connector_fell_at": at(seconds=20)}
    fell = validating(**told)
    assert decide(fell, at(seconds=20)) == Decision(check_at=at(seconds=25))
    asked = decide(fell, at(seconds=25))
    assert (asked.to, done(asked), asked.check_at) == (None, ["pull_sessions"], at(seconds=55))
    under_way = validating(**told, pull_asked_at=at(seconds=25))
    assert decide(under_way, at(seconds=26)) == Decision(check_at=at(seconds=56))
    failed = validating(**told, pull_asked_at=at(seconds=25), pull_failures=3)
    assert done(decide(failed, at(seconds=60))) == []
    pushed = validating(ocpi_session(news_at=at(seconds=21)), **told, pull_asked_at=at(seconds=25), pull_failures=3)
    decision = decide(validating(**told, pull_answered_at=at(seconds=25)), at(seconds=26))
    assert decision == decide(pushed, at(seconds=26))
    assert (decision.to, decision.reason) == (State.STARTING, "no_energy")
    assert done(decision) == ["send_stop", "close_attempt", "schedule_retry"]
    assert "12:00:20 UTC" in decision.text


@pytest.mark.parametrize("status", ["COMPLETED", "INVALID"])
def test_a_session_over_without_energy_is_not_stopped_again(status: str) -> None:
    decision = decide(validating(ocpi_session(status=status)), T0)
    assert (decision.to, done(decision)) == (State.STARTING, ["close_attempt", "schedule_retry"])


def test_no_energy_for_five_minutes_after_it_became_active_fails_the_attempt() -> None:
    late = validating(ocpi_session(active_at=at(seconds=30)))
    assert decide(late, at(minutes=5, seconds=29)).to is None
    assert decide(late, at(minutes=5, seconds=30)).to == State.STARTING


def test_a_vanished_session_fails_the_attempt() -> None:
    assert decide(facts(State.VALIDATING, attempt=attempt()), T0).reason == "no_energy"
    assert decide(facts(State.VALIDATING), T0).reason == "no_energy"


def test_a_stop_while_validating_is_sent_once_and_waited_for() -> None:
    asked = validating(stop_requested_at=T0)
    decision = decide(asked, T0)
    assert (decision.to, done(decision)) == (None, ["send_stop"])
    sent = validating(stop_requested_at=T0, stop=ACCEPTED)
    assert decide(sent, T0) == Decision(check_at=at(seconds=90))


def test_a_driver_who_stops_without_energy_pays_nothing_and_nothing_is_retried() -> None:
    decision = decide(validating(ocpi_session(status="COMPLETED"), stop_requested_at=T0), T0)
    assert (decision.to, decision.reason) == (State.FAILED, "stopped_by_driver")
    assert done(decision) == ["close_attempt", "let_go", "revoke_token"]


@pytest.mark.parametrize(
    "why",
    [
        {"is_dc": False},
        {"rules": rules(auto_retry="never")},
        {"payment": PaymentFacts("expired")},
        {"funds_reserved_at": at(minutes=-15)},
        {"number": 5},
    ],
)
def test_where_a_retry_is_not_allowed_the_session_fails_and_releases(why: dict[str, Any]) -> None:
    decision = decide(validating(ocpi_session(status="COMPLETED"), **why), T0)
    assert (decision.to, decision.reason) == (State.FAILED, "no_energy")
    assert done(decision) == ["close_attempt", "let_go", "revoke_token"]


@pytest.mark.parametrize(
    "why",
    [
        {},
        {"is_dc": False, "rules": rules(auto_retry="always")},
        {"number": 4},
        {"funds_reserved_at": at(minutes=-14)},
    ],
)
def test_where_a_retry_is_allowed_the_reservation_is_kept(why: dict[str, Any]) -> None:
    decision = decide(validating(ocpi_session(status="COMPLETED"), **why), T0)
    assert decision.to == State.STARTING
    assert not {"release", "let_go"} & set(done(decision))


def test_without_a_reservation_time_the_window_counts_from_the_creation() -> None:
    old = replace(validating(ocpi_session(status="COMPLETED")), funds_reserved_at=None, created_at=at(minutes=-16))
    assert decide(old, T0).to == State.FAILED


# Between attempts


def between(**changes: Any) -> Facts:
    return facts(State.STARTING, **{"attempt": attempt(ended=True), "retry_at": at(seconds=10), **changes})


def test_the_next_attempt_waits_its_ten_seconds() -> None:
    assert decide(between(), at(seconds=9)) == Decision(check_at=at(seconds=10))
    decision = decide(between(), at(seconds=10))
    assert (decision.to, decision.again, done(decision)) == (None, True, ["open_attempt"])


def test_a_retry_under_wait_for_preparing_waits_for_the_connector() -> None:
    waiting = between(rules=rules(start_strategy="wait_for_preparing"), connector_status="AVAILABLE")
    assert decide(waiting, at(seconds=10)) == Decision(check_at=at(minutes=15))


@pytest.mark.parametrize(
    ("changes", "when", "reason"),
    [
        ({"stop_requested_at": T0}, T0, "stopped_by_driver"),
        ({"payment": PaymentFacts("expired")}, T0, "payment_lost"),
        ({}, at(minutes=15), "no_energy"),
        ({"funds_reserved_at": None}, at(minutes=15), "no_energy"),
    ],
)
def test_between_attempts_the_session_may_end(changes: dict[str, Any], when: datetime, reason: str) -> None:
    decision = decide(between(**changes), when)
    assert (decision.to, decision.reason) == (State.FAILED, reason)
    assert done(decision) == ["close_attempt", "let_go", "revoke_token"]


def test_a_window_of_its_own_is_respected() -> None:
    short = facts(State.STARTING, attempt=attempt(), rules=rules(session_timeout=timedelta(seconds=20)))
    assert decide(short, at(seconds=1)) == Decision(check_at=at(seconds=20))


STOPS = [
    None,
    *(CommandFacts(state) for state in ("created", "sending", "unanswered", "undelivered")),
    CommandFacts("answered", response="REJECTED"),
]


@pytest.mark.parametrize("stop", STOPS)
def test_a_retry_waits_for_no_stop_of_the_attempt_before(stop: CommandFacts | None) -> None:
    pause = between(attempt=attempt(stop=stop, ended=True))
    assert decide(pause, at(seconds=9)) == Decision(check_at=at(seconds=10))
    assert done(decide(pause, at(seconds=10))) == ["open_attempt"]


def turned_away(seconds: int, tries: int = 1) -> CommandFacts:
    """A START that was one of too many."""
    return command(state="undelivered", tries=tries, put_off=timedelta(seconds=seconds))


@pytest.mark.parametrize(("wanted", "pause"), [(0, 2), (1, 2), (60, 60)])
def test_what_was_turned_away_is_sent_again_when_the_cpo_wants_it(wanted: int, pause: int) -> None:
    late = starting(command=turned_away(wanted))
    assert decide(late, T0) == Decision(check_at=at(seconds=pause))
    assert done(decide(late, at(seconds=pause))) == ["send_start"]


@pytest.mark.parametrize(("seconds", "tries"), [(300, 1), (5, 3)])
def test_what_is_turned_away_for_too_long_or_too_often_is_given_up(seconds: int, tries: int) -> None:
    decision = decide(starting(command=turned_away(seconds, tries)), T0)
    assert (decision.to, decision.reason) == (State.FAILED, "start_not_sent")
    assert done(decision) == ["open_incident", "close_attempt", "let_go", "revoke_token"]


def test_who_had_stopped_when_the_charger_refused_has_not_failed() -> None:
    decision = decide(replace(starting(command=command(response="REJECTED")), stop_requested_at=T0), T0)
    assert (decision.to, decision.reason) == (State.FAILED, "stopped_by_driver")
    assert done(decision) == ["open_incident", "close_attempt", "let_go", "revoke_token"]
