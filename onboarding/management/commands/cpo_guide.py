"""`manage.py cpo_guide`: writes docs/cpo-guide.md, or with --check says whether it is what it would write."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from onboarding.documents.cpo_guide import as_markdown

DOCUMENT = settings.BASE_DIR / "docs" / "cpo-guide.md"


class Command(BaseCommand):
    help = "Write the guide for CPOs from the data of the checks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail where the file differs.")

    def handle(self, *_args: Any, **options: Any) -> None:
        text = as_markdown()
        if not options["check"]:
            DOCUMENT.write_text(text)
        elif not DOCUMENT.exists() or DOCUMENT.read_text() != text:
            raise CommandError("docs/cpo-guide.md is not what the platform goes by: run `manage.py cpo_guide`.")
