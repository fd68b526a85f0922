"""Importing a payout: a CSV file of the gateway's, a line for each charge, refund, dispute or fee.

Columns are found by name, as Stripe's itemised payout reconciliation has them or as here: `payout` (or
`automatic_payout_id`), `id` (`balance_transaction_id`), `kind` (`reporting_category`), `payment` (`payment_intent_id`),
`gross`, `fee`, `currency`. Amounts are decimal, in the currency's major unit. A payout that is known is passed over.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.utils import timezone

from billing.books.posting import Place, Posting, post
from billing.models import Account, LedgerTransaction, PaymentAuthorization, Payout, PayoutLine
from billing.pricing import to_minor

Kind, Match = PayoutLine.Kind, PayoutLine.Match
NAMES: Mapping[str, tuple[str, ...]] = {
    "payout": ("payout", "automatic_payout_id", "payout_id"),
    "id": ("id", "balance_transaction_id"),
    "kind": ("kind", "reporting_category", "type"),
    "payment": ("payment", "payment_intent_id"),
    "gross": ("gross",),
    "fee": ("fee",),
    "currency": ("currency",),
}
OPTIONAL = frozenset({"payment", "fee"})
KINDS = {"charge": Kind.CHARGE, "payment": Kind.CHARGE, "refund": Kind.REFUND, "dispute": Kind.DISPUTE}
MOST_LINES = 200_000


class NotReadable(Exception):
    """The file cannot be taken; the text says where and why. Nothing of it was."""


@dataclass(frozen=True)
class Row:
    """A line as it was read. Amounts in minor units."""

    payout: str
    reference: str
    kind: str
    about: str
    gross: int
    fee: int
    currency: str


@dataclass(frozen=True)
class Taken:
    """What came of a file."""

    payouts: int
    lines: int
    known: int
    unmatched: int


def take(gateway: str, lines: Iterable[str], by: str = "") -> Taken:
    """Import a file of a gateway, all of it or nothing.

    Raises:
        NotReadable
    """
    of_payout = defaultdict[tuple[str, str], list[Row]](list)
    names = set[str]()
    for row in read(lines):
        if row.reference in names:
            raise NotReadable(f"{row.reference} is there twice: each line has a name of its own.")
        names.add(row.reference)
        of_payout[row.payout, row.currency].append(row)
    known = new = count = unmatched = 0
    with transaction.atomic():
        for (reference, currency), rows in of_payout.items():
            payout, made = Payout.objects.get_or_create(
                gateway=gateway,
                reference=reference,
                defaults={
                    "amount": sum(row.gross - row.fee for row in rows),
                    "currency": currency,
                    "imported_at": timezone.now(),
                    "imported_by": by[:150],
                },
            )
            if not made:
                known += 1
                continue
            matched = match(gateway, [_line(payout, row) for row in rows])
            PayoutLine.objects.bulk_create(matched)
            post([posting_of(payout, matched)])
            new, count = new + 1, count + len(rows)
            unmatched += sum(line.match in (Match.UNMATCHED, Match.DIFFERS) for line in matched)
    return Taken(new, count, known, unmatched)


def read(lines: Iterable[str]) -> Iterable[Row]:
    """The lines of a file. Raises NotReadable."""
    reader = csv.DictReader(lines)
    columns = _columns(reader.fieldnames or [])
    try:
        for number, line in enumerate(reader, 2):
            if number > MOST_LINES:
                raise NotReadable(f"More than {MOST_LINES} lines: take it in parts.")
            yield _read(number, {name: (line[column] or "").strip() for name, column in columns.items()})
    except csv.Error as error:
        raise NotReadable(f"This is no CSV: {error}.") from error


def _columns(header: Iterable[str]) -> dict[str, str]:
    there = {name.strip().lower(): name for name in header}
    found = {name: there[other] for name, others in NAMES.items() for other in reversed(others) if other in there}
    missing = [name for name in NAMES if name not in found and name not in OPTIONAL]
    if missing:
        raise NotReadable(f"There is no column {', '.join(missing)}.")
    return found


def _read(number: int, line: Mapping[str, str]) -> Row:
    currency = line["currency"].upper()
    try:
        gross, fee = (to_minor(Decimal(line.get(name) or "0"), currency) for name in ("gross", "fee"))
    except (InvalidOperation, ValueError) as error:
        raise NotReadable(f"Line {number}: the amounts or the currency cannot be read.") from error
    if not line["payout"] or not line["id"]:
        raise NotReadable(f"Line {number}: it names no payout, or has no name of its own.")
    kind = KINDS.get(line["kind"].lower(), Kind.OTHER)
    return Row(line["payout"], line["id"], kind, line.get("payment", ""), gross, fee, currency)


def _line(payout: Payout, row: Row) -> PayoutLine:
    return PayoutLine(
        payout=payout,
        reference=row.reference,
        kind=row.kind,
        about=row.about,
        gross=row.gross,
        fee=row.fee,
        currency=row.currency,
    )


def match(gateway: str, lines: list[PayoutLine]) -> list[PayoutLine]:
    """Find the payment of each line by the gateway's reference, and see whether the sums agree."""
    named = {line.about for line in lines if line.about}
    found = PaymentAuthorization.objects.filter(gateway=gateway, gateway_reference__in=named).order_by("created_at")
    ours = {row.gateway_reference: row for row in found}
    for line in lines:
        line.authorization = ours.get(line.about)
        line.match = _matched(line)
    return lines


def _matched(line: PayoutLine) -> str:
    if line.kind == Kind.OTHER and not line.about:
        return Match.NONE
    payment = line.authorization
    if payment is None:
        return Match.UNMATCHED
    if line.currency != payment.currency:
        return Match.DIFFERS
    most = {Kind.CHARGE: payment.captured_amount, Kind.REFUND: payment.refunded_amount}.get(Kind(line.kind))
    if line.kind == Kind.CHARGE and line.gross != most:
        return Match.DIFFERS
    if line.kind == Kind.REFUND and most is not None and -line.gross > most:
        return Match.DIFFERS
    return Match.MATCHED


def posting_of(payout: Payout, lines: Iterable[PayoutLine]) -> Posting:
    """The gateway paid out what it had of ours, and kept its fees."""
    rows = list(lines)
    fees = sum(line.fee for line in rows)
    return Posting(
        f"payout:{payout.pk}",
        LedgerTransaction.Kind.PAYOUT,
        payout.imported_at,
        payout.currency,
        {Place(Account.BANK): payout.amount, Place(Account.FEES): fees, Place(Account.GATEWAY): -payout.amount - fees},
        text=payout.reference,
        about={"payout_id": payout.pk},
    )


def match_again(payout: Payout) -> int:
    """Look once more for what found no payment; return how many lines still do not agree."""
    open_ = [Match.UNMATCHED, Match.DIFFERS]
    with transaction.atomic():
        lines = match(payout.gateway, list(payout.lines.select_for_update().filter(match__in=open_)))
        PayoutLine.objects.bulk_update(lines, ["authorization", "match"])
    return sum(line.match in open_ for line in lines)
