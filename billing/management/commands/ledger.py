"""The books from the command line: `ledger verify`, `ledger balances`, `ledger post`."""

from argparse import ArgumentParser
from datetime import UTC, date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.books.payments import post_due
from billing.books.verifying import verify
from billing.books.verifying.balance import balances
from billing.models import Account, UnpostedPayment
from billing.pricing import in_words


def day(text: str) -> datetime:
    """A day or a moment of ISO 8601; what names no zone is UTC."""
    moment = datetime.combine(date.fromisoformat(text), datetime.min.time()) if len(text) == 10 else None
    found = moment or datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = "Compare the books with payments, gateways, claims, receipts and CDRs; exit code 1 where they differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        check = verbs.add_parser("verify", help="Compare, and name every row that does not agree.")
        check.add_argument("--since", type=day, help="Only what was opened since, for example 2026-11-01.")
        verbs.add_parser("balances", help="What each account stands at.")
        verbs.add_parser("post", help="Post now what is due; the worker does it every two seconds.")

    def handle(self, *args: Any, **options: Any) -> None:
        {"verify": self.verify, "balances": self.balances, "post": self.post}[options["verb"]](options)

    def verify(self, options: dict[str, Any]) -> None:
        wrong = 0
        for title, findings in verify(options["since"]):
            self.stdout.write(f"{'ok' if not findings else len(findings):>5}  {title}")
            for finding in findings:
                self.stdout.write(f"       {finding}")
            wrong += len(findings)
        if waiting := UnpostedPayment.objects.count():
            self.stdout.write(f"       {waiting} steps of payments wait to be posted: those payments were left out.")
        if wrong:
            raise CommandError(f"{wrong} {'thing does' if wrong == 1 else 'things do'} not agree.")
        self.stdout.write("The books agree.")

    def balances(self, _options: dict[str, Any]) -> None:
        for account, currency, amount in balances():
            self.stdout.write(f"{Account(account).label:44} {in_words(amount, currency):>20}")

    def post(self, _options: dict[str, Any]) -> None:
        self.stdout.write(f"{post_due()} payments were looked at.")
