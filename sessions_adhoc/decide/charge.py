"""While energy flows, and the driver's stop (rules 15, 17-20)."""

from datetime import datetime

from sessions_adhoc.decide.decision import Action, Decision, Do, end_attempt, go, stay
from sessions_adhoc.decide.facts import AttemptFacts, CommandFacts, Facts
from sessions_adhoc.decide.start import MAX_SENDS, PULL_POLL, SEND_POLL, UNSENT, Pull, pull_since, sample_overdue
from sessions_adhoc.states import State


def ended(facts: Facts, text: str) -> Decision:
    return go(State.AWAITING_CDR, text, end_attempt("", text))


def has_ended(facts: Facts, attempt: AttemptFacts, now: datetime) -> Decision | None:
    """How charging ends by itself: the CPO says so, the connector says so, silence, a contradiction (rules 15, 17)."""
    if facts.over:
        return ended(facts, "Charging is over.")
    fell = attempt.connector_fell_at
    if fell and now >= fell + facts.rules.flap_delay:
        return ended(facts, f"The connector is free since {fell:%H:%M:%S} UTC: charging is over (G5.7).")
    minutes = facts.rules.silence_timeout.total_seconds() / 60
    if attempt.session and now >= attempt.session.news_at + facts.rules.silence_timeout:
        return ended(facts, f"No news for {minutes:g} min: the session is no longer tracked (G5.8).")
    contradicts = attempt.connector_contradicts_at
    if contradicts and now >= contradicts + facts.rules.silence_timeout:
        return ended(facts, f"For {minutes:g} min the connector has said something else: no longer tracked (G5.8).")
    return None


def next_look(facts: Facts, attempt: AttemptFacts, now: datetime) -> datetime:
    """The nearest moment at which time alone changes something."""
    moments = [now + facts.rules.meter_interval]
    if attempt.connector_fell_at:
        moments.append(attempt.connector_fell_at + facts.rules.flap_delay)
    if attempt.connector_contradicts_at:
        moments.append(attempt.connector_contradicts_at + facts.rules.silence_timeout)
    if attempt.session:
        moments.append(attempt.session.news_at + facts.rules.silence_timeout)
        if (sample_due := attempt.session.news_at + facts.rules.meter_interval) > now:
            moments.append(sample_due)
    return min(moments)


def charging(facts: Facts, now: datetime) -> Decision:
    attempt = facts.attempt
    if attempt is None:
        return ended(facts, "The attempt is gone.")
    if over := has_ended(facts, attempt, now):
        return over
    if facts.driver_ended:
        return go(State.STOPPING, "Asking the CPO to stop.", Action(Do.SEND_STOP))
    if sample_overdue(facts, attempt, now):
        return stay(
            next_look(facts, attempt, now),
            Action(Do.PULL_SESSIONS),
            text="No meter value in time: asking for it (G5.11).",
        )
    return stay(next_look(facts, attempt, now))


def stop_refused(stop: CommandFacts) -> bool:
    """The CPO said no, or cannot be reached. An unanswered STOP may have arrived: it gets its time."""
    if stop.state == "undelivered":
        return stop.tries >= MAX_SENDS
    return stop.turned_down


def stopping(facts: Facts, now: datetime) -> Decision:
    """Rule 19: STOP is a request. Refused or without effect, the session goes on and the driver is told."""
    attempt = facts.attempt
    if attempt is None:
        return ended(facts, "The attempt is gone.")
    if over := has_ended(facts, attempt, now):
        return over
    if attempt.stop is None or stop_refused(attempt.stop):
        word = attempt.stop.result or attempt.stop.response if attempt.stop else ""
        return back_to_charging(f"The CPO did not accept the stop ({word or 'not reachable'}). Charging goes on.")
    deadline = facts.state_since + facts.rules.stop_timeout
    if attempt.stop.state in UNSENT and now < deadline:
        return stay(min(deadline, now + SEND_POLL), Action(Do.SEND_STOP))
    if now < deadline:
        return stay(min(deadline, next_look(facts, attempt, now)))
    pull = pull_since(attempt, deadline)
    if pull is Pull.WANTED:
        return stay(
            now + PULL_POLL,
            Action(Do.PULL_SESSIONS),
            text="The stop took no effect yet: asking for the session.",
        )
    if pull is Pull.UNDER_WAY:
        return stay(now + PULL_POLL)
    return back_to_charging("The charger did not stop. Charging goes on; please stop at the charger or try again.")


def back_to_charging(text: str) -> Decision:
    return go(State.CHARGING, text, Action(Do.FORGET_STOP), reason="stop_without_effect")
