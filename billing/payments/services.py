"""The one door to a driver's money: open, reserve, raise, capture, release, refund, tell, drive.

The request verbs are called inside the caller's transaction, do no I/O and can be repeated: asking again for
what is under way or done changes nothing; asking for the opposite raises `MoneyConflict`. They set the state,
make the row due and enqueue `drive` after commit. `drive` talks to the gateway, outside any transaction.
They take an id, and lock the row; or the row, of a caller who has locked it, and `writes`, where it is written
together with rows of the caller's.

Amounts are integers in minor units (4000 is 40.00 EUR).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.gateways import gateway_named
from billing.models import PaymentAuthorization
from billing.models.payment_states import ASKED_ABOUT_STATES
from billing.payments.driving import drive, enqueue, is_stuck
from billing.payments.history import Action, write
from billing.payments.sealing import action_of
from billing.pricing import minor_exponent
from partners.ground.writes import Writes

__all__ = [
    "MoneyConflict",
    "action_of",
    "drive",
    "further_reference",
    "hand_over",
    "hand_over_further",
    "is_stuck",
    "may_be_kept",
    "may_be_taken_over",
    "open_authorization",
    "replace",
    "request_capture",
    "request_keep",
    "request_raise",
    "request_refund",
    "request_release",
    "request_reserve",
    "tell",
]

State = PaymentAuthorization.State
FURTHER = "/"
"""Stands in the reference of a further payment, between that of what is paid for and a number."""


class MoneyConflict(Exception):
    """What is asked for contradicts what is under way or done with this money (rule 24)."""


def open_authorization(
    *,
    reference: str,
    amount: int,
    currency: str,
    payment_method: str = "",
    gateway: str | None = None,
    opening: Mapping[str, Any] | None = None,
    adopting: str = "",
    main: PaymentAuthorization | None = None,
    purpose: str = PaymentAuthorization.Purpose.RESERVATION,
    writes: Writes | None = None,
) -> PaymentAuthorization:
    """Open the authorization for `reference`; nothing is reserved yet.

    Opening it again with the same terms returns the first one; with other terms it raises MoneyConflict.
    ValueError: amount not positive, no currency of ISO 4217, or no payment method where the gateway needs one.
    LookupError: no such gateway. `opening`: return_url, locale, description, email, metadata, as in
    `billing.gateways.OpenRequest`. `adopting`: the gateway's reference of what a payment terminal holds already.
    `main`: the first payment of the same charge, where this is a further one, with `further_reference`.
    `writes`: of a caller who has a reference of his own, and writes it with other rows.
    """
    if amount <= 0:
        raise ValueError(f"an authorization reserves a positive amount, not {amount}")
    minor_exponent(currency)
    name = gateway or settings.PAYMENT_GATEWAY
    chosen = gateway_named(name)
    if not (payment_method or adopting or chosen.asks_driver):
        raise ValueError("an authorization needs a payment method")
    terms: dict[str, Any] = {
        "amount": amount,
        "currency": currency.upper(),
        "payment_method": payment_method,
        "gateway": name,
        "main_id": main and main.pk,
        "purpose": purpose,
    }
    if adopting:
        terms |= {"adopted": True, "gateway_reference": adopting}
    authorization = PaymentAuthorization(reference=reference, opening=dict(opening or {}) or None, **terms)
    if adopting and _is_anothers(name, adopting, reference):
        raise MoneyConflict(f"{adopting} belongs to another payment")
    try:
        with transaction.atomic() if writes is None else nullcontext():
            write(authorization, Action.OPENED, at=timezone.now(), came_from="", amount=amount, writes=writes)
    except IntegrityError:
        authorization = PaymentAuthorization.objects.get(reference=reference)
    differing = [name for name, value in terms.items() if getattr(authorization, name) != value]
    if differing:
        raise MoneyConflict(f"{reference} is already open with another {' and '.join(differing)}")
    return authorization


def further_reference(reference: str) -> str:
    """What the next further payment of `reference` is called: `reference/2`, `reference/3`."""
    known = PaymentAuthorization.objects.filter(reference__startswith=f"{reference}{FURTHER}")
    taken = set(known.values_list("reference", flat=True))
    return next(one for number in count(2) if (one := f"{reference}{FURTHER}{number}") not in taken)


def _is_anothers(gateway: str, gateway_reference: str, reference: str) -> bool:
    """Whether another authorization made this hold, or has taken it over: it is that driver's money."""
    known = PaymentAuthorization.objects.filter(gateway=gateway, gateway_reference=gateway_reference)
    return known.exclude(reference=reference).exists()


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
        if not 0 < amount <= row.may_be_captured:
            raise MoneyConflict(f"{row.reference} has {row.may_be_captured} reserved: {amount} cannot be captured")
        return _request(row, lambda now: row.start_capturing(now, amount), "capture", reason, amount, writes)


def request_raise(
    authorization: PaymentAuthorization | UUID | str, amount: int, *, reason: str = ""
) -> PaymentAuthorization:
    """Have `amount` held in all, instead of less. What is held stays as it is where the gateway refuses.

    MoneyConflict unless the money is reserved, and for an amount that is no more than that.
    """
    with _locked(authorization) as row:
        if row.state != State.RESERVED:
            raise MoneyConflict(f"{row.reference} is {row.state}: it cannot be raised")
        if row.raise_amount == amount or row.amount == amount:
            return row
        if amount < row.amount or row.raise_amount is not None:
            raise MoneyConflict(f"{row.reference} has {row.raise_amount or row.amount} reserved: not {amount}")
        return _request(row, lambda now: row.start_raising(now, amount), "raise", reason, amount)


def request_keep(
    authorization: PaymentAuthorization | UUID | str, until: datetime, *, writes: Writes | None = None
) -> PaymentAuthorization:
    """Have what is reserved stay held until then, for another try, and released by itself if nobody makes one.

    MoneyConflict unless the money is reserved.
    """
    with _locked(authorization) as row:
        if row.state != State.RESERVED:
            raise MoneyConflict(f"{row.reference} is {row.state}: nothing is held that could be kept")
        now = timezone.now()
        row.keep(now, until)
        write(
            row, Action.KEPT, at=now, came_from=row.state, message=f"until {until:%Y-%m-%d %H:%M:%S} UTC", writes=writes
        )
        return row


def may_be_kept(row: PaymentAuthorization, until: datetime) -> bool:
    """Whether it is held, and will be then."""
    well = row.state == State.RESERVED and not row.failure_code and row.expiry_warned_at is None
    return well and row.expires_at is not None and row.expires_at > until


def may_be_taken_over(row: PaymentAuthorization, now: datetime) -> bool:
    """Whether another try may go on with what this one holds: it is kept for that, and not about to run out."""
    return row.kept_until is not None and row.kept_until > now and may_be_kept(row, now)


def hand_over(row: PaymentAuthorization, reference: str, opening: Mapping[str, Any] | None) -> PaymentAuthorization:
    """Give a kept hold to another try, which is `reference`; return what stands in its place for the earlier one.

    The hold is the same authorization as before. The caller has locked the row, and inserts what owns `reference`.
    `opening`: as of `open_authorization`, if a larger sum has to be reserved anew. MoneyConflict where it is not kept.
    """
    now = timezone.now()
    if not may_be_taken_over(row, now):
        raise MoneyConflict(f"{row.reference} is {row.state} and not kept for another try")
    stand_in = PaymentAuthorization(
        reference=row.reference,
        gateway=row.gateway,
        payment_method=row.payment_method,
        amount=row.amount,
        currency=row.currency,
    )
    row.reference, row.opening = reference, dict(opening or {}) or None
    row.keep(now, None)
    write(row, Action.TAKEN_OVER, at=now, came_from=row.state, message=f"from {stand_in.reference}")
    stand_in.stand_for(now, row)
    write(stand_in, Action.TAKEN_OVER, at=now, came_from="", message=f"by {reference}")
    return stand_in


def hand_over_further(row: PaymentAuthorization, main: PaymentAuthorization) -> PaymentAuthorization:
    """Let a further hold, which is kept too, go with the first one, that was handed over. The caller has locked both.

    MoneyConflict where it is not kept.
    """
    now, earlier = timezone.now(), row.reference
    if not may_be_taken_over(row, now):
        raise MoneyConflict(f"{row.reference} is {row.state} and not kept for another try")
    row.reference = further_reference(main.reference)
    row.keep(now, None)
    write(row, Action.TAKEN_OVER, at=now, came_from=row.state, message=f"from {earlier}")
    return row


def replace(row: PaymentAuthorization, amount: int) -> PaymentAuthorization:
    """Reserve `amount` in the place of a hold that is less and cannot be raised; that one is released.

    The caller has locked the row, and makes the new one that of what is paid for. The old one stays with it as a
    further payment.
    """
    now, reference = timezone.now(), row.reference
    row.reference = further_reference(reference)
    write(row, Action.REQUESTED, at=now, came_from=row.state, message=f"replace: {amount} has to be held")
    opening = dict(row.opening or {})
    method = opening.pop("payment_method", "") or row.payment_method
    new = open_authorization(
        reference=reference,
        amount=amount,
        currency=row.currency,
        payment_method=method,
        gateway=row.gateway,
        opening=opening,
    )
    row.main = new
    request_release(row, reason="replaced by a larger reservation")
    return request_reserve(new)


def tell(authorization_id: UUID | str, *, kind: str, key: str = "") -> bool:
    """The gateway, or a driver who came back from its page, says that something happened: have it looked into.

    Nothing else changes: what is true is what a lookup tells. Return whether it can be looked into (money that is
    released, or never was held, has nothing to tell any more). `kind`: what was told, `key`: its id, for the history.
    """
    with transaction.atomic():
        row = PaymentAuthorization.objects.select_for_update().filter(pk=authorization_id).first()
        if row is None or row.state not in ASKED_ABOUT_STATES:
            return False
        now = timezone.now()
        row.told_at = now
        if not row.is_leased(now):
            row.next_check_at = now
        write(row, Action.TOLD, at=now, came_from=row.state, key=key[:80], message=kind)
        enqueue(row)
        return True


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
        is_new = row.state == State.CREATED or (row.state == State.RESERVING and row.called_at is None)
        never_asked = is_new and not row.gateway_reference
        let_go = row.mark_released if never_asked else row.start_releasing
        return _request(row, let_go, "release", reason, writes=writes)


def request_refund(
    authorization: PaymentAuthorization | UUID | str, amount: int, *, reason: str
) -> PaymentAuthorization:
    """Have `amount` of what was captured given back to the driver.

    MoneyConflict unless money was captured and no other refund is under way, and for more than is left of it: what a
    lost dispute took from us is the driver's again already.
    Asking again for the amount that is under way changes nothing; once it is done, asking again is a new refund.
    """
    with _locked(authorization) as row:
        if row.state == State.REFUNDING and row.refund_amount == amount:
            return row
        if row.state != State.CAPTURED:
            raise MoneyConflict(f"{row.reference} is {row.state}: {amount} cannot be given back")
        if not 0 < amount <= row.refundable_amount:
            text = f"{row.reference} has {row.refundable_amount} captured: {amount} cannot be given back"
            raise MoneyConflict(text)
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
