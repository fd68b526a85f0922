"""What the benchmarks start can be started: each part as a program of its own, and the servers beside the platform."""

import importlib.util
import json
import subprocess
import sys

import pytest
import requests

from rehearsal.bench import place as places
from rehearsal.bench import run
from tests.support.processes import ROOT


@pytest.mark.parametrize("part", [*run.PARTS, *run.LONG])
def test_each_part_is_a_program_that_python_finds(part) -> None:
    assert run.command(part)[:2] == [sys.executable, "-m"]
    assert importlib.util.find_spec(run.command(part)[2]) is not None


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (("rehearsal.bench.run", "pages", "--help"), "usage: rehearsal.bench.pages"),
        (("rehearsal.bench.torture", "--help"), "usage: python -m rehearsal.bench.torture"),
    ],
)
def test_what_takes_options_says_so_when_it_is_asked(arguments, usage) -> None:
    done = subprocess.run(  # noqa: S603 - the project's own command
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert usage in done.stdout


def test_the_benchmarks_run_their_own_programs_in_the_folder_of_the_project() -> None:
    assert places.ROOT == ROOT
