"""Receipts against themselves and the books: numbers without a gap, sums, postings."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Max

from billing.books.posting import amounts_of
from billing.models import LedgerEntry, Receipt, ReceiptSeries
from billing.pricing import in_words
from billing.receipts.issuing import amounts_of_sale, key_of


def receipts_told_otherwise(since: datetime | None) -> Iterator[str]:
    """Gaps in the numbers, and receipts of which the books say something else."""
    yield from _gaps()
    rows = Receipt.objects.order_by("issued_at")
    for receipt in (rows.filter(issued_at__gte=since) if since else rows).iterator(chunk_size=500):
        yield from _differences(receipt)


def _gaps() -> Iterator[str]:
    there = Receipt.objects.order_by().values_list("series", "year").annotate(Count("pk"), Max("sequence"))
    found = {(series, year): (count, newest) for series, year, count, newest in there}
    for row in ReceiptSeries.objects.order_by("series", "year"):
        count, newest = found.pop((row.series, row.year), (0, 0))
        if not count == newest == row.last:
            yield f"Series {row}: {count} documents, the newest number is {newest}, {row.last} were given."
    for series, year in found:
        yield f"Series {series}-{year} has documents and no counter."


def _differences(receipt: Receipt) -> Iterator[str]:
    lines = sum(line["gross"] for line in receipt.contents["lines"])
    if lines != receipt.total:
        words = [in_words(amount, receipt.currency) for amount in (receipt.total, lines)]
        yield f"{receipt.number}: its total is {words[0]}, its lines come to {words[1]}."
    booked = amounts_of(LedgerEntry.objects.filter(transaction__key=key_of(receipt)), receipt.currency)
    due = {place: amount for place, amount in amounts_of_sale(receipt).items() if amount}
    for place in sorted(booked.keys() | due.keys(), key=str):
        have, say = due.get(place, 0), booked.get(place, 0)
        if have != say:
            told = f"{in_words(have, receipt.currency)} in {place.account}, the books say"
            yield f"{receipt.number}: {told} {in_words(say, receipt.currency)}."
