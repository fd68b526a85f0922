"""Claims and receivables in the books: posted in the transaction that opens or closes one."""

from django.utils import timezone

from billing.books.posting import Amounts, bring_to, double
from billing.models import Account, LedgerTransaction, OutstandingAmount

State, Kind = OutstandingAmount.State, OutstandingAmount.Kind

ACCOUNTS: dict[tuple[str, str], tuple[str, str]] = {
    (Kind.CLAIM, State.OPEN): (Account.CLAIMS, Account.COST),
    (Kind.CLAIM, State.SETTLED): (Account.PAYABLE, Account.COST),
    (Kind.RECEIVABLE, State.OPEN): (Account.RECEIVABLES, Account.DEFERRED),
    (Kind.RECEIVABLE, State.SETTLED): (Account.ELSEWHERE, Account.DEFERRED),
}
"""(kind, state) -> debited, credited. What was written off or withdrawn stands nowhere, and what the driver has paid is
in the books as the payment that it was paid with."""


def post_outstanding(row: OutstandingAmount) -> None:
    """Have the books say what the row says. The caller holds the lock of its session."""
    bring_to(
        amounts_wanted(row),
        subject="outstanding",
        row=row,
        kind=LedgerTransaction.Kind.OUTSTANDING,
        at=timezone.now(),
        currency=row.currency,
        partner_id=row.partner_id,
        authorization_id=row.authorization_id,
    )


def amounts_wanted(row: OutstandingAmount) -> Amounts:
    pair = ACCOUNTS.get((row.kind, row.state))
    return double(*pair, row.amount - row.collected) if pair and row.amount > row.collected else {}
