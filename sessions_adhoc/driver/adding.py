"""A further hold for a higher limit, which the driver confirms where the gateway does not raise the first (ADR 24)."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from billing.models import PaymentAuthorization
from billing.payments.services import request_reserve
from billing.pricing import in_words
from sessions_adhoc import timeline
from sessions_adhoc.driver.further import Wish, least_of, open_further
from sessions_adhoc.engine.lifecycle import settle_down
from sessions_adhoc.engine.raising import PENDING, RAISABLE, CannotRaise, check_raisable, hold_to
from sessions_adhoc.engine.snapshot import Snapshot
from sessions_adhoc.models import AdHocSession, TimelineEvent
from sessions_adhoc.money.holds import Holds

Purpose = PaymentAuthorization.Purpose
DESCRIPTION = gettext_noop("More for charging at {charger}")
NOTHING_WAITS = gettext_noop("No second reservation waits to be confirmed.")
TOO_LITTLE_MORE = gettext_noop("This is too little more for a second reservation. Please choose a higher limit.")


def least_limit(session: AdHocSession, holds: Holds) -> int | None:
    """The lowest limit, in minor units, for which a further hold is offered; None where none is.

    It is offered once the gateway has refused to raise the first one.
    """
    goes_on = session.state in RAISABLE and holds.first.state == holds.first.State.RESERVED
    if not goes_on or session.limit_wanted is not None or session.limit_refused_at is None:
        return None
    return holds.amount + least_of(session)


def add_hold(
    session_id: UUID | str, wish: Wish, actor: str = "The driver", client_id: int | None = None
) -> AdHocSession:
    """The driver wants a limit of `wish.amount`, and agrees to a further hold of what is missing for it. Asking twice
    is asking once.

    The limit follows when it is held. What is held already for a higher sum counts at once.

    Raises:
        CannotRaise: there is nothing to raise (any more), another limit is being asked for, or it cannot be held so.
        AdHocSession.DoesNotExist: there is none, or it is another client's.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Snapshot.locked(session_id, client_id)
        session = rows.session
        if wish.amount in (session.amount, session.limit_wanted):
            return session
        check_raisable(rows, wish.amount)
        text = f"{actor} asked for a limit of {in_words(wish.amount, session.currency)}, with a further hold."
        rows.writes.add(timeline.event(session, TimelineEvent.Kind.DRIVER, text, at=now, actor=actor))
        session.limit_refused_at = None
        if wish.amount <= rows.holds.amount:
            hold_to(session, wish.amount)
        else:
            _ask(rows, wish)
        settle_down(rows, now)
    return session


def withdraw_hold(session_id: UUID | str, actor: str = "The driver", client_id: int | None = None) -> AdHocSession:
    """The further hold that waits for the driver or the bank is not wanted any more: the limit stays as it is.

    What the driver has confirmed in this very moment is let go of as well. What is held already stays.

    Raises:
        CannotRaise: none waits.
        AdHocSession.DoesNotExist: there is none, or it is another client's.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Snapshot.locked(session_id, client_id)
        if rows.holds.under_confirmation is None:
            raise CannotRaise(gettext(NOTHING_WAITS), "nothing_waits")
        text = f"{actor} withdrew the further hold for a limit of {_wanted(rows.session)}."
        rows.writes.add(timeline.event(rows.session, TimelineEvent.Kind.DRIVER, text, at=now, actor=actor))
        rows.session.limit_wanted = None
        settle_down(rows, now)
    return rows.session


def _wanted(session: AdHocSession) -> str:
    return in_words(session.limit_wanted or session.amount, session.currency)


def _ask(rows: Snapshot, wish: Wish) -> None:
    session, missing = rows.session, wish.amount - rows.holds.amount
    if rows.payment.raise_amount is not None:
        raise CannotRaise(gettext(PENDING), "limit_pending")
    if missing < least_of(session):
        raise CannotRaise(gettext(TOO_LITTLE_MORE), "amount_too_small")
    session.limit_wanted = wish.amount
    try:
        payment = open_further(session, wish, missing, Purpose.ADDITION, DESCRIPTION)
    except ValueError as error:
        raise CannotRaise(str(error), "payment_method_not_taken") from error
    request_reserve(payment)
    rows.look_for_more()
