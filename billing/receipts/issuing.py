"""Issuing: the number is taken in the very transaction that writes the receipt and its posting, so none is lost.

Whoever issues holds the number's row until the commit; all others of that series wait for it. A worker that dies gives
the number back with its transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from billing.books.posting import Amounts, Place, Posting, post_new
from billing.models import Account, LedgerTransaction, Receipt, Restore
from billing.receipts.lines import Line, VatLine, vat_of

Kind = Receipt.Kind
CREDIT_SERIES = "C"
NEXT_NUMBER = (
    "INSERT INTO billing_receiptseries AS series (series, year, last) VALUES (%s, %s, 1)"
    " ON CONFLICT (series, year) DO UPDATE SET last = series.last + 1 RETURNING last"
)


@dataclass(frozen=True)
class Draft:
    """A receipt before it has a number, or a credit note, where it `corrects` one.

    `reference`: what was paid for. `country`: of the charger, alpha-2. `facts`: what stands on it besides.
    `given_back`: how much of the refunds that no document has taken in so far it takes in, in minor units.
    """

    reference: str
    partner_id: int
    country: str
    currency: str
    lines: Sequence[Line]
    facts: Mapping[str, Any] = field(default_factory=dict)
    given_back: int = 0
    corrects: Receipt | None = None


def issue(draft: Draft) -> Receipt:
    """Issue it, inside the caller's transaction or one of its own. The caller holds the lock of what was paid for."""
    now = timezone.now()
    kind = Kind.CREDIT_NOTE if draft.corrects else Kind.RECEIPT
    with transaction.atomic(savepoint=False):
        ordinal = Receipt.objects.filter(reference=draft.reference).count() + 1
        year = timezone.localtime(now).year
        series = series_for(draft.country, kind) + suffix_in(year)
        sequence = _next_number(series, year)
        number, vat = f"{series}-{year}-{sequence:06d}", vat_of(draft.lines)
        receipt = Receipt.objects.create(
            kind=kind,
            series=series,
            year=year,
            sequence=sequence,
            number=number,
            corrects=draft.corrects,
            reference=draft.reference,
            ordinal=ordinal,
            partner_id=draft.partner_id,
            country=draft.country,
            total=sum(line.gross for line in draft.lines),
            given_back=draft.given_back,
            currency=draft.currency,
            issued_at=now,
            contents=_contents(draft, number, kind, now, vat),
        )
        post_new([posting_of(receipt)])
    return receipt


def series_for(country: str, kind: str) -> str:
    """The series of a country, as `RECEIPT_SERIES` has it; credit notes have one of their own beside it."""
    named: dict[str, str] = {
        place: name for place, _, name in (one.strip().rpartition("=") for one in settings.RECEIPT_SERIES)
    }
    return named.get(country, named[""]) + (CREDIT_SERIES if kind == Kind.CREDIT_NOTE else "")


def suffix_in(year: int) -> str:
    """What a series of this year has behind its name: "", or the month, day, hour and minute of the newest restore.

    Of numbers that were given before a restore, and forgotten by it, nobody knows the last one. So none of that series
    is given again, not even by a later restore to the same moment.
    """
    ends = datetime(year + 1, 1, 1, tzinfo=timezone.get_current_timezone())
    begins = ends.replace(year=year)
    forgetting = Restore.objects.filter(since__lt=ends, at__gte=begins).order_by("-at").first()
    return f"R{forgetting.at:%m%d%H%M}" if forgetting else ""


def _next_number(series: str, year: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER, [series, year])
        number: int = cursor.fetchone()[0]
    return number


def _contents(draft: Draft, number: str, kind: str, now: datetime, vat: Sequence[VatLine]) -> dict[str, Any]:
    return {
        **draft.facts,
        "number": number,
        "kind": kind,
        "corrects": draft.corrects.number if draft.corrects else "",
        "issued_at": timezone.localtime(now).isoformat(timespec="seconds"),
        "seller": [line.strip() for line in settings.RECEIPT_SELLER],
        "currency": draft.currency,
        "country": draft.country,
        "lines": [line.as_json() for line in draft.lines],
        "vat": [asdict(one) for one in vat],
        "total": sum(line.gross for line in draft.lines),
    }


def lines_on(receipt: Receipt) -> list[Line]:
    """The lines that stand on a receipt."""
    return [Line(**line) for line in receipt.contents["lines"]]


def posting_of(receipt: Receipt) -> Posting:
    """What a receipt does to the books."""
    return Posting(
        key_of(receipt),
        LedgerTransaction.Kind.RECEIPT,
        receipt.issued_at,
        receipt.currency,
        amounts_of_sale(receipt),
        text=receipt.number,
        about={"partner_id": receipt.partner_id},
    )


def key_of(receipt: Receipt) -> str:
    return f"receipt:{receipt.number}"


def amounts_of_sale(receipt: Receipt) -> Amounts:
    """Drivers' payments become revenue and VAT. A credit note takes in refunds."""
    amounts = {
        Place(Account.DRIVERS): receipt.total + receipt.given_back,
        Place(Account.REFUNDS): -receipt.given_back,
        Place(Account.REVENUE): 0,
    }
    for one in receipt.contents["vat"]:
        amounts[Place(Account.REVENUE)] -= one["gross"] if one["net"] is None else one["net"]
        if one["vat"]:
            amounts[Place(Account.VAT, receipt.country, Decimal(one["rate"]).quantize(Decimal("0.01")))] = -one["vat"]
    return amounts
