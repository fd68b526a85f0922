"""From START_SESSION to an ACTIVE Session with energy (rules 3-8, 11, 13, 14)."""

from datetime import datetime, timedelta
from enum import Enum, auto

from sessions_adhoc.decide.decision import Action, Decision, Do, end_attempt, fail, go, stay, suspended
from sessions_adhoc.decide.reason_words import lasting
from sessions_adhoc.decide.session_facts import (
    CONNECTOR_READY,
    DOUBTFUL_RESULTS,
    REFUSING_RESULTS,
    AttemptFacts,
    CommandFacts,
    Facts,
    SessionFacts,
)
from sessions_adhoc.decide.stop import (
    MAX_SENDS,
    SEND_POLL,
    UNSENT,
    stop_due,
    stop_what_runs,
    told_by,
    untold_failure,
)
from sessions_adhoc.states import State

PULL_POLL = timedelta(seconds=30)
MAX_PULLS = 3

START_ERROR = "START_SESSION returns error"
GET_SESSIONS_ERROR = "GET /sessions is not available"


class Pull(Enum):
    """How a GET /sessions that must be younger than some moment stands."""

    WANTED = auto()
    UNDER_WAY = auto()
    ANSWERED = auto()
    FAILED = auto()


def pull_since(attempt: AttemptFacts, since: datetime) -> Pull:
    """Tell whether GET /sessions was answered after `since`; it has three tries (rule 8)."""
    if attempt.pull_answered_at and attempt.pull_answered_at >= since:
        return Pull.ANSWERED
    if attempt.pull_asked_at is None or attempt.pull_asked_at < since:
        return Pull.WANTED
    return Pull.FAILED if attempt.pull_failures >= MAX_PULLS else Pull.UNDER_WAY


def starting(facts: Facts, now: datetime) -> Decision:
    attempt = facts.attempt
    if attempt is None or attempt.ended:
        return between_attempts(facts, now)
    session = attempt.session
    if facts.delivered or (session and session.status == "ACTIVE"):
        return go(State.VALIDATING, "The Session is there. Waiting for energy.")
    if facts.over and not came_to_nothing(facts, attempt, now):
        return no_energy(facts, "The Session ended without energy.", now)
    return waiting_for_session(facts, attempt, now)


def came_to_nothing(facts: Facts, attempt: AttemptFacts, now: datetime) -> bool:
    """Rule 8: at the window's end an INVALID Session that never was ACTIVE is as if it did not exist. Told earlier it
    is a failed handshake, with time for another (rule 13)."""
    session = attempt.session
    if session is None or session.status != "INVALID" or session.active_at is not None or facts.cdr is not None:
        return False
    return now >= window_end(attempt.command, facts.rules.session_timeout, attempt.created_at)


def between_attempts(facts: Facts, now: datetime) -> Decision:
    """Rule 13: after the pause, within the window, and only where the strategy allows it (rule 2).

    The STOP of the attempt before goes out at once, and is not waited for: a CPO that hangs on it delays no driver.
    """
    if facts.driver_ended:
        return fail("stopped_by_driver", "Stopped by the driver. Nothing was charged.")
    if facts.payment.state != "reserved":
        return fail("payment_lost", "The reservation ended before charging could be tried again.")
    if facts.suspended:
        return suspended()
    window_ends = (facts.funds_reserved_at or facts.created_at) + facts.rules.retry_window
    if now >= window_ends:
        return fail("no_energy", "Charging did not start within the reservation's window.")
    if facts.retry_at and now < facts.retry_at:
        return stay(facts.retry_at)
    if facts.rules.start_strategy == "wait_for_preparing" and facts.connector_status not in CONNECTOR_READY:
        return stay(window_ends)
    return Decision(actions=(Action(Do.OPEN_ATTEMPT),), again=True, text="Trying again: sending START_SESSION.")


def waiting_for_session(facts: Facts, attempt: AttemptFacts, now: datetime) -> Decision:
    command = attempt.command
    if command.state in UNSENT:
        return not_arrived(facts, attempt, now)
    if command.state == "sending":
        return stay(now + SEND_POLL)
    if command.refused:
        return not_started(facts, "command_rejected", f"The CPO refused START_SESSION ({command.response}).")
    return in_the_window(facts, attempt, now)


def not_started(facts: Facts, reason: str, text: str) -> Decision:
    """The CPO is told of its refusal (rule 39); a driver who had stopped by then has not failed (rule 20)."""
    told = Action(Do.OPEN_INCIDENT, code=START_ERROR, text=text)
    if facts.driver_ended:
        return fail("stopped_by_driver", f"Stopped by the driver. {text} Nothing was charged.", told)
    return fail(reason, text, told)


def not_arrived(facts: Facts, attempt: AttemptFacts, now: datetime) -> Decision:
    """Rules 1 and 5: what cannot have arrived is sent, three times in all, while money and time are there."""
    command = attempt.command
    if facts.driver_ended:
        return fail("stopped_by_driver", "Stopped by the driver. The charger was never asked to start.")
    if facts.payment.state != "reserved":
        return fail("payment_lost", "The reservation ended before START_SESSION could be sent.")
    if facts.suspended:
        return suspended()
    out_of_time = now >= attempt.created_at + facts.rules.session_timeout
    if out_of_time and not command.tries:
        return fail("start_not_sent", "START_SESSION could not be sent in time. The charger was never asked to start.")
    again_at = send_again_at(command)
    too_late = again_at is not None and again_at >= attempt.created_at + facts.rules.session_timeout
    if command.tries >= MAX_SENDS or out_of_time or too_late:
        return given_up(command)
    if again_at is None or now >= again_at:
        return stay(now + SEND_POLL, Action(Do.SEND_START))
    return stay(again_at)


def given_up(command: CommandFacts) -> Decision:
    reason, text = "cpo_unreachable", "The CPO's server could not be reached for START_SESSION."
    if command.put_off is not None:
        reason, text = "start_not_sent", "The CPO's server turned START_SESSION away: it is called too often."
    return fail(reason, text, Action(Do.OPEN_INCIDENT, code=START_ERROR, text=text))


def send_again_at(command: CommandFacts) -> datetime | None:
    """After 2, 4, 8 seconds, or when the CPO wants it; None: at once, because it was never sent."""
    if command.state == "created" or command.sent_at is None:
        return None
    return command.sent_at + max(timedelta(seconds=2**command.tries), command.put_off or timedelta())


def may_send(facts: Facts, now: datetime) -> bool:
    """Whether the open attempt's START may go out now: asked under the lock, just before it does (rules 1, 5).

    Messages in a queue are old news: the money may be gone, the driver too, or another worker was faster.
    """
    attempt = facts.attempt
    if facts.state != State.STARTING or attempt is None or attempt.ended:
        return False
    decision = not_arrived(facts, attempt, now)
    return any(action.do is Do.SEND_START for action in decision.actions)


def window_end(command: CommandFacts, rules_window: timedelta, fallback: datetime) -> datetime:
    """The window opens with the CommandResponse; without a readable one, when the command was sent (rule 5)."""
    accepted_at = command.answered_at if command.state == "answered" else command.sent_at
    return (accepted_at or fallback) + rules_window


def in_the_window(facts: Facts, attempt: AttemptFacts, now: datetime) -> Decision:
    """Rules 4 and 8: wait for the Session, ask for it when the CPO gives a reason to, and at the window's end."""
    command = attempt.command
    ends = window_end(command, facts.rules.session_timeout, attempt.created_at)
    if now >= ends:
        return window_closed(facts, attempt, ends, now)
    if stop_due(facts, attempt):
        text = "" if attempt.stop else "The Session is there, still PENDING: asking the CPO to stop."
        return stay(min(ends, now + SEND_POLL), Action(Do.SEND_STOP), text=text)
    if told := untold_failure(facts, attempt, now):
        return told
    if command.result_at and command.result in REFUSING_RESULTS | DOUBTFUL_RESULTS:
        pull = pull_since(attempt, command.result_at)
        if pull is Pull.WANTED:
            return stay(
                min(ends, now + PULL_POLL),
                Action(Do.PULL_SESSIONS),
                text=f"The CPO's result is {command.result}: asking for its sessions.",
            )
        if pull is Pull.ANSWERED and command.result in REFUSING_RESULTS:
            return not_started(facts, "start_refused", f"The charger did not start ({command.result}).")
        if pull is Pull.UNDER_WAY:
            return stay(min(ends, now + PULL_POLL))
    return stay(told_by(facts, attempt, ends, now))


def window_closed(facts: Facts, attempt: AttemptFacts, ends: datetime, now: datetime) -> Decision:
    """Rule 8's table. That the session exists was seen before we came here."""
    pull = pull_since(attempt, ends)
    if pull is Pull.WANTED:
        return stay(
            now + PULL_POLL,
            Action(Do.PULL_SESSIONS),
            text="No Session arrived in the window: asking for it (G5.4).",
        )
    if pull is Pull.UNDER_WAY:
        return stay(now + PULL_POLL)
    if pull is Pull.ANSWERED:
        if facts.driver_ended:
            return fail("stopped_by_driver", "Stopped by the driver. No Session appeared; nothing was charged.")
        return fail("no_session", "The charger did not start: no Session appeared in the window.")
    text = "No Session arrived and GET /sessions fails: the funds stay reserved."
    return go(
        State.ESCALATED,
        text,
        Action(Do.OPEN_INCIDENT, code=GET_SESSIONS_ERROR, text=text),
        reason="sessions_unavailable",
    )


def validating(facts: Facts, now: datetime) -> Decision:
    """Rule 11: only observed energy leads on. Rule 13: what counts as a failed handshake."""
    if facts.delivered:
        return go(State.CHARGING, "Energy is flowing.")
    if facts.over:
        return no_energy(facts, "The Session ended without energy.", now)
    attempt = facts.attempt
    if attempt is None or attempt.session is None:
        return no_energy(facts, "The Session is gone.", now)
    deadline = (attempt.session.active_at or facts.state_since) + facts.rules.energy_timeout
    if now >= deadline:
        return no_energy(
            facts, f"No energy for {lasting(facts.rules.energy_timeout)} after the Session became ACTIVE.", now
        )
    untracked = untracked_at(facts, attempt, attempt.session)
    if now >= untracked:
        borne = lasting(facts.rules.silence_timeout)
        why = f"For {borne} no news, or a connector that says something else: no longer tracked (G5.8)."
        return no_energy(facts, why, now, again=False)
    return waiting_for_energy(facts, attempt, attempt.session, min(deadline, untracked), now)


def untracked_at(facts: Facts, attempt: AttemptFacts, session: SessionFacts) -> datetime:
    """Rule 17: until when silence, or a connector that contradicts the Session, is borne."""
    since = min(session.news_at, attempt.connector_contradicts_at or session.news_at)
    return since + facts.rules.silence_timeout


def waiting_for_energy(
    facts: Facts, attempt: AttemptFacts, session: SessionFacts, deadline: datetime, now: datetime
) -> Decision:
    """Rules 17, 19: meanwhile the driver may stop, and a CPO that does not push must be asked for its meter values."""
    if was_stopped_too_early(facts, attempt):
        text = "The CPO did not stop the PENDING Session. It is ACTIVE now: asking again."
        return stay(min(deadline, now + SEND_POLL), Action(Do.RENEW_STOP), Action(Do.SEND_STOP), text=text)
    if stop_due(facts, attempt):
        text = "" if attempt.stop else "Asking the CPO to stop."
        return stay(min(deadline, now + SEND_POLL), Action(Do.SEND_STOP), text=text)
    if told := untold_failure(facts, attempt, now):
        return told
    deadline = told_by(facts, attempt, deadline, now)
    if fell := fallen(facts, attempt, deadline, now):
        return fell
    if sample_overdue(facts, attempt, now):
        text = "No meter value in time: asking for it (G5.11)."
        return stay(min(deadline, now + facts.rules.meter_interval), Action(Do.PULL_SESSIONS), text=text)
    heard_at = max(session.news_at, attempt.pull_asked_at or session.news_at)
    return stay(min(deadline, heard_at + facts.rules.meter_interval))


def sample_overdue(facts: Facts, attempt: AttemptFacts, now: datetime) -> bool:
    """Rule 17: no sample for an interval, and not asked for within the last one."""
    if attempt.session is None or now < attempt.session.news_at + facts.rules.meter_interval:
        return False
    return attempt.pull_asked_at is None or now >= attempt.pull_asked_at + facts.rules.meter_interval


def fallen(facts: Facts, attempt: AttemptFacts, deadline: datetime, now: datetime) -> Decision | None:
    """Rule 13: the connector fell back from CHARGING. It counts once it has lasted, and the CPO has said since then
    that there is no energy. GET is asked, as a push may be older than the fall; where it fails a push since then tells,
    else the time for the first energy."""
    fell_at = attempt.connector_fell_at
    if fell_at is None or attempt.connector_charging_at is None:
        return None
    lasts_from = fell_at + facts.rules.flap_delay
    if now < lasts_from:
        return stay(min(deadline, lasts_from))
    pull = pull_since(attempt, fell_at)
    if pull is Pull.WANTED:
        text = "The connector fell back from CHARGING: asking for the session before it counts."
        return stay(min(deadline, now + PULL_POLL), Action(Do.PULL_SESSIONS), text=text)
    if pull is Pull.UNDER_WAY:
        return stay(min(deadline, now + PULL_POLL))
    if pull is Pull.ANSWERED or (attempt.session and attempt.session.news_at > fell_at):
        return no_energy(facts, f"No energy; the connector fell back from CHARGING at {fell_at:%H:%M:%S} UTC.", now)
    return None


def was_stopped_too_early(facts: Facts, attempt: AttemptFacts) -> bool:
    """Many CPOs cannot stop a Session that is still PENDING: a refusal from then is no answer for now."""
    stop, session = attempt.stop, attempt.session
    if stop is None or session is None or session.active_at is None or not facts.driver_ended:
        return False
    return stop.turned_down and stop.sent_at is not None and stop.sent_at < session.active_at


def may_retry(facts: Facts, now: datetime) -> bool:
    """Rule 13's conditions for another attempt on the same reservation."""
    allowed = facts.rules.auto_retry == "always" or (facts.rules.auto_retry == "dc" and facts.is_dc)
    window_ends = (facts.funds_reserved_at or facts.created_at) + facts.rules.retry_window
    attempts = facts.attempt.number if facts.attempt else 0
    return (
        allowed
        and facts.payment.state == "reserved"
        and now < window_ends
        and attempts < facts.rules.max_attempts
        and not facts.driver_ended
        and not facts.suspended
    )


def no_energy(facts: Facts, why: str, now: datetime, *, again: bool = True) -> Decision:
    """The attempt failed: stop what may still run at the CPO, then try `again` if the rules allow it, or release."""
    stop = stop_what_runs(facts, facts.attempt, now) if facts.attempt else ()
    if facts.driver_ended:
        return fail("stopped_by_driver", f"Stopped by the driver. {why} Nothing is charged.", *stop)
    if again and may_retry(facts, now):
        return go(
            State.STARTING,
            f"{why} Trying again in {lasting(facts.rules.retry_delay)} on the same reservation.",
            *stop,
            end_attempt("no_energy", why),
            Action(Do.SCHEDULE_RETRY),
            reason="no_energy",
        )
    return fail("no_energy", why, *stop)
