"""`manage.py demo`: the whole platform on this machine, with one real charge."""

import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from rehearsal.demo import place as places
from rehearsal.demo.printing import Printer

PREPARED = "SFP_DEMO_FOLDER"


class Command(BaseCommand):
    help = "Start the platform and a simulated CPO on embedded defaults, run one charge, stay up."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="Check the outcome, stop, exit 0 or 1.")
        parser.add_argument("--kill-worker", action="store_true", help="kill -9 the worker mid-charge, start it again.")
        parser.add_argument("--var-dir", type=Path, default=settings.BASE_DIR / "var", help="Where to keep its files.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if PREPARED not in os.environ:
            sys.exit(self._again_in_its_own_environment(options["var_dir"].resolve()))
        from rehearsal.demo.director import Director

        place = places.Place(
            Path(os.environ[PREPARED]),
            int(os.environ["SFP_DEMO_WEB_PORT"]),
            int(os.environ["SFP_DEMO_CPO_PORT"]),
            (),
        )
        director = Director(place, Printer(), kill_worker=options["kill_worker"])
        sys.exit(director.run(once=options["once"]))

    def _again_in_its_own_environment(self, var_dir: Path) -> int:
        """Take a folder and ports, then run this command again with settings that point there."""
        with ExitStack() as stack:
            try:
                place = places.take(var_dir, stack)
            except OSError as error:
                raise CommandError(str(error)) from error
            for wanted, taken in place.moved:
                self.stdout.write(f"Port {wanted} is busy: using {taken} instead.")
            environment = {
                **places.child_environment(place),
                PREPARED: str(place.folder),
                "SFP_DEMO_WEB_PORT": str(place.web_port),
                "SFP_DEMO_CPO_PORT": str(place.cpo_port),
            }
            child = subprocess.Popen([sys.executable, *sys.argv], env=environment)  # noqa: S603 - this command
            return _wait(child)


def _wait(child: "subprocess.Popen[bytes]") -> int:
    """Wait for the demonstration. Ctrl-C reaches it by itself: it stops its processes and ends."""
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            time.sleep(0.1)
        except BaseException:
            child.terminate()
            child.wait()
            raise
