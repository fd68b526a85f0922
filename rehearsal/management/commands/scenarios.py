"""`manage.py scenarios`: every scenario of the table, over HTTP, between real processes."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from rehearsal.scenarios.pace import pace_of_this_machine, stage_at
from rehearsal.scenarios.plays.case import ALL_VERSIONS, Case
from rehearsal.scenarios.plays.table import TABLE
from rehearsal.stage.again import current_stage, run_again_on

PACE = "SFP_SCENARIOS_PACE"
JOBS = 28


class WentWrong(Exception):
    """A scenario did not end as it must: the folder with the logs is kept."""


class Command(BaseCommand):
    help = "Play charging scenarios against simulated CPOs. Exit code 1 when one does not end as the rules demand."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Here `--version` is an OCPI version, not Django's."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "names",
            nargs="*",
            metavar="NAME[@VERSION]",
            help="Scenarios, one in one OCPI version only; all by default.",
        )
        parser.add_argument(
            "--version",
            action="append",
            dest="versions",
            choices=ALL_VERSIONS,
            help="OCPI version; may be repeated; all by default.",
        )
        parser.add_argument("--jobs", type=int, default=JOBS, help=f"How many at a time (default {JOBS}).")
        parser.add_argument(
            "--pace", type=float, help="Every second takes so many; by default 1, and up to 3 on a busy machine."
        )
        parser.add_argument(
            "--once",
            action="store_true",
            help="Each scenario in one of its versions, in turn: for a quick look at all.",
        )
        parser.add_argument("--list", action="store_true", help="List the scenarios and what the guide says of each.")
        parser.add_argument("--var-dir", type=Path, default=settings.BASE_DIR / "var", help="Where to keep its files.")

    def handle(self, *_args: Any, **options: Any) -> None:
        cases, versions = chosen(options["names"]), options["versions"] or list(ALL_VERSIONS)
        if options["once"]:
            cases = each_in_one_version(cases)
        if options["list"]:
            self.stdout.write("\n".join(f"{case.name:<38} {case.guide}" for case in cases))
            return
        if options["jobs"] < 1:
            raise CommandError("--jobs must be at least 1.")
        if stage := current_stage():
            from rehearsal.scenarios.director import Director

            sys.exit(Director(stage, float(os.environ.pop(PACE))).run(cases, versions, options["jobs"]))
        pace = options["pace"] or pace_of_this_machine()
        try:
            with stage_at(pace, options["var_dir"].resolve()) as stage:
                if run_again_on(stage, **{PACE: str(pace)}):
                    raise WentWrong
        except WentWrong:
            sys.exit(1)


def chosen(names: Sequence[str]) -> list[Case]:
    """The cases of these names, or all; `happy@2.2` is the case `happy` in OCPI 2.2 only.

    Raises:
        CommandError: there is no such case, or not in this version.
    """
    return [_chosen(*name.partition("@")) for name in dict.fromkeys(names)] or list(TABLE.values())


def each_in_one_version(cases: Sequence[Case]) -> list[Case]:
    """The cases, each in one version: the first in its first, the second in its second, and so on around."""
    return [replace(case, versions=(case.versions[number % len(case.versions)],)) for number, case in enumerate(cases)]


def _chosen(name: str, at: str, version: str) -> Case:
    case = TABLE.get(name)
    if case is None:
        raise CommandError(f"No such scenario: {name}. --list shows all.")
    if at and version not in case.versions:
        raise CommandError(f"{name} is not played in {version!r}, but in: {', '.join(case.versions)}.")
    return replace(case, versions=(version,)) if at else case
