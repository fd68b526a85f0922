"""`manage.py interop`: a simulated CPO in every version, every feature over real HTTP, and the matrix of what works."""

import sys
import time
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from rehearsal.interop.folder import run_again_in_a_folder
from rehearsal.stage.again import Stopped, current_stage, stop_on_sigterm


class Command(BaseCommand):
    help = "Try every OCPI feature with a simulated CPO in 2.1.1, 2.2, 2.2.1 and 2.3.0; exit 1 on a gap."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        stage = current_stage()
        if stage is None:
            sys.exit(run_again_in_a_folder())
        from rehearsal.interop import matrix
        from rehearsal.stage.processes import DidNotStart, Processes

        stop_on_sigterm()
        began = time.monotonic()
        call_command("migrate", verbosity=0)
        try:
            with Processes(stage.folder, stage.environment()) as running:
                cells = matrix.play(stage, running, self.tell)
        except DidNotStart as error:
            raise CommandError(str(error)) from error
        except (Stopped, KeyboardInterrupt) as error:
            raise CommandError("Stopped.") from error
        for line in ("", *matrix.table(cells)):
            self.stdout.write(line)
        gaps = sum(1 for cell in cells if cell.verdict == matrix.GAP)
        self.stdout.write(f"\n{len(cells)} cells, {gaps} gaps, {time.monotonic() - began:.0f} s")
        if gaps:
            raise CommandError(f"{gaps} gaps.")

    def tell(self, cell: Any) -> None:
        """One line per feature as it happens."""
        self.stdout.write(f"{cell.version:<6} {cell.verdict:<4} {cell.feature:<34} {cell.text}")
        self.stdout.flush()
