"""The driver raises the limit while charging: more is held first, and only then does it count (rule 33)."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from billing import spoken
from billing.models import PaymentAuthorization
from billing.payments import services as billing
from billing.pricing import in_words
from sessions_adhoc import timeline
from sessions_adhoc.engine.lifecycle import settle_down
from sessions_adhoc.engine.snapshot import Snapshot
from sessions_adhoc.models import AdHocSession, TimelineEvent
from sessions_adhoc.money.holds import Holds
from sessions_adhoc.states import State

RAISABLE = frozenset({State.AUTHORIZED, State.WAITING_FOR_CONNECTOR, State.STARTING, State.VALIDATING, State.CHARGING})
WITH_A_LIMIT = RAISABLE | {State.STOPPING, State.AWAITING_CDR, State.ESCALATED}
PENDING = gettext_noop("Another limit is being asked for: wait for the answer.")


class CannotRaise(Exception):
    """The limit stays as it is; the text says why to the driver, `code` to a program."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


def request_limit(
    session_id: UUID | str, amount: int, actor: str = "The driver", client_id: int | None = None
) -> AdHocSession:
    """The driver wants to pay up to `amount` (minor units) instead of less. Asking twice is asking once.

    What is held already for a higher sum counts at once; else the gateway is asked, and the limit follows its answer.

    Raises:
        CannotRaise: it is no higher, another one is being asked for, or there is nothing to raise (any more).
        AdHocSession.DoesNotExist: there is none, or it is another client's.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Snapshot.locked(session_id, client_id)
        session = rows.session
        if amount not in (session.amount, session.limit_wanted):
            _raise(rows, amount, actor, now)
            settle_down(rows, now)
    return session


def _raise(rows: Snapshot, amount: int, actor: str, now: datetime) -> None:
    session, holds = rows.session, rows.holds
    check_raisable(rows, amount)
    # The try before this one may have asked for more, and been given up since.
    wanted_of_first = holds.first.amount + amount - holds.amount
    if amount > holds.amount and holds.first.raise_amount not in (None, wanted_of_first):
        raise CannotRaise(gettext(PENDING), "limit_pending")
    text = f"{actor} asked for a limit of {in_words(amount, session.currency)}."
    rows.writes.add(timeline.event(session, TimelineEvent.Kind.DRIVER, text, at=now, actor=actor))
    session.limit_refused_at = None
    if amount <= holds.amount:
        hold_to(session, amount)
    else:
        session.limit_wanted = amount
        rows.payment = billing.request_raise(holds.first, wanted_of_first, reason="the driver raises the limit")


def check_raisable(rows: Snapshot, amount: int) -> None:
    """Raise CannotRaise where the limit of a locked session cannot become that."""
    session = rows.session
    if session.state not in RAISABLE or rows.payment.state != rows.payment.State.RESERVED:
        raise CannotRaise(
            gettext("The limit can be raised while a charge goes on, and this one does not."), "not_charging"
        )
    if session.limit_wanted is not None:
        raise CannotRaise(gettext(PENDING), "limit_pending")
    if amount < session.amount:
        held = spoken.in_words(session.amount, session.currency)
        raise CannotRaise(gettext("The limit is {amount} already.").format(amount=held), "limit_not_higher")


def hold_to(session: AdHocSession, amount: int) -> None:
    """From now on so much may be spent, and the driver is told anew when that is nearly used up."""
    session.amount, session.limit_wanted = amount, None
    session.limit_told_at = session.limit_stop_at = None


def note_answer(rows: Snapshot, now: datetime, *, known_again: bool = False) -> None:
    """The gateway holds more now, or it does not, or less. The caller holds the session's lock, and writes it.

    `known_again`: a restore had forgotten the further hold that this is about.
    """
    session, holds = rows.session, rows.holds
    wanted = session.limit_wanted
    if wanted is None:
        text = _follow_holds(session, holds, known_again)
    elif holds.first.raise_amount is None and holds.under_confirmation is None:
        text = _answer(session, holds, wanted, now)
    else:
        text = ""
    if text:
        rows.writes.change(session, *MOVED)
        rows.writes.add(timeline.event(session, TimelineEvent.Kind.PAYMENT, text, at=now))


MOVED = ("amount", "limit_wanted", "limit_refused_at", "limit_told_at", "limit_stop_at")


def _answer(session: AdHocSession, holds: Holds, wanted: int, now: datetime) -> str:
    """The limit follows what was wanted, or it stays; return which, in words."""
    words = in_words(wanted, session.currency)
    if holds.amount >= wanted:
        hold_to(session, wanted)
        return f"The limit is {words} now."
    session.limit_wanted, session.limit_refused_at = None, now
    return f"The gateway does not hold {words}: the limit stays {in_words(session.amount, session.currency)}."


def _follow_holds(session: AdHocSession, holds: Holds, known_again: bool) -> str:
    """One of several holds is gone, or one that a restore had forgotten is known again: the limit is what is held."""
    if not holds.more or holds.state != PaymentAuthorization.State.RESERVED or session.state not in WITH_A_LIMIT:
        return ""
    if holds.amount == session.amount or (holds.amount > session.amount and not known_again):
        return ""
    hold_to(session, holds.amount)
    return f"{in_words(holds.amount, session.currency)} is held: that is the limit now."
