"""`decide(facts, now)`: what an ad-hoc session does next. Pure: no clock, no database, no Django.

One function per state, each naming the rules it follows. `sessions_adhoc.engine.lifecycle` calls it with the
session's row locked, applies the answer, and calls it again until it stays.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sessions_adhoc.decide import charge, payment, settle, start
from sessions_adhoc.decide.decision import Action, Decision, Do
from sessions_adhoc.decide.session_facts import (
    AttemptFacts,
    CdrFacts,
    CommandFacts,
    Facts,
    OwnFacts,
    PaymentFacts,
    Rules,
    SessionFacts,
    Spent,
)
from sessions_adhoc.states import TERMINAL, State

BY_STATE: Mapping[State, Callable[[Facts, datetime], Decision]] = {
    State.CREATED: payment.created,
    State.AUTHORIZING: payment.authorizing,
    State.AUTHORIZED: payment.authorized,
    State.WAITING_FOR_CONNECTOR: payment.waiting_for_connector,
    State.STARTING: start.starting,
    State.VALIDATING: start.validating,
    State.CHARGING: charge.charging,
    State.STOPPING: charge.stopping,
    State.AWAITING_CDR: settle.awaiting_cdr,
    State.ESCALATED: settle.escalated,
}


def decide(facts: Facts, now: datetime) -> Decision:
    """Return what to do next; a terminal session does nothing."""
    if facts.state in TERMINAL:
        return Decision()
    return BY_STATE[facts.state](facts, now)


__all__ = [
    "Action",
    "AttemptFacts",
    "CdrFacts",
    "CommandFacts",
    "Decision",
    "Do",
    "Facts",
    "OwnFacts",
    "PaymentFacts",
    "Rules",
    "SessionFacts",
    "Spent",
    "decide",
]
