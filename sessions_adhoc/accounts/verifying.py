"""Sessions against their documents and their CDRs, for `ledger verify`."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from billing.books.posting import amounts_of
from billing.models import LedgerEntry, Receipt
from billing.pricing import in_words
from sessions_adhoc.accounts.closing import AT_REST, sale_of
from sessions_adhoc.accounts.composing import Sale
from sessions_adhoc.accounts.payables import amounts_wanted
from sessions_adhoc.engine.snapshot import Snapshot
from sessions_adhoc.models import AccountDue, AdHocSession
from sessions_adhoc.money.paid import kept_of, payments_of
from sessions_adhoc.states import TERMINAL


def sessions_told_otherwise(since: datetime | None) -> Iterator[str]:
    """Sessions whose documents do not come to what was paid, or whose CDRs are not in the books as they are.

    Each is looked at under its lock, for a moment, so that nothing moves meanwhile.
    """
    over = AdHocSession.objects.filter(state__in=TERMINAL).order_by("created_at")
    found = over.filter(created_at__gte=since) if since else over
    for session_id in found.values_list("pk", flat=True).iterator(chunk_size=500):
        yield from _look(session_id)


def _look(session_id: UUID) -> list[str]:
    with transaction.atomic():
        rows = Snapshot.locked(session_id)
        payments = payments_of(rows.session)
        waits = AccountDue.objects.filter(session=session_id).exists()
        if waits or not all(row.state in AT_REST for row in payments):
            return []
        sale = sale_of(rows, payments)
        return [*_against_receipts(sale), *_against_cdrs(sale)]


def _against_receipts(sale: Sale) -> Iterator[str]:
    key, currency = str(sale.session.pk), sale.session.currency
    kept = kept_of(sale.payments)
    told = Receipt.objects.filter(reference=key).aggregate(Sum("total"))["total__sum"] or 0
    if told != kept:
        words = [in_words(amount, currency) for amount in (kept, told)]
        yield f"Session {key}: {words[0]} was paid, its receipts come to {words[1]}."


def _against_cdrs(sale: Sale) -> Iterator[str]:
    for cdr, wanted in amounts_wanted(sale):
        booked = amounts_of(LedgerEntry.objects.filter(transaction__cdr=cdr), cdr.currency)
        for place in sorted(booked.keys() | wanted.keys(), key=str):
            have, say = wanted.get(place, 0), booked.get(place, 0)
            if have != say:
                words = [in_words(amount, cdr.currency) for amount in (have, say)]
                yield f"CDR {cdr.ocpi_id} ({cdr.pk}): {words[0]} in {place.account}, the books say {words[1]}."
