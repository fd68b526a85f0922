"""A driver's next try goes on with the money that the last one left held (ADR 14), or lets it go now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from billing.models import PaymentAuthorization
from billing.payments import services as billing
from sessions_adhoc import timeline
from sessions_adhoc.engine.snapshot import Snapshot
from sessions_adhoc.models import AdHocSession, TimelineEvent
from sessions_adhoc.money.holds import Holds, additions_of
from sessions_adhoc.states import TERMINAL

GOES_ON = "Another try goes on with the reservation."
GIVES_WAY = "Another try needs another reservation: this one is released."


class CannotRelease(Exception):
    """Nothing is kept that the driver could let go of; the text says so, `code` to a program."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Terms:
    """What a try has to have reserved: `amount` in minor units. `opening`: if it has to be reserved anew."""

    amount: int
    currency: str
    gateway: str
    opening: Mapping[str, Any]


def kept_hold(session: AdHocSession | None, gateway: str, currency: str, now: datetime) -> PaymentAuthorization | None:
    """The payment of an earlier try, if another one can go on with it."""
    payment = session.authorization if session else None
    if payment is None or (payment.gateway, payment.currency) != (gateway, currency):
        return None
    return payment if billing.may_be_taken_over(payment, now) else None


def kept_in_all(session: AdHocSession | None, gateway: str, currency: str, now: datetime) -> list[PaymentAuthorization]:
    """All that an earlier try left held and another one can go on with, the first hold first; for a page."""
    first = kept_hold(session, gateway, currency, now)
    if session is None or first is None:
        return []
    added = additions_of(session, lock=False)
    return [first, *(row for row in added if billing.may_be_taken_over(row, now))]


def take_over(previous: AdHocSession | None, session_id: UUID, terms: Terms) -> PaymentAuthorization | None:
    """Give what the earlier try left held to the session that is about to be made; None where nothing is kept for it.

    Decided under the lock of the earlier try and of its payment, in the caller's transaction: who comes at the moment
    of the release gets the money, or finds it gone. What cannot be used is let go of: one hold on the card.
    """
    if previous is None:
        return None
    rows = Snapshot.locked(previous.pk)
    session, payment, more, now = rows.session, rows.payment, rows.more, timezone.now()
    if kept_hold(session, terms.gateway, terms.currency, now) is None or _is_asking_for_another_sum(payment, terms):
        _give_way(session, rows.holds, now)
        return None
    session.authorization = billing.hand_over(payment, str(session_id), terms.opening)
    session.save(update_fields=["authorization"])
    timeline.write(session, TimelineEvent.Kind.PAYMENT, GOES_ON, at=now)
    if taken := _enough(payment, more, terms, now):
        for row in taken:
            billing.hand_over_further(row, payment)
    for row in more:
        if row.kept_until is not None:
            billing.request_release(row, reason="another try does not need it")
    return billing.request_raise(payment, terms.amount) if terms.amount > payment.amount and not taken else payment


def _enough(
    payment: PaymentAuthorization, more: Sequence[PaymentAuthorization], terms: Terms, now: datetime
) -> list[PaymentAuthorization]:
    """The further holds that a try needs besides the first one; none where even all of them are too little."""
    left, taken = terms.amount - payment.amount, []
    for row in more:
        if left > 0 and billing.may_be_taken_over(row, now):
            taken.append(row)
            left -= row.amount
    return taken if left <= 0 else []


def _is_asking_for_another_sum(payment: PaymentAuthorization, terms: Terms) -> bool:
    """Whether the earlier try was given up while the gateway is asked for more, and still more is wanted now."""
    return terms.amount > payment.amount and payment.raise_amount not in (None, terms.amount)


def _give_way(session: AdHocSession, holds: Holds, now: datetime) -> None:
    if kept := [row for row in holds.all if row.kept_until is not None]:
        for row in kept:
            billing.request_release(row, reason="another try needs another reservation")
        timeline.write(session, TimelineEvent.Kind.PAYMENT, GIVES_WAY, at=now)


def release_now(session_id: UUID | str, actor: str = "The driver", client_id: int | None = None) -> AdHocSession:
    """Let go at once of what is kept for another try. Asking twice is asking once.

    Raises:
        CannotRelease: the session goes on, or another try has taken the money over.
        AdHocSession.DoesNotExist: there is none, or it is another client's.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Snapshot.locked(session_id, client_id)
        session, payment = rows.session, rows.payment
        if session.state not in TERMINAL:
            raise CannotRelease(gettext("This session has not ended: cancel or stop it instead."), "not_ended")
        if payment.state == payment.State.HANDED_ON:
            raise CannotRelease(gettext("Another try goes on with this reservation."), "handed_on")
        if kept := [row for row in rows.holds.all if row.kept_until is not None]:
            for row in kept:
                billing.request_release(row, reason=f"{actor.lower()} tries no more")
            text = f"{actor} asked to release the reservation."
            timeline.write(session, TimelineEvent.Kind.DRIVER, text, at=now, actor=actor)
    return session
