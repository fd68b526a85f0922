"""`messages show ID`: one exchange of the message log, also of a day that was archived."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from ocpi.log import archive, partitions
from ocpi.models import Message


class Command(BaseCommand):
    help = "Show an exchange of the message log, from the database or from the archive (MESSAGE_ARCHIVE)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        show = verbs.add_parser("show", help="Print it as JSON.")
        show.add_argument("id", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        number = options["id"]
        row = Message.objects.filter(pk=number).values().first()
        found: dict[str, Any] | None = dict(row) if row else None
        found = found or archive.find(partitions.name_of(partitions.day_of(number)), number)
        if found is None:
            raise CommandError(f"There is no message {number}, and none in the archive.")
        self.stdout.write(json.dumps(found, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False))
