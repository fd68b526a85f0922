"""`manage.py spec_examples DIR`: the specification's own examples, through our real views, each in its version."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from rehearsal.interop.folder import run_again_in_a_folder
from rehearsal.stage.again import current_stage


class Command(BaseCommand):
    help = "Drive the example files of the OCPI specification (DIR/<version>/*.json) through the platform."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="Has the folders 2.1.1, 2.2, 2.2.1, 2.3.0, 2.3.0-payments, ...")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["folder"].is_dir():
            raise CommandError(f"There is no folder {options['folder']}.")
        if current_stage() is None:
            sys.exit(run_again_in_a_folder())
        call_command("migrate", verbosity=0)
        self.report(options["folder"])

    def report(self, folder: Path) -> None:
        """Print the table; raises CommandError when a file did not go as it must."""
        from rehearsal.interop.spec_run import run

        lines = list(run(folder))
        width = max((len(line.name) for line in lines), default=0)
        for line in lines:
            verdict = "ok  " if not line.deviations else "FAIL"
            self.stdout.write(f"{verdict} {line.folder:<14} {line.name:<{width}} {line.title:<34} {line.outcome}")
            if line.deviations:
                self.stdout.write(f"     expected: {line.expected}")
            for deviation in line.deviations:
                self.stdout.write(f"     - {deviation}")
        wrong = sum(1 for line in lines if line.deviations)
        accepted = sum(1 for line in lines if line.outcome.startswith("accepted"))
        refused = sum(1 for line in lines if line.outcome.startswith("refused"))
        self.stdout.write(
            f"\n{len(lines)} examples: {accepted} accepted, {refused} refused; {wrong} other than expected"
        )
        if wrong or not lines:
            raise CommandError(f"{wrong} of {len(lines)} examples deviate." if lines else "No example was found.")
