"""All that is compared, in order."""

from collections.abc import Callable, Iterator
from datetime import datetime

from billing.books.verifying.balance import transactions_off_balance
from billing.books.verifying.gateways import gateways_told_otherwise
from billing.books.verifying.outstanding import outstanding_told_otherwise
from billing.books.verifying.payments import payments_told_otherwise

Check = Callable[[datetime | None], Iterator[str]]
CHECKS: list[tuple[str, Check]] = [
    ("transactions come to zero", transactions_off_balance),
    ("payments and their history", payments_told_otherwise),
    ("gateways' own lists", gateways_told_otherwise),
    ("claims and receivables", outstanding_told_otherwise),
]
"""What is compared -> how. Higher apps add what they know of, in `AppConfig.ready()`."""


def verify(since: datetime | None = None) -> Iterator[tuple[str, list[str]]]:
    """Each comparison with what does not agree; of payments, claims and facts since then, or of all."""
    for title, check in CHECKS:
        yield title, list(check(since))
