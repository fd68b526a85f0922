"""`rotate_keys`: everything encrypted, written anew with the first of `FIELD_ENCRYPTION_KEYS`."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from partners.ground import secrets
from partners.keys.columns import Column, columns
from partners.keys.rotating import UNREADABLE, TooEarly, check_may_go, count_all, give_up, rotate


class Command(BaseCommand):
    help = (
        "Write everything encrypted anew with the first of FIELD_ENCRYPTION_KEYS, and count the rows of each key. Safe"
        " while all is running, and after it was interrupted. Exit code 1 while a key is needed that is not the first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--count", action="store_true", help="Only count.")
        only.add_argument(
            "--give-up", action="store_true", help="Empty what no configured key reads: its key is lost for good."
        )
        only.add_argument("--may-go", metavar="KEY", help="Whether this key may be taken away: exit code 1 if not.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["may_go"]:
            self.ask(options["may_go"])
            return
        for column in () if options["count"] else columns:
            if options["give_up"]:
                self.stdout.write(f"{column.words}: {give_up(column)} given up.")
            else:
                self.stdout.write(f"{column.words}: {rotate(column)} written anew.")
        self.tell(count_all())

    def ask(self, name: str) -> None:
        if name not in secrets.key_names():
            raise CommandError(f"No key is called {name}. Configured: {', '.join(secrets.key_names())}.")
        try:
            check_may_go(name)
        except TooEarly as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{name} may be taken away: no row needs it.")

    def tell(self, counted: dict[Column, Counter[str]]) -> None:
        """A line for each key and column with the rows that need it, and what that means."""
        first, *others = secrets.key_names()
        for name in (first, *others, UNREADABLE):
            rows = {column.words: keys[name] for column, keys in counted.items() if keys[name]}
            note = " (writes)" if name == first else ""
            words = ", ".join(f"{number} {what}" for what, number in rows.items()) or "no row"
            if rows or name != UNREADABLE:
                self.stdout.write(f"{name or 'no configured key':17}{note:9} {words}")
        left = {name for keys in counted.values() for name in keys} - {first}
        if left:
            raise CommandError("Keep every key: rows need another than the first. See the lines above.")
        if others:
            self.stdout.write(f"May be taken away: {', '.join(others)}.")
