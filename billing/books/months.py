"""A month of the books, partner by partner: what their CDRs ask, what drivers paid, what is left, what is contested."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils import timezone

from billing.models import Account, LedgerEntry, LedgerTransaction, PaymentAuthorization
from partners.models import Partner

HELD = (PaymentAuthorization.State.RESERVED, PaymentAuthorization.State.CAPTURING)
AGES = ((1, "up to a day"), (3, "up to three days"), (6, "up to six days"), (10_000, "older: they run out at seven"))
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Figures:
    """One partner's month in one currency, in minor units. `margin`: sales less costs, both without VAT."""

    partner: Partner
    currency: str
    sales: int
    vat: int
    payable: int
    cost: int
    claims: int
    receivables: int

    @property
    def gross(self) -> int:
        return self.sales + self.vat

    @property
    def margin(self) -> int:
        return self.sales - self.cost


@dataclass(frozen=True)
class Month:
    """The month that begins at `first`, in the platform's time zone."""

    first: date

    @property
    def begins(self) -> datetime:
        return _midnight(self.first)

    @property
    def ends(self) -> datetime:
        return _midnight(self.next.first)

    @property
    def next(self) -> "Month":
        return Month(date(self.first.year + self.first.month // 12, self.first.month % 12 + 1, 1))

    @property
    def before(self) -> "Month":
        return Month(date(self.first.year - (self.first.month == 1), (self.first.month - 2) % 12 + 1, 1))

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


def month_of(text: str) -> Month:
    """The month of `2026-11`; this month for anything else."""
    try:
        return Month(date.fromisoformat(f"{text}-01"))
    except ValueError:
        return Month(timezone.localdate().replace(day=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_current_timezone())


def of_month(month: Month) -> QuerySet[LedgerTransaction]:
    return LedgerTransaction.objects.filter(at__gte=month.begins, at__lt=month.ends)


def figures_of(month: Month, partner: Partner | None = None) -> list[Figures]:
    """Every partner's, or one partner's, by name and currency. One statement over the month's entries."""
    entries = LedgerEntry.objects.filter(transaction__in=of_month(month)).exclude(transaction__partner=None)
    if partner is not None:
        entries = entries.filter(transaction__partner=partner)
    sums = defaultdict[tuple[int, str], dict[str, int]](dict)
    grouped = entries.order_by().values_list("transaction__partner_id", "currency", "account")
    for key, currency, account, total in grouped.annotate(Sum("amount")):
        sums[key, currency][account] = total
    partners = Partner.objects.in_bulk({key for key, _currency in sums})
    found = [_figures(partners[key], currency, by) for (key, currency), by in sums.items()]
    return sorted(found, key=lambda one: (one.partner.name, one.currency))


def _figures(partner: Partner, currency: str, by: dict[str, int]) -> Figures:
    return Figures(
        partner,
        currency,
        sales=-by.get(Account.REVENUE, 0),
        vat=-by.get(Account.VAT, 0),
        payable=-by.get(Account.PAYABLE, 0),
        cost=by.get(Account.COST, 0),
        claims=by.get(Account.CLAIMS, 0),
        receivables=by.get(Account.RECEIVABLES, 0),
    )


def lines_of(month: Month, partner: Partner) -> Iterator[dict[str, Any]]:
    """Every transaction of a partner's month, oldest first, with its amounts by account, read a few at a time."""
    rows = of_month(month).filter(partner=partner).select_related("cdr", "outstanding").prefetch_related("entries")
    for row in rows.order_by("at", "id").iterator(chunk_size=500):
        amounts = defaultdict[str, int](int)
        for entry in row.entries.all():
            amounts[entry.account] += entry.amount
        currency = next((entry.currency for entry in row.entries.all()), "")
        yield {"at": row.at, "kind": row.kind, "about": _about(row), "currency": currency, "amounts": dict(amounts)}


def _about(row: LedgerTransaction) -> str:
    if row.cdr is not None:
        return row.cdr.ocpi_id
    return f"{row.outstanding.kind} {row.outstanding_id}" if row.outstanding is not None else row.text


def holds_by_age(now: datetime) -> list[tuple[str, str, int, int]]:
    """(age, currency, how many, minor units) of what is held now. Few rows: holds end within days."""
    held = PaymentAuthorization.objects.filter(state__in=HELD).order_by()
    sums = defaultdict[tuple[int, str], list[int]](lambda: [0, 0])
    for since, currency, amount in held.values_list("created_at", "currency", "amount"):
        days = (now - since).total_seconds() / SECONDS_PER_DAY
        age = next(number for number, (most, _words) in enumerate(AGES) if days <= most)
        sums[age, currency][0] += 1
        sums[age, currency][1] += amount
    return [(AGES[age][1], currency, *counts) for (age, currency), counts in sorted(sums.items())]  # type: ignore[misc]
