"""While energy flows, and the driver's stop (rules 15, 17-20)."""

from datetime import datetime

from sessions_adhoc.decide.decision import Action, Decision, Do, end_attempt, go, stay
from sessions_adhoc.decide.limit import at_the_limit, without_money
from sessions_adhoc.decide.reason_words import lasting
from sessions_adhoc.decide.session_facts import AttemptFacts, Facts
from sessions_adhoc.decide.start import PULL_POLL, Pull, pull_since, sample_overdue
from sessions_adhoc.decide.stop import SEND_POLL, WITHOUT_EFFECT, stop_due, stop_failed_at, stop_refused, untold_failure
from sessions_adhoc.states import State


def end_charge(facts: Facts, text: str) -> Decision:
    return go(State.AWAITING_CDR, text, end_attempt("", text))


def has_ended(facts: Facts, attempt: AttemptFacts, now: datetime) -> Decision | None:
    """How charging ends by itself: the CPO says so, the connector says so, silence, a contradiction (rules 15, 17)."""
    if is_over(facts, attempt, now):
        return end_charge(facts, "Charging is over.")
    fell = attempt.connector_fell_at
    if fell and now >= fell + facts.rules.flap_delay:
        return end_charge(facts, f"The connector is free since {fell:%H:%M:%S} UTC: charging is over (G5.7).")
    borne = lasting(facts.rules.silence_timeout)
    if attempt.session and now >= attempt.session.news_at + facts.rules.silence_timeout:
        return end_charge(facts, f"No news for {borne}: the session is no longer tracked (G5.8).")
    contradicts = attempt.connector_contradicts_at
    if contradicts and now >= contradicts + facts.rules.silence_timeout:
        return end_charge(facts, f"For {borne} the connector has said something else: no longer tracked (G5.8).")
    return None


def final_at(facts: Facts) -> datetime | None:
    """When a CDR that came while its Session is ACTIVE counts as the last one, if no energy came since (rule 27)."""
    came_at = facts.cdr.came_at if facts.cdr else None
    return came_at + facts.rules.meter_interval if came_at else None


def is_over(facts: Facts, attempt: AttemptFacts, now: datetime) -> bool:
    """The CPO says so: by its Session, or by a CDR that is no interim one."""
    session = attempt.session
    if facts.cdr is None or session is None or session.status != "ACTIVE":
        return facts.over
    final = final_at(facts)
    return not facts.is_interim(now) and (final is None or now >= final)


def next_look(facts: Facts, attempt: AttemptFacts, now: datetime) -> datetime:
    """The nearest moment at which time alone changes something."""
    moments = [now + facts.rules.meter_interval]
    if (final := final_at(facts)) and final > now:
        moments.append(final)
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
        return end_charge(facts, "The attempt is gone.")
    if over := has_ended(facts, attempt, now):
        return over
    if asks_to_stop(facts, attempt, now):
        return go(State.STOPPING, "Asking the CPO to stop.", Action(Do.SEND_STOP))
    if told := untold_failure(facts, attempt, now):
        return told
    if unpaid := without_money(facts, now):
        return unpaid
    if limit := at_the_limit(facts, next_look(facts, attempt, now), now):
        return limit
    if sample_overdue(facts, attempt, now):
        return stay(
            next_look(facts, attempt, now),
            Action(Do.PULL_SESSIONS),
            text="No meter value in time: asking for it (G5.11).",
        )
    return stay(next_look(facts, attempt, now))


def asks_to_stop(facts: Facts, attempt: AttemptFacts, now: datetime) -> bool:
    """The driver wishes to stop, and no STOP has failed since."""
    if not facts.driver_ended or stop_due(facts, attempt) or attempt.stop is None:
        return facts.driver_ended
    failed_at = stop_failed_at(facts, attempt.stop)
    return failed_at is None or now < failed_at


def may_reach_the_limit(facts: Facts, now: datetime) -> bool:
    """Whether it charges, and is not about to be stopped for a wish: only then is it asked what it costs so far."""
    if facts.state != State.CHARGING or facts.attempt is None:
        return False
    return not asks_to_stop(facts, facts.attempt, now)


def stopping(facts: Facts, now: datetime) -> Decision:
    """Rule 19: STOP is a request. Refused or without effect, the session goes on and the driver is told."""
    attempt = facts.attempt
    if attempt is None:
        return end_charge(facts, "The attempt is gone.")
    if over := has_ended(facts, attempt, now):
        return over
    if not stop_due(facts, attempt) and (attempt.stop is None or stop_refused(attempt.stop)):
        word = attempt.stop.result or attempt.stop.response if attempt.stop else ""
        return back_to_charging(f"The CPO did not accept the stop ({word or 'not reachable'}). Charging goes on.")
    deadline = facts.state_since + facts.rules.stop_timeout
    if stop_due(facts, attempt) and now < deadline:
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
    return go(State.CHARGING, text, Action(Do.FORGET_STOP), reason=WITHOUT_EFFECT)
