"""`manage.py connection_check CODE`: the connection check of a partner from the command line."""

import json
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from onboarding import connection_check
from onboarding.connection_check import report
from onboarding.connection_check.case import FAILED, NOT_APPLICABLE, PASSED, WARNING
from onboarding.models import ConnectionCheck, ConnectionCheckCase
from partners.models import Partner

POLL = 0.3  # seconds
NO_WORKER_AFTER = 15  # seconds
MARKS = {PASSED: "ok  ", WARNING: "WARN", FAILED: "FAIL", NOT_APPLICABLE: "-   "}


class Command(BaseCommand):
    """Prints each case as it is looked at, then what the CPO should change. Exit code 1 where a case failed."""

    help = "Check a partner's OCPI server. Without --armed nothing is changed there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help="the partner's code")
        parser.add_argument("--armed", action="store_true", help="also begin a real charge at the test charger")
        parser.add_argument("--location", default="", metavar="ID", help="location of the test charger")
        parser.add_argument("--evse", default="", metavar="UID", help="the test charger")
        parser.add_argument("--connector", default="", metavar="ID", help="its connector (the first)")
        parser.add_argument("--interval", type=int, default=60, metavar="S", help="seconds between meter values (60)")
        parser.add_argument("--json", action="store_true", help="print JSON instead of text")
        parser.add_argument("--letter", action="store_true", help="print what to send to the CPO instead")
        parser.add_argument("--inline", action="store_true", help="do it in this process: no worker needed")

    def handle(self, *_args: Any, **options: Any) -> None:
        quiet = options["json"] or options["letter"]
        try:
            run = connection_check.start(_partner(options["code"]), charger=_charger(options))
        except connection_check.CheckRefusedError as error:
            raise CommandError(str(error)) from error
        try:
            run = self._follow(run, options["inline"], quiet)
        except KeyboardInterrupt:
            self.stderr.write(f"Stopped waiting. Check {run.pk} goes on; it can be called off on its page.")
            sys.exit(130)
        found = report.of(run)
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
        elif options["letter"]:
            self.stdout.write(report.letter(found))
        else:
            self._conclude(found)
        if run.state != ConnectionCheck.State.FINISHED or run.error or found["verdict"] == FAILED:
            sys.exit(1)

    def _follow(self, run: ConnectionCheck, inline: bool, quiet: bool) -> ConnectionCheck:
        """Print each case as it is recorded, until the run has ended; with `inline` also make it go on."""
        printed, began, warned, waiting = 0, time.monotonic(), False, ""
        while True:
            if inline:
                connection_check.advance(run.pk)
            run = ConnectionCheck.objects.select_related("partner", "started_by").get(pk=run.pk)
            cases = list(run.cases.all()[printed:])
            printed += len(cases)
            if not quiet:
                for case in cases:
                    self._line(case)
                if run.waiting_for and run.waiting_for != waiting:
                    self.stdout.write(f"...  waiting for {run.waiting_for}")
                waiting = run.waiting_for
            if not run.is_live:
                return run
            if not warned and not inline and not printed and time.monotonic() - began > NO_WORKER_AFTER:
                self.stderr.write("No worker has begun yet. Is one running? --inline needs none.")
                warned = True
            connection.close_if_unusable_or_obsolete()
            time.sleep(POLL)

    def _line(self, case: ConnectionCheckCase) -> None:
        self.stdout.write(f"{MARKS[case.verdict]} {case.title}: {case.seen}")
        self.stdout.flush()

    def _conclude(self, found: dict[str, Any]) -> None:
        counts = found["counts"]
        numbers = f"{counts[FAILED]} failed, {counts[WARNING]} warnings, {counts[PASSED]} passed, "
        self.stdout.write(f"\n{numbers}{counts[NOT_APPLICABLE]} not applicable. {found['summary']}")
        if found["error"]:
            self.stdout.write(found["error"])
        for case in found["to_change"]:
            self.stdout.write(f"\n{case['title']}  [{case['section']}]\n  {case['change']}")
        if compared := found["compared"]:
            for words, name in (("Newly failing", "newly_failing"), ("Fixed", "fixed")):
                titles = ", ".join(case["title"] for case in compared[name])
                if titles:
                    self.stdout.write(f"\n{words} since check {compared['number']}: {titles}")


def _partner(code: str) -> Partner:
    try:
        return Partner.objects.get(code=code)
    except Partner.DoesNotExist:
        known = ", ".join(Partner.objects.values_list("code", flat=True)) or "none"
        raise CommandError(f"There is no partner with the code {code!r}. Known: {known}.") from None


def _charger(options: dict[str, Any]) -> connection_check.TestCharger | None:
    named = options["location"] and options["evse"]
    if not options["armed"]:
        if options["location"] or options["evse"]:
            raise CommandError("A test charger is only used with --armed.")
        return None
    if not named:
        raise CommandError("--armed begins a real charge: name the test charger with --location and --evse.")
    if options["interval"] < 1:
        raise CommandError("--interval is a whole number of seconds, from 1 on.")
    return connection_check.TestCharger(options["location"], options["evse"], options["connector"], options["interval"])
