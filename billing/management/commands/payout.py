"""Import a payout of a gateway: `payout FILE --gateway stripe`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.gateways import gateway_names
from billing.payouts.importing import NotReadable, take


class Command(BaseCommand):
    help = "Import a gateway's list of a payout (CSV), match it with our payments, and post it. Twice is once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="The CSV file; docs/finance.md says which columns.")
        parser.add_argument("--gateway", required=True, choices=gateway_names(), help="Whose payout it is.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open(encoding="utf-8-sig", newline="") as lines:
                taken = take(options["gateway"], lines, by="Command line")
        except (OSError, UnicodeDecodeError, NotReadable) as error:
            raise CommandError(f"{options['file']}: {error}") from error
        self.stdout.write(
            f"{taken.payouts} payouts with {taken.lines} lines were taken, {taken.known} were known. "
            f"{taken.unmatched} lines do not agree."
        )
