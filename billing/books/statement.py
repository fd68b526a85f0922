"""A partner's month on paper and as CSV: the totals, then every transaction."""

import csv
from collections.abc import Iterator
from typing import Any

from billing.books.months import Figures, Month, figures_of, lines_of
from billing.models import Account
from billing.pricing import from_minor, in_words
from partners.models import Partner
from partners.paper.begin import begin
from partners.paper.written import Written

COLUMNS = (Account.PAYABLE, Account.COST, Account.INPUT_VAT, Account.REVENUE, Account.VAT, Account.CLAIMS)
RISKY = ("=", "+", "-", "@", "\t", "\r")


class Echo:
    """A file that hands back what is written into it, for a stream."""

    def write(self, text: str) -> str:
        return text


def csv_of(month: Month, partner: Partner) -> Iterator[str]:
    """The lines of a CSV file, one after the other: amounts decimal, a debit above zero, a credit below."""
    writer = csv.writer(Echo())
    head = ["at", "kind", "about", "currency", *(account.value for account in COLUMNS)]
    yield writer.writerow(head)
    for line in lines_of(month, partner):
        currency, amounts = line["currency"], line["amounts"]
        sums = [str(from_minor(amounts.get(account, 0), currency)) for account in COLUMNS]
        yield writer.writerow([line["at"].isoformat(), line["kind"], _harmless(line["about"]), currency, *sums])


def _harmless(text: str) -> str:
    """What a CPO named cannot be a formula in anybody's spreadsheet."""
    return f"'{text}" if text.startswith(RISKY) else text


def write_statement(month: Month, partner: Partner) -> Written:
    """The same as PDF, the totals first."""
    sheet = begin(f"Statement {month}", f"{partner.name} ({partner.country_code}*{partner.party_id})")
    found = figures_of(month, partner)
    if not found:
        sheet.text("Nothing was posted for this partner in this month.")
    for one in found:
        sheet.heading(one.currency)
        sheet.facts(rows_of(one))
    sheet.heading("Every transaction")
    rows = [_row(line) for line in lines_of(month, partner)]
    sheet.table(("When", "What", "Payable", "Sales", "VAT"), rows, (20, 38, 14, 14, 14), tight=True)
    return sheet.finish(f"statement-{partner.code}-{month}.pdf")


def rows_of(one: Figures) -> list[tuple[str, str]]:
    """Names and amounts of a month's figures."""
    words = {
        "Their CDRs, with VAT": one.payable,
        "Their CDRs, without VAT": one.cost,
        "Paid by drivers, with VAT": one.gross,
        "Paid by drivers, without VAT": one.sales,
        "Margin": one.margin,
        "Claims": one.claims,
        "Receivables": one.receivables,
    }
    return [(name, in_words(amount, one.currency)) for name, amount in words.items()]


def _row(line: dict[str, Any]) -> list[Any]:
    amounts, currency = line["amounts"], line["currency"]
    sums = [-amounts.get(account, 0) for account in (Account.PAYABLE, Account.REVENUE, Account.VAT)]
    words = [in_words(amount, currency) if amount else "" for amount in sums]
    return [f"{line['at']:%Y-%m-%d %H:%M}", f"{line['kind']} {line['about']}", *words]
