"""The one door to a driver's money: open, reserve, capture, release, refund, drive.

The request verbs are called inside the caller's transaction, do no I/O and can be repeated: asking again for
what is under way or done changes nothing; asking for the opposite raises `MoneyConflict`. They set the state,
make the row due and enqueue `drive` after commit. `drive` talks to the gateway, outside any transaction.
They take an id, and lock the row; or the row, of a caller who has locked it, and `writes`, where it is written
together with rows of the caller's.

Amounts are integers in minor units (4000 is 40.00 EUR).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.gateways import gateway_named
from billing.models import PaymentAuthorization
from billing.payments.driving import drive, enqueue, is_stuck
from billing.payments.history import Action, write
from billing.pricing import minor_exponent
from partners.ground.writes import Writes

__all__ = [
    "MoneyConflict",
    "drive",
    "is_stuck",
    "open_authorization",
    "request_capture",
    "request_refund",
    "request_release",
    "request_reserve",
]

State = PaymentAuthorization.State


class MoneyConflict(Exception):
    """What is asked for contradicts what is under way or done with this money (rule 24)."""


def open_authorization(
    *,
    reference: str,
    amount: int,
    currency: str,
    payment_method: str,
    gateway: str | None = None,
    writes: Writes | None = None,
) -> PaymentAuthorization:
    """Open the authorization for `reference`; nothing is reserved yet.

    Opening it again with the same terms returns the first one; with other terms it raises MoneyConflict.
    ValueError: amount not positive, no currency of ISO 4217, or no payment method. LookupError: no such
    gateway. `writes`: of a caller who has a reference of his own, and writes it with other rows.
    """
    if amount <= 0:
        raise ValueError(f"an authorization reserves a positive amount, not {amount}")
    if not payment_method:
        raise ValueError("an authorization needs a payment method")
    minor_exponent(currency)
    name = gateway or settings.PAYMENT_GATEWAY
    gateway_named(name)
    terms = {
        "amount": amount,
        "currency": currency.upper(),
        "payment_method": payment_method,
        "gateway": name,
    }
    authorization = PaymentAuthorization(reference=reference, **terms)
    try:
        with transaction.atomic() if writes is None else nullcontext():
            write(authorization, Action.OPENED, at=timezone.now(), came_from="", amount=amount, writes=writes)
    except IntegrityError:
        authorization = PaymentAuthorization.objects.get(reference=reference)
    differing = [name for name, value in terms.items() if getattr(authorization, name) != value]
    if differing:
        raise MoneyConflict(f"{reference} is already open with another {' and '.join(differing)}")
    return authorization


def request_reserve(
    authorization: PaymentAuthorization | UUID | str, *, reason: str = "", writes: Writes | None = None
) -> PaymentAuthorization:
    """Have the money reserved. MoneyConflict once it was released, declined, failed or expired."""
    with _locked(authorization) as row:
        if row.state in (State.RESERVING, State.RESERVED, State.CAPTURING, State.CAPTURED, State.REFUNDING):
            return row
        if row.state != State.CREATED:
            raise MoneyConflict(f"{row.reference} is {row.state}: a new try needs a new authorization")
        return _request(row, row.start_reserving, "reserve", reason, row.amount, writes)


def request_capture(
    authorization: PaymentAuthorization | UUID | str, amount: int, *, reason: str = "", writes: Writes | None = None
) -> PaymentAuthorization:
    """Have `amount` captured and the rest released; zero is a release.

    MoneyConflict unless the money is reserved, and for more than was reserved or another amount than the one
    already asked for.
    """
    if amount == 0:
        return request_release(authorization, reason=reason, writes=writes)
    with _locked(authorization) as row:
        if row.state in (State.CAPTURING, State.CAPTURED) and row.capture_amount == amount:
            return row
        if row.state != State.RESERVED:
            raise MoneyConflict(f"{row.reference} is {row.state}: {amount} cannot be captured")
        if not 0 < amount <= row.amount:
            raise MoneyConflict(f"{row.reference} has {row.amount} reserved: {amount} cannot be captured")
        return _request(row, lambda now: row.start_capturing(now, amount), "capture", reason, amount, writes)


def request_release(
    authorization: PaymentAuthorization | UUID | str, *, reason: str = "", writes: Writes | None = None
) -> PaymentAuthorization:
    """Have everything released; while reserving, have voided whatever the gateway did.

    Nothing happens where nothing is held any more. MoneyConflict while capturing and once captured. If the
    gateway was never asked, the authorization is released when this returns.
    """
    with _locked(authorization) as row:
        if row.state in (State.CAPTURING, State.CAPTURED, State.REFUNDING):
            raise MoneyConflict(f"{row.reference} is {row.state}: it cannot be released")
        if row.is_terminal or row.state == State.RELEASING:
            return row
        never_asked = row.state == State.CREATED or (
            row.state == State.RESERVING and row.called_at is None and not row.gateway_reference
        )
        let_go = row.mark_released if never_asked else row.start_releasing
        return _request(row, let_go, "release", reason, writes=writes)


def request_refund(
    authorization: PaymentAuthorization | UUID | str, amount: int, *, reason: str
) -> PaymentAuthorization:
    """Have `amount` of what was captured given back to the driver.

    MoneyConflict unless money was captured and no other refund is under way, and for more than is left of it.
    Asking again for the amount that is under way changes nothing; once it is done, asking again is a new refund.
    """
    with _locked(authorization) as row:
        if row.state == State.REFUNDING and row.refund_amount == amount:
            return row
        if row.state != State.CAPTURED:
            raise MoneyConflict(f"{row.reference} is {row.state}: {amount} cannot be given back")
        if not 0 < amount <= row.kept_amount:
            raise MoneyConflict(f"{row.reference} has {row.kept_amount} captured: {amount} cannot be given back")
        return _request(row, lambda now: row.start_refunding(now, amount), "refund", reason, amount)


@contextmanager
def _locked(authorization: PaymentAuthorization | UUID | str) -> Iterator[PaymentAuthorization]:
    """A transaction with the row locked: by the caller, who gives the row itself, or here."""
    if isinstance(authorization, PaymentAuthorization):
        yield authorization
        return
    with transaction.atomic():
        yield PaymentAuthorization.objects.select_for_update().get(pk=authorization)


def _request(
    row: PaymentAuthorization,
    transition: Callable[[datetime], None],
    what: str,
    reason: str,
    amount: int | None = None,
    writes: Writes | None = None,
) -> PaymentAuthorization:
    now, before = timezone.now(), row.state
    transition(now)
    message = f"{what}: {reason}" if reason else what
    write(row, Action.REQUESTED, at=now, came_from=before, message=message, amount=amount, writes=writes)
    if not row.is_terminal:
        enqueue(row)
    return row
