"""Posting: a fact with its key becomes a transaction with its entries, once, however often it is told."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum

from billing.models import Account, LedgerEntry, LedgerTransaction


@dataclass(frozen=True, slots=True)
class Place:
    """Where an amount stands: an account, and for VAT the country and the rate in percent."""

    account: str
    country: str = ""
    rate: Decimal | None = None


Amounts = Mapping[Place, int]


@dataclass(frozen=True)
class Posting:
    """A fact to be posted. `amounts` in minor units of `currency`, together zero; `about` are columns of the row."""

    key: str
    kind: str
    at: datetime
    currency: str
    amounts: Amounts
    text: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if sum(self.amounts.values()):
            raise ValueError(f"{self.key} does not come to zero: {dict(self.amounts)}")


def double(debit: str, credit: str, amount: int) -> Amounts:
    """`amount` from one account to another; below zero it goes back."""
    return {Place(debit): amount, Place(credit): -amount}


def post(postings: Iterable[Posting]) -> int:
    """Post what is not posted yet; return how many were new.

    Two who post the same at once: the second gets an IntegrityError, and what it did is undone.
    """
    wanted = {one.key: one for one in postings if any(one.amounts.values())}
    with transaction.atomic():
        known = set(LedgerTransaction.objects.filter(key__in=wanted).values_list("key", flat=True))
        return post_new(one for key, one in wanted.items() if key not in known)


def post_new(postings: Iterable[Posting]) -> int:
    """Post what the caller's own lock says is in nobody's books yet, inside its transaction; return how many."""
    new = [one for one in postings if any(one.amounts.values())]
    rows = LedgerTransaction.objects.bulk_create([_row(one) for one in new])
    entries = (entry for row, one in zip(rows, new, strict=True) for entry in _entries(row, one))
    LedgerEntry.objects.bulk_create(entries)
    return len(new)


def bring_to(wanted: Amounts, *, subject: str, row: Any, kind: str, at: datetime, currency: str, **more: Any) -> bool:
    """Post what is missing between what the books have of a row and what they are to have; return whether anything was.

    `subject`: the column of a transaction that names the row. For rows that change: the caller has it locked, or what
    it belongs to, and each change is one more transaction.
    """
    mine = LedgerEntry.objects.filter(**{f"transaction__{subject}": row}).order_by()
    posted: set[int] = set()
    missing = Counter(wanted)
    for entry in mine:
        posted.add(entry.transaction_id)
        if entry.currency == currency:
            missing[Place(entry.account, entry.country, entry.rate)] -= entry.amount
    if not any(missing.values()):
        return False
    about = {subject: row, **more}
    post_new([Posting(f"{subject}:{row.pk}:{len(posted) + 1}", kind, at, currency, missing, about=about)])
    return True


def amounts_of(entries: Any, currency: str) -> dict[Place, int]:
    """What entries of one currency come to, by place; what is even again is left out."""
    sums = entries.filter(currency=currency).order_by().values_list("account", "country", "rate")
    found = {Place(account, country, rate): total for account, country, rate, total in sums.annotate(Sum("amount"))}
    return {place: total for place, total in found.items() if total}


def _row(one: Posting) -> LedgerTransaction:
    return LedgerTransaction(key=one.key, kind=one.kind, at=one.at, text=one.text[:200], **one.about)


def _entries(row: LedgerTransaction, one: Posting) -> list[LedgerEntry]:
    return [
        LedgerEntry(
            transaction=row,
            account=Account(place.account),
            country=place.country,
            rate=place.rate,
            amount=amount,
            currency=one.currency,
        )
        for place, amount in one.amounts.items()
        if amount
    ]
