"""Charges go on while a worker, the web server, Redis or PostgreSQL is killed: `make torture`, small."""

import subprocess
import sys

import pytest

from tests.support.processes import ROOT

SMALL = ("--seed", "1129", "--sessions", "12", "--minutes", "0.1", "--kills", "3", "--cpos", "1", "--rest", "120")


@pytest.mark.heavy
@pytest.mark.parametrize("gateway", ["simulated", "stripe"])
def test_nothing_is_lost_stuck_or_done_twice(gateway: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rehearsal.bench.torture", *SMALL, "--gateway", gateway],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "torture ok: nothing lost, stuck or done twice" in done.stdout
    assert "12 drivers, 12 sessions" in done.stdout


@pytest.mark.heavy
def test_a_restore_takes_no_money_twice_and_leaves_none_held() -> None:
    """`pg_basebackup` with charges open, the database put back to it, `reconcile`: both books say the same."""
    plan = ("--seed", "5", "--sessions", "30", "--minutes", "0.7", "--kills", "0", "--rest", "150")
    done = subprocess.run(
        [sys.executable, "-m", "rehearsal.bench.torture", *plan, "--gateway", "stripe", "--restore"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "put back to" in done.stdout
    assert "torture ok: nothing lost, stuck or done twice" in done.stdout
