"""Payouts against their lines and the books."""

from collections.abc import Iterator
from datetime import datetime

from billing.books.posting import amounts_of
from billing.models import LedgerEntry, Payout
from billing.payouts.importing import posting_of
from billing.pricing import in_words


def payouts_told_otherwise(since: datetime | None) -> Iterator[str]:
    """A payout whose lines come to something else, or of which the books say something else."""
    rows = Payout.objects.order_by("pk")
    for payout in (rows.filter(imported_at__gte=since) if since else rows).iterator():
        lines = list(payout.lines.all())
        come_to = sum(line.gross - line.fee for line in lines)
        if come_to != payout.amount:
            words = [in_words(amount, payout.currency) for amount in (payout.amount, come_to)]
            yield f"Payout {payout}: {words[0]}, its lines come to {words[1]}."
        wanted = {place: amount for place, amount in posting_of(payout, lines).amounts.items() if amount}
        if amounts_of(LedgerEntry.objects.filter(transaction__payout=payout), payout.currency) != wanted:
            yield f"Payout {payout}: the books say something else."
