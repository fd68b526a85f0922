"""The books against claims and receivables."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Sum

from billing.books.claims import amounts_wanted
from billing.books.posting import amounts_of
from billing.models import LedgerEntry, OutstandingAmount, PaymentAuthorization
from billing.pricing import in_words


def outstanding_told_otherwise(since: datetime | None) -> Iterator[str]:
    """A claim or receivable of which the books say something else than its row."""
    rows = OutstandingAmount.objects.order_by("pk")
    for row in (rows.filter(created_at__gte=since) if since else rows).iterator(chunk_size=500):
        booked = amounts_of(LedgerEntry.objects.filter(transaction__outstanding=row), row.currency)
        wanted = {place: amount for place, amount in amounts_wanted(row).items() if amount}
        for place in sorted(booked.keys() | wanted.keys(), key=str):
            have, say = wanted.get(place, 0), booked.get(place, 0)
            if have != say:
                told = f"{in_words(have, row.currency)} in {place.account}, the books say {in_words(say, row.currency)}"
                yield f"{row.get_kind_display()} {row.pk} ({row.get_state_display().lower()}): {told}."
        yield from _against_payments(row)


def _against_payments(row: OutstandingAmount) -> Iterator[str]:
    """What the driver has paid of it is in payments; what of those was given back may be less, and no more."""
    if not row.collected:
        return
    paid = PaymentAuthorization.objects.filter(collects=row).aggregate(Sum("captured_amount"))["captured_amount__sum"]
    if (paid or 0) < row.collected:
        words = [in_words(amount, row.currency) for amount in (row.collected, paid or 0)]
        yield (
            f"{row.get_kind_display()} {row.pk} ({row.get_state_display().lower()}): {words[0]} paid,"
            f" payments {words[1]}."
        )
