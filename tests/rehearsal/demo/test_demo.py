"""`manage.py demo --once`: the embedded combination, with real processes, from nothing to a settled charge."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import ROOT

SUMMARY = re.compile(
    r"^demo ok: session [0-9a-f-]{36} settled, captured (\d+\.\d\d) of 40\.00 EUR reserved, CDR total (\d+\.\d\d),"
)


def demo(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", "demo", "--var-dir", str(folder), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,  # so long only where a whole suite runs beside it
        check=False,
    )


def summary(output: str) -> tuple[str, str]:
    found = [(match[1], match[2]) for line in output.splitlines() if (match := SUMMARY.match(line))]
    assert len(found) == 1, output
    return found[0]


def still_running(folder: Path) -> list[str]:
    """Command lines of processes that have anything of this demonstration in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.mark.heavy
def test_once_it_ends_by_itself(tmp_path: Path) -> None:
    done = demo(tmp_path, "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    captured, total = summary(done.stdout)
    assert captured == total != "0.00"
    assert still_running(tmp_path) == []


@pytest.mark.heavy
@pytest.mark.parametrize("mode", ["lost", "shuffled"])
def test_a_charge_paid_through_stripe_with_answers_lost_and_workers_killed(tmp_path: Path, mode: str) -> None:
    """The worker dies mid-charge, and between the capture and its answer; answers and events are lost."""
    done = demo(tmp_path, "--once", "--kill-worker", "--stripe", mode)
    assert done.returncode == 0, done.stdout + done.stderr
    captured, total = summary(done.stdout)
    assert captured == total != "0.00"
    assert "The driver pays at http://127.0.0.1:" in done.stdout
    assert done.stdout.count("kill -9 of the worker") == 2
    assert still_running(tmp_path) == []
    for log in tmp_path.rglob("*.log"):
        assert "sk_test_fake" not in log.read_text(errors="replace"), log
        assert "/c/pay/" not in log.read_text(errors="replace"), log


@pytest.fixture
def hears_ctrl_c() -> Iterator[None]:
    """A shell lets what it starts in the background ignore Ctrl-C, and whatever that starts inherits it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
def test_it_settles_though_its_worker_was_killed_says_where_to_look_takes_other_ports_and_stops_on_ctrl_c(
    tmp_path: Path, hears_ctrl_c: None
) -> None:
    with socket.socket() as busy:
        busy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            busy.bind(("127.0.0.1", 8000))
            busy.listen()
        except OSError:
            pass  # something else listens there: just as busy
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--kill-worker", "--var-dir", str(tmp_path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert process.stdout is not None
        lines = []
        deadline = time.monotonic() + 120
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C stops every process." in line or time.monotonic() > deadline:
                break
        os.killpg(process.pid, signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(60) == 0, rest
    output = "".join(lines) + rest
    captured, total = summary(output)
    assert captured == total != "0.00"
    assert output.index("kill -9 of the worker") < output.index("The worker is started again")
    assert output.index("The worker is started again") < output.index("Settled")
    assert "They registered us and gave us their token" in output
    assert "Port 8000 is busy: using " in output
    for label in ("admin  ", "password ", "driver's page", "driver's API"):
        assert label in output
    assert "Stopping everything that was started." in rest
    assert still_running(tmp_path) == []


@pytest.mark.heavy
def test_nothing_stays_behind_when_only_the_command_itself_is_told_to_end(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--var-dir", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert any("Onboarding the CPO over OCPI" in line for line in lines)
        os.kill(process.pid, signal.SIGTERM)
        rest = "".join(lines)
        assert process.wait(60) == 0, rest
    assert "Stopping everything that was started." in rest
    assert still_running(tmp_path) == []
