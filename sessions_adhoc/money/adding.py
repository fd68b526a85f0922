"""Further holds of a charge, which the driver confirms for a higher limit: what becomes of each (ADR 24).

One that is not confirmed changes nothing. One that is not needed any more is let go of at once.
"""

from django.utils import timezone

from billing.models import PaymentAuthorization
from billing.payments import services as billing
from billing.pricing import in_words
from partners.ground.writes import Writes
from sessions_adhoc import timeline
from sessions_adhoc.models import AdHocSession, TimelineEvent
from sessions_adhoc.money.holds import NOT_TAKEN, TAKEN, UNPAID, Holds
from sessions_adhoc.states import TERMINAL, State

Held = PaymentAuthorization.State
WANTED_WHILE = frozenset(
    {
        State.AUTHORIZED,
        State.WAITING_FOR_CONNECTOR,
        State.STARTING,
        State.VALIDATING,
        State.CHARGING,
        State.STOPPING,
    }
)
"""A STOP may have no effect: then the charge goes on, and what is confirmed meanwhile counts."""
OVER = "the charge needs no higher limit any more"
NOT_NEEDED = "the first hold is enough"


def follow(session: AdHocSession, holds: Holds, writes: Writes) -> None:
    """Let go of what is not wanted any more. The caller holds the session's lock, and writes it; doing it again changes
    nothing."""
    for row in holds.more:
        if row.state in UNPAID and not _is_wanted(session, holds):
            session.limit_wanted = None
            _let_go(session, row, OVER, writes)
        elif row.state == Held.RESERVED and _is_left_over(session, row, holds):
            _let_go(session, row, NOT_TAKEN if row.failure_code else NOT_NEEDED, writes)


def _is_wanted(session: AdHocSession, holds: Holds) -> bool:
    """Whether a hold that the driver has not confirmed yet would still raise the limit."""
    wishes_end = session.stop_requested_at is not None or session.cancel_requested_at is not None
    goes_on = session.state in WANTED_WHILE and not wishes_end and holds.first.state == Held.RESERVED
    return goes_on and session.limit_wanted is not None


def _is_left_over(session: AdHocSession, row: PaymentAuthorization, holds: Holds) -> bool:
    """Whether nothing will be taken of a hold: that was decided, or the gateway refused to take it."""
    if row.failure_code and row.refused_verb != "capture":
        return False  # the gateway holds what we let go of: that is for people
    first = holds.first
    if first.state in TAKEN or first.state in (Held.RELEASING, Held.RELEASED):
        return True
    return session.state in TERMINAL and first.state != Held.RESERVED


def _let_go(session: AdHocSession, row: PaymentAuthorization, why: str, writes: Writes) -> None:
    billing.request_release(row, reason=why, writes=writes)
    text = f"The further hold of {in_words(row.amount, row.currency)} is released: {why}."
    writes.add(timeline.event(session, TimelineEvent.Kind.PAYMENT, text, at=timezone.now()))
