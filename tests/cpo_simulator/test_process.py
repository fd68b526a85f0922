"""The command line: the simulator as a process of its own."""

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from cpo_simulator.cli import main
from tests.support.processes import PATIENCE

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "cpo_simulator")


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Starts processes; (process, what the ready file says, log). All are stopped at the end."""
    started = []

    def start(*options: Any) -> tuple[Popen[bytes], Any, Any]:
        ready, log = tmp_path / "ready.json", tmp_path / "log.txt"
        with log.open("w") as out:
            process = subprocess.Popen(
                (*PROGRAM, "--ready-file", str(ready), *options),
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        deadline = time.monotonic() + PATIENCE
        while not ready.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "no ready file"
            time.sleep(0.02)
        return process, json.loads(ready.read_text()), log

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def fetch(url: Any, token: Any) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Token {token}"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)


def test_it_listens_says_how_to_use_it_and_stops_cleanly(simulator: Callable[..., Any], tmp_path: Path) -> None:
    process, ready, log = simulator("--party", "grn", "--versions", "2.2.1, 2.1.1", "--speed", "60")
    assert ready["versions_url"] == f"http://127.0.0.1:{ready['port']}/ocpi/cpo/versions"
    assert ready["control_url"] == f"http://127.0.0.1:{ready['port']}/control"
    assert (tmp_path / "ready.json").stat().st_mode & 0o077 == 0
    versions = fetch(ready["versions_url"], ready["token_a"])["data"]
    assert [one["version"] for one in versions] == ["2.2.1", "2.1.1"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    text = log.read_text()
    assert ready["versions_url"] in text
    assert ready["token_a"] in text
    assert "SK-GRN" in text
    assert "<- GET    200 1000" in text


def test_ctrl_c_and_json_log(simulator: Callable[..., Any]) -> None:
    process, ready, log = simulator("--json-log", "--token-a", "my-own-token-a")
    assert ready["token_a"] == "my-own-token-a"
    fetch(ready["versions_url"], "my-own-token-a")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines[0]["versions_url"] == ready["versions_url"]
    assert lines[1]["method"] == "GET"


def test_the_list_of_scenarios_names_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-scenarios"]) == 0
    text = capsys.readouterr().out
    for word in ("happy", "dc-handshake-failure-then-ok", "html-versions", "raw-tokens", "car_kwh"):
        assert word in text


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--versions", "9.9"], "unknown 9.9"),
        (["--scenario", "nope"], "unknown scenario"),
        (["--speed", "0"], "--speed"),
        (["--party", "TOOLONG"], "--party"),
        (["--register-url", "http://x"], "belong together"),
        (["--knob", "cdr=soon"], "could not convert"),
        (["--keep", "0"], "--keep"),
    ],
)
def test_mistakes_on_the_command_line_are_explained(
    options: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(options)
    assert stop.value.code == 2
    assert reason in capsys.readouterr().err


def test_it_depends_on_nothing_of_the_platform() -> None:
    names = ("django", "ocpi", "partners", "billing", "sessions_adhoc", "sfp_platform")
    probe = f"import sys, cpo_simulator.cli; print([n for n in {names!r} if n in sys.modules])"
    done = subprocess.run((sys.executable, "-c", probe), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout.strip() == "[]", done.stderr
