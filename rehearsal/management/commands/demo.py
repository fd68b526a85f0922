"""`manage.py demo`: the whole platform on this machine, with one real charge."""

import os
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from rehearsal.demo import folder
from rehearsal.demo.printing import Printer
from rehearsal.stage.again import current_stage, run_again_on

CPO_PORT = "SFP_DEMO_CPO_PORT"


class Command(BaseCommand):
    help = "Start the platform and a simulated CPO on embedded defaults, run one charge, stay up."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="Check the outcome, stop, exit 0 or 1.")
        parser.add_argument("--kill-worker", action="store_true", help="kill -9 the worker mid-charge, start it again.")
        parser.add_argument("--var-dir", type=Path, default=settings.BASE_DIR / "var", help="Where to keep its files.")

    def handle(self, *_args: Any, **options: Any) -> None:
        stage = current_stage()
        if stage is None:
            sys.exit(self._again_on_a_stage(options["var_dir"].resolve()))
        from rehearsal.demo.director import Director

        director = Director(stage, int(os.environ[CPO_PORT]), Printer(), kill_worker=options["kill_worker"])
        sys.exit(director.run(once=options["once"]))

    def _again_on_a_stage(self, var_dir: Path) -> int:
        """Take a folder and ports, then run this command again with settings that point there."""
        with ExitStack() as stack:
            try:
                stage, cpo_port = folder.take(var_dir, stack)
            except OSError as error:
                raise CommandError(str(error)) from error
            for wanted, taken in ((folder.WEB_PORT, stage.web_port), (folder.CPO_PORT, cpo_port)):
                if wanted != taken:
                    self.stdout.write(f"Port {wanted} is busy: using {taken} instead.")
            return run_again_on(stage, **{CPO_PORT: str(cpo_port)})
