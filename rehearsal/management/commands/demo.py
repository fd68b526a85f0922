"""`manage.py demo`: the whole platform on this machine, with one real charge."""

import os
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from rehearsal.demo import folder, stripe_account, stripe_test_mode
from rehearsal.demo.printing import Printer
from rehearsal.demo.stripe_account import MODES, StripeAccount
from rehearsal.demo.stripe_test_mode import StripeTestMode
from rehearsal.stage.again import current_stage, run_again_on
from rehearsal.stage.ports import free_port

CPO_PORT = "SFP_DEMO_CPO_PORT"
TEST_MODE = "test-mode"
"""Stripe itself, with the key of the environment."""


class Command(BaseCommand):
    help = "Start the platform and a simulated CPO on embedded defaults, run one charge, stay up."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="Check the outcome, stop, exit 0 or 1.")
        parser.add_argument("--kill-worker", action="store_true", help="kill -9 the worker mid-charge, start it again.")
        parser.add_argument(
            "--stripe",
            choices=[*sorted(MODES - {"forged"}), TEST_MODE],
            help="Pay through a stand-in for Stripe, with its events delivered like this; all but plain lose answers."
            f" With {TEST_MODE} through Stripe itself, by STRIPE_SECRET_KEY.",
        )
        parser.add_argument("--port", type=int, default=folder.WEB_PORT, help="Of the web server (default 8000).")
        parser.add_argument("--var-dir", type=Path, default=settings.BASE_DIR / "var", help="Where to keep its files.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["stripe"] == TEST_MODE and options["kill_worker"]:
            raise CommandError("--kill-worker needs the stand-in: Stripe itself does not wait for it.")
        stage = current_stage()
        if stage is None:
            sys.exit(self._again_on_a_stage(options["var_dir"].resolve(), options["port"], options["stripe"]))
        from rehearsal.demo.director import Director

        director = Director(
            stage,
            int(os.environ[CPO_PORT]),
            Printer(),
            kill_worker=options["kill_worker"],
            stripe=_account(options["stripe"]),
        )
        sys.exit(director.run(once=options["once"]))

    def _again_on_a_stage(self, var_dir: Path, port: int, stripe: str | None) -> int:
        """Take a folder and ports, then run this command again with settings that point there."""
        with ExitStack() as stack:
            try:
                own = _environment(stripe)
                stage, cpo_port = folder.take(var_dir, stack, own, port)
            except (OSError, ValueError) as error:
                raise CommandError(str(error)) from error
            for wanted, taken in ((port, stage.web_port), (folder.CPO_PORT, cpo_port)):
                if wanted != taken:
                    self.stdout.write(f"Port {wanted} is busy: using {taken} instead.")
            return run_again_on(stage, **{CPO_PORT: str(cpo_port)})


def _environment(stripe: str | None) -> dict[str, str]:
    if stripe == TEST_MODE:
        return stripe_test_mode.environment(os.environ)
    return stripe_account.environment(free_port()) if stripe else {}


def _account(stripe: str | None) -> StripeAccount | StripeTestMode | None:
    if stripe == TEST_MODE:
        return StripeTestMode()
    return StripeAccount(settings.STRIPE_API_BASE, stripe) if stripe else None
