"""Every transaction comes to zero, and so do all accounts together."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Sum

from billing.models import Account, LedgerEntry
from billing.pricing import in_words


def transactions_off_balance(since: datetime | None) -> Iterator[str]:
    """What PostgreSQL refuses, and SQLite or a hand in the database may have left."""
    entries = LedgerEntry.objects.filter(transaction__at__gte=since) if since else LedgerEntry.objects.all()
    sums = entries.order_by().values_list("transaction__key", "transaction_id", "currency").annotate(Sum("amount"))
    for key, pk, currency, total in sums.exclude(amount__sum=0):
        yield f"Ledger transaction {pk} ({key}) does not come to zero: {in_words(total, currency)} too much."


def balances() -> list[tuple[str, str, int]]:
    """(account, currency, minor units) of each account that has anything, in the accounts' order."""
    sums = LedgerEntry.objects.order_by().values_list("account", "currency").annotate(Sum("amount"))
    order = list(Account)
    return sorted(sums, key=lambda one: (order.index(Account(one[0])), one[1]))
