"""What the benchmarks start can be started: each part as a program of its own, and the servers beside the platform."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from rehearsal.bench import run
from rehearsal.bench.pull import start_cpo
from rehearsal.stage.processes import Processes
from tests.support.processes import ROOT


@pytest.mark.parametrize("part", [*run.PARTS, *run.LONG])
def test_each_part_is_a_program_that_python_finds(part: Any) -> None:
    assert run.command(part)[:2] == [sys.executable, "-m"]
    assert importlib.util.find_spec(run.command(part)[2]) is not None


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (("rehearsal.bench.run", "pages", "--help"), "usage: rehearsal.bench.pages"),
        (("rehearsal.bench.torture", "--help"), "usage: python -m rehearsal.bench.torture"),
    ],
)
def test_what_takes_options_says_so_when_it_is_asked(arguments: Any, usage: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert usage in done.stdout


def test_the_cpo_with_many_locations_is_started_and_gives_them_in_pages(tmp_path: Path) -> None:
    with Processes(tmp_path, os.environ) as running:
        url = start_cpo(running, 150)
        first = requests.get(url, timeout=60)
        rest = requests.get(first.links["next"]["url"], timeout=60)
        assert running.ended() is None
    counts = [len(answer.json()["data"]) for answer in (first, rest)]
    assert (counts, first.headers["X-Total-Count"], rest.links) == ([100, 50], "150", {})
