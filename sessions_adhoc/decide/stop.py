"""The driver's stop, in whatever state (rule 19): when a STOP_SESSION is due, and when it has failed.

A wish is a moment, and so is a STOP: one that is older than the wish does not answer it.
"""

from datetime import datetime, timedelta

from sessions_adhoc.decide.decision import Action, Decision, Do, stay
from sessions_adhoc.decide.session_facts import AttemptFacts, CommandFacts, Facts

UNSENT = frozenset({"created", "undelivered"})
"""States of a command that cannot have arrived."""

MAX_SENDS = 3
SEND_POLL = timedelta(seconds=5)
"""A command that nobody sent by then is asked for again: its task was lost."""

WITHOUT_EFFECT = "stop_without_effect"


def stop_due(facts: Facts, attempt: AttemptFacts) -> bool:
    """The wish is sent as soon as there is a Session; what cannot have arrived is sent again."""
    if attempt.session is None or attempt.session.over:
        return False
    stop, wish = attempt.stop, facts.wish_at
    if stop is None:
        return wish is not None
    if wish and stop.created_at and stop.created_at < wish:
        return True
    return stop.state in UNSENT and stop.tries < MAX_SENDS


def stop_refused(stop: CommandFacts) -> bool:
    """The CPO said no, or cannot be reached. An unanswered STOP may have arrived: it gets its time."""
    if stop.state == "undelivered":
        return stop.tries >= MAX_SENDS
    return stop.turned_down


def stop_failed_at(facts: Facts, stop: CommandFacts) -> datetime | None:
    """From when on a STOP counts as without effect, if the Session is not over by then."""
    if stop_refused(stop):
        return stop.answered_at or stop.sent_at or facts.state_since
    return stop.sent_at + facts.rules.stop_timeout if stop.sent_at else None


def untold_failure(facts: Facts, attempt: AttemptFacts, now: datetime) -> Decision | None:
    """A STOP that was refused, or not obeyed in time, is told to the driver once; the next press sends a new one."""
    stop = attempt.stop
    if stop is None or not facts.driver_ended or facts.reason == WITHOUT_EFFECT:
        return None
    failed_at = stop_failed_at(facts, stop)
    if failed_at is None or now < failed_at:
        return None
    word = stop.result or stop.response if stop_refused(stop) else "no effect"
    return Decision(reason=WITHOUT_EFFECT, text=f"The CPO did not stop ({word or 'not reachable'}).", again=True)


def stop_what_runs(facts: Facts, attempt: AttemptFacts, now: datetime) -> tuple[Action, ...]:
    """What ends the Session of an attempt that is given up: a STOP, unless one is out that may still be obeyed."""
    if attempt.session is None or attempt.session.over:
        return ()
    if attempt.stop is None:
        return (Action(Do.SEND_STOP),)
    failed_at = stop_failed_at(facts, attempt.stop)
    return (Action(Do.RENEW_STOP), Action(Do.SEND_STOP)) if failed_at and failed_at <= now else ()


def told_by(facts: Facts, attempt: AttemptFacts, latest: datetime, now: datetime) -> datetime:
    """When to look again at the latest, for a STOP that is out and may fail."""
    failed_at = stop_failed_at(facts, attempt.stop) if attempt.stop and facts.driver_ended else None
    return min(latest, failed_at) if failed_at and failed_at > now else latest


def stop_running_on(facts: Facts, attempt: AttemptFacts, now: datetime) -> Decision | None:
    """A Session whose kWh rises after its end: STOP once by itself, then whenever the driver presses again."""
    if stop_due(facts, attempt):
        return stay(now + SEND_POLL, Action(Do.SEND_STOP), text="Asking the CPO to stop.")
    stop = attempt.stop
    by_itself = stop is None or (stop.created_at and attempt.ended_at and stop.created_at < attempt.ended_at)
    if not attempt.runs_on or not by_itself:
        return None
    text = "The Session still delivers energy after its end: asking the CPO to stop it."
    return stay(now + SEND_POLL, Action(Do.RENEW_STOP), Action(Do.SEND_STOP), text=text)
