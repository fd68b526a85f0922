"""Claims and receivables: written down with the capture, closed by staff or by the CPO's correction (rules 32, 33)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing.books.claims import post_outstanding
from billing.models import OutstandingAmount, PaymentAuthorization
from ocpi.models import Cdr

Kind, State = OutstandingAmount.Kind, OutstandingAmount.State
BY_STAFF = frozenset({State.SETTLED, State.WRITTEN_OFF})
PAID = "Paid with a further payment."
CORRECTED = "The CPO took the CDR back or corrected it."


class AlreadyClosed(Exception):
    """It was settled, written off or withdrawn before; the text says so."""


def keep(authorization: PaymentAuthorization, cdr: Cdr, amounts: Mapping[str, int]) -> bool:
    """Have exactly these amounts outstanding for the CDR that is billed, and no other of this payment open.

    Return whether there is, or ever was, any of this payment. What the driver has paid of a receivable of another CDR,
    which this one corrects, counts for it, and so does what staff closed: nobody owes it a second time.

    The caller holds the session's lock; doing it again changes nothing. What staff closed stays closed: where the
    amount is another now, what it has beyond that is a row of its own.
    """
    mine = OutstandingAmount.objects.filter(authorization=authorization)
    rows = list(mine)
    left = {kind: amount - _answered(rows, kind, cdr) for kind, amount in amounts.items()}
    wanted = {kind: amount for kind, amount in left.items() if amount > 0}
    known = {row.kind: row for row in rows if row.cdr_id == cdr.pk and row.state not in BY_STAFF}
    _withdraw(
        [row for row in rows if row.state == State.OPEN and known.get(row.kind if row.kind in wanted else "") != row]
    )
    for kind, amount in wanted.items():
        row = known.get(kind)
        if row is None or row.amount != amount or row.state == State.WITHDRAWN:
            _open(authorization, cdr, kind, amount, row)
    return bool(rows or wanted)


def _answered(rows: Sequence[OutstandingAmount], kind: str, cdr: Cdr) -> int:
    """What of an amount of this kind is not owed any more, in minor units: what staff closed of it, and what the driver
    has paid of a receivable of another CDR. A claim is of one CDR."""
    mine = [row for row in rows if row.kind == kind and (kind == Kind.RECEIVABLE or row.cdr_id == cdr.pk)]
    closed = sum(row.amount for row in mine if row.state in BY_STAFF)
    return closed + sum(row.collected for row in mine if row.cdr_id != cdr.pk and row.state not in BY_STAFF)


def withdraw(authorization: PaymentAuthorization) -> None:
    """Nothing is outstanding of this payment any more: the CPO took back what it asked. The caller holds the session's
    lock; doing it again changes nothing."""
    _withdraw(list(OutstandingAmount.objects.filter(authorization=authorization, state=State.OPEN)))


def _withdraw(rows: Sequence[OutstandingAmount]) -> None:
    for row in rows:
        row.state, row.closed_at, row.note = State.WITHDRAWN, timezone.now(), CORRECTED
        row.save(update_fields=["state", "closed_at", "note"])
        post_outstanding(row)


def _open(
    authorization: PaymentAuthorization, cdr: Cdr, kind: str, amount: int, known: OutstandingAmount | None
) -> None:
    row = known or OutstandingAmount(authorization=authorization, cdr=cdr, kind=kind)
    row.partner_id, row.amount, row.currency = cdr.partner_id, amount, authorization.currency
    is_paid, row.created_at = row.collected >= amount, timezone.now()
    row.state, row.closed_at = (State.COLLECTED, row.created_at) if is_paid else (State.OPEN, None)
    row.closed_by, row.note = "", PAID if is_paid else ""
    row.save()
    post_outstanding(row)


def close(row_id: int, state: str, actor: str, note: str) -> None:
    """Settle an open amount or write it off, with a note. Raises AlreadyClosed."""
    with transaction.atomic():
        row = OutstandingAmount.objects.select_for_update().get(pk=row_id)
        if row.state != State.OPEN:
            raise AlreadyClosed(f"This is already {row.get_state_display().lower()}.")
        row.state, row.closed_at, row.closed_by, row.note = state, timezone.now(), actor, note.strip()
        row.save(update_fields=["state", "closed_at", "closed_by", "note"])
        post_outstanding(row)


def open_receivable(authorization_id: UUID) -> OutstandingAmount | None:
    """What the driver of this payment still owes, of the CDR that is billed: there is one at most."""
    open_ones = OutstandingAmount.objects.filter(
        authorization=authorization_id, kind=Kind.RECEIVABLE, state=State.OPEN, amount__gt=F("collected")
    )
    return open_ones.order_by("-pk").first()


def collect(row: OutstandingAmount, payment: PaymentAuthorization) -> int:
    """The driver has paid what is open of it, or a part; return how much that was. What the payment has beyond that is
    to be given back. The caller holds the session's lock and the payment's."""
    took = min(row.left, payment.kept_amount)
    row.collected += took
    if row.collected >= row.amount:
        row.state, row.closed_at, row.note = State.COLLECTED, timezone.now(), PAID
    row.save(update_fields=["collected", "state", "closed_at", "note"])
    payment.collects = row
    payment.save(update_fields=["collects", "updated_at"])
    post_outstanding(row)
    return took


def paid_afterwards(authorization_id: UUID) -> int:
    """What drivers have paid of all receivables of this payment, and keep owing, in minor units."""
    rows = OutstandingAmount.objects.filter(authorization=authorization_id, collected__gt=0)
    return sum(rows.values_list("collected", flat=True))


def uncollect(row: OutstandingAmount, amount: int) -> None:
    """So much of what the driver has paid of it is not owed, and is given back. The caller holds the session's lock."""
    row.collected -= min(row.collected, amount)
    row.save(update_fields=["collected"])
