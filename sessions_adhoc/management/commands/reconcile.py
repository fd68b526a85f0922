"""After a restore: `reconcile --since 2026-11-30T12:35:00Z`."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_adhoc.restoring.run import reconcile, undecided


def moment(text: str) -> datetime:
    """A moment of ISO 8601; what names no zone is UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = (
        "After the database was put back to an earlier moment: ask gateways and CPOs what happened since. Before web,"
        " workers and beat are started again. Exit code 1 while people must decide something."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since", type=moment, required=True, help="The moment to which the database was put back, in ISO 8601."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for line in reconcile(options["since"]):
                self.stdout.write(line)
        except ValueError as wrong:
            raise CommandError(str(wrong)) from wrong
        left = undecided(options["since"])
        for one in left:
            self.stdout.write(f"\n* {one.text}\n  {one.advice}")
        if left:
            raise CommandError(f"{len(left)} to decide: Money > After a restore, in the admin.")
        self.stdout.write("Nothing is left to decide.")
