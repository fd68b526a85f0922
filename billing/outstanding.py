"""Claims and receivables: written down with the capture, closed by staff or by the CPO's correction (rules 32, 33)."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import timezone

from billing.books.claims import post_outstanding
from billing.models import OutstandingAmount, PaymentAuthorization
from ocpi.models import Cdr

Kind, State = OutstandingAmount.Kind, OutstandingAmount.State
CORRECTED = "The CPO took the CDR back or corrected it."


class AlreadyClosed(Exception):
    """It was settled, written off or withdrawn before; the text says so."""


def keep(authorization: PaymentAuthorization, cdr: Cdr, amounts: Mapping[str, int]) -> bool:
    """Have exactly these amounts outstanding for the CDR that is billed, and no other of this payment open.

    Return whether there is, or ever was, any of this payment.

    The caller holds the session's lock; doing it again changes nothing. What staff closed stays closed, unless the
    amount is another now.
    """
    mine = OutstandingAmount.objects.filter(authorization=authorization)
    rows = list(mine)
    known = {row.kind: row for row in rows if row.cdr_id == cdr.pk}
    wanted = {kind: amount for kind, amount in amounts.items() if amount > 0}
    gone = [row.pk for row in rows if row.cdr_id != cdr.pk or row.kind not in wanted]
    if gone:
        _withdraw([row for row in rows if row.pk in gone and row.state == State.OPEN])
    for kind, amount in wanted.items():
        row = known.get(kind)
        if row is None or row.amount != amount:
            _open(authorization, cdr, kind, amount)
    return bool(rows or wanted)


def withdraw(authorization: PaymentAuthorization) -> None:
    """Nothing is outstanding of this payment any more: the CPO took back what it asked. The caller holds the session's
    lock; doing it again changes nothing."""
    _withdraw(list(OutstandingAmount.objects.filter(authorization=authorization, state=State.OPEN)))


def _withdraw(rows: Sequence[OutstandingAmount]) -> None:
    for row in rows:
        row.state, row.closed_at, row.note = State.WITHDRAWN, timezone.now(), CORRECTED
        row.save(update_fields=["state", "closed_at", "note"])
        post_outstanding(row)


def _open(authorization: PaymentAuthorization, cdr: Cdr, kind: str, amount: int) -> None:
    row, _created = OutstandingAmount.objects.update_or_create(
        authorization=authorization,
        cdr=cdr,
        kind=kind,
        defaults={
            "partner_id": cdr.partner_id,
            "amount": amount,
            "currency": authorization.currency,
            "state": State.OPEN,
            "created_at": timezone.now(),
            "closed_at": None,
            "closed_by": "",
            "note": "",
        },
    )
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
