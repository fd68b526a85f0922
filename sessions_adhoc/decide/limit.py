"""The energy ends before the money does (rule 33)."""

from datetime import datetime, timedelta

from sessions_adhoc.decide.decision import Action, Decision, Do, go, stay
from sessions_adhoc.decide.payment import UNPAID
from sessions_adhoc.decide.session_facts import Facts
from sessions_adhoc.states import State

LIMIT = "limit_reached"
HOLD_GONE = "hold_gone"
"""The code of a stop because nothing is reserved any more, which says nothing of a limit."""
TELL, STOP = 90, 97
"""Percent of the reservation, by the live estimate."""

AGAIN = timedelta(seconds=60)
"""How long after a STOP without effect the next one goes out."""


def at_the_limit(facts: Facts, check_at: datetime, now: datetime) -> Decision | None:
    """Stop the charge that would cost more than is reserved before its next sample; tell the driver before that."""
    spent = facts.spent
    if spent is None:
        return None
    if facts.rules.at_limit == "stop" and _is_nearly_used_up(facts) and _may_stop(facts, now):
        text = "The reservation is nearly used up: asking the CPO to stop."
        return go(
            State.STOPPING, text, Action(Do.NOTE_LIMIT, code="stop"), Action(Do.SEND_STOP), reason="limit_reached"
        )
    if spent.now * 100 >= spent.reserved * TELL and facts.limit_told_at is None:
        text = f"{TELL} % of the reservation is used: the driver is told."
        return stay(check_at, Action(Do.NOTE_LIMIT, code="tell"), text=text)
    return None


def without_money(facts: Facts, now: datetime) -> Decision | None:
    """Stop the charge for which nothing is held any more: it expired, or was let go of at the gateway."""
    if facts.payment.state not in UNPAID or not _may_stop(facts, now):
        return None
    text = "The reservation is gone: asking the CPO to stop."
    note = Action(Do.NOTE_LIMIT, code=HOLD_GONE)
    return go(State.STOPPING, text, note, Action(Do.SEND_STOP), reason="payment_lost")


def _is_nearly_used_up(facts: Facts) -> bool:
    spent = facts.spent
    return spent is not None and (spent.now * 100 >= spent.reserved * STOP or spent.soon > spent.reserved)


def _may_stop(facts: Facts, now: datetime) -> bool:
    return facts.limit_stop_at is None or now >= facts.limit_stop_at + AGAIN
