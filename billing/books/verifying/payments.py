"""The books against the payments: what each says of every authorization."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Sum

from billing.books.payments import postings_of
from billing.books.verifying.biting import bites
from billing.models import Account, LedgerEntry, LedgerTransaction, PaymentAuthorization, UnpostedPayment
from billing.payments.history import standing_of
from billing.pricing import in_words

Kind = LedgerTransaction.Kind
BITE = 500
OF_PAYMENTS = (Kind.HOLD, Kind.CAPTURE, Kind.REFUND, Kind.DISPUTE)
WORDS = {
    "held_after": (Account.HOLDS, "held"),
    "captured_after": (Account.DRIVERS, "captured"),
    "refunded_after": (Account.REFUNDS, "given back"),
    "disputed_after": (Account.DISPUTED, "in dispute"),
    "lost_after": (Account.DISPUTE_LOSSES, "lost in disputes"),
}


def payments_since(since: datetime | None) -> Iterator[list[PaymentAuthorization]]:
    """The payments that were opened since then, in bites."""
    rows = PaymentAuthorization.objects.order_by("created_at", "pk")
    yield from bites((rows.filter(created_at__gte=since) if since else rows).iterator(chunk_size=BITE), BITE)


def payments_told_otherwise(since: datetime | None) -> Iterator[str]:
    """A payment of which the books say something else than its own row, or than its history."""
    for bite in payments_since(since):
        if list(_against_all(bite)):
            # Looked at again: one that moved in between is told by nobody.
            yield from _against_all(list(PaymentAuthorization.objects.filter(pk__in=[row.pk for row in bite])))


def _against_all(bite: Sequence[PaymentAuthorization]) -> Iterator[str]:
    waiting = set(UnpostedPayment.objects.filter(authorization__in=bite).values_list("authorization_id", flat=True))
    posted = [row for row in bite if row.pk not in waiting]
    yield from _against_rows(posted)
    yield from _against_history([row.pk for row in posted])


def _against_rows(rows: Sequence[PaymentAuthorization]) -> Iterator[str]:
    sums = _sums_of([row.pk for row in rows])
    for row in rows:
        for column, stands in standing_of(row).items():
            account, word = WORDS[column]
            sign = -1 if account == Account.DRIVERS else 1
            booked = sign * sums[row.pk, account]
            if booked != stands:
                have, say = in_words(stands, row.currency), in_words(booked, row.currency)
                yield f"Payment {row.pk} ({row.reference}): {have} {word}, the books say {say}."


def _sums_of(payments: Sequence[UUID]) -> defaultdict[tuple[UUID, str], int]:
    entries = LedgerEntry.objects.filter(
        transaction__authorization__in=list(payments), transaction__kind__in=OF_PAYMENTS
    )
    sums = entries.order_by().values_list("transaction__authorization_id", "account").annotate(Sum("amount"))
    return defaultdict(int, {(payment, account): total for payment, account, total in sums})


def _against_history(payments: Sequence[UUID]) -> Iterator[str]:
    """Each entry is what the history makes of it."""
    wanted = {
        (one.key, place.account): (amount, one.currency)
        for one in postings_of(payments)
        for place, amount in one.amounts.items()
    }
    entries = LedgerEntry.objects.filter(
        transaction__authorization__in=list(payments), transaction__kind__in=OF_PAYMENTS
    ).select_related("transaction")
    for entry in entries:
        amount, currency = wanted.pop((entry.transaction.key, entry.account), (0, entry.currency))
        if (amount, currency) != (entry.amount, entry.currency):
            which = f"Ledger entry {entry.pk} of {entry.transaction.key} ({entry.account})"
            say, told = in_words(entry.amount, entry.currency), in_words(amount, currency)
            yield f"{which} is {say}, the history says {told}."
    for (key, account), (amount, currency) in wanted.items():
        yield f"{key} ({account}, {in_words(amount, currency)}) is in the history and not in the books."
