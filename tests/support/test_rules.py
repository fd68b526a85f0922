"""The rules of this suite hold: no outside network, no silent skip, processes that end."""

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.network import OutsideNetworkError
from tests.support.processes import ROOT, Process, eventually, file_contains, file_exists

SKIPPING = """
import pytest
@pytest.mark.skip(reason="no such server")
def test_marked(): pass
def test_in_its_body(): pytest.skip("no such luck")
@pytest.mark.xfail(reason="known", strict=True)
def test_expected_to_fail(): assert False
"""


@pytest.mark.parametrize("host", ["192.0.2.1", "cpo.example.org", "2001:db8::1"])
def test_the_outside_is_refused(host: str) -> None:
    with pytest.raises(OutsideNetworkError):
        socket.create_connection((host, 80), timeout=1)
    with pytest.raises(OutsideNetworkError):
        requests.get(f"http://[{host}]/" if ":" in host else f"http://{host}/", timeout=1)


def test_a_skipped_test_fails_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import *")
    (tmp_path / "test_skipping.py").write_text(SKIPPING)
    command = [
        sys.executable,
        "-m",
        "pytest",
        str(tmp_path),
        "--rootdir",
        str(ROOT),
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "no such server" in done.stdout
    closing = done.stdout.splitlines()[-1]
    assert all(count in closing for count in ("1 failed", "1 xfailed", "1 error")), closing


def python(code: str, log: Path, **options: Any) -> Process:
    return Process([sys.executable, "-u", "-c", code], log=log, **options)


def test_a_process_is_stopped_at_the_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with python("import time; print('up'); time.sleep(60)", log, ready=file_contains(log, "up")) as process:
        assert process.exit_code() is None
    assert process.exit_code() == -15


def test_a_process_that_will_not_stop_is_killed_with_its_children(tmp_path: Path) -> None:
    code = "import signal, subprocess, time; signal.signal(15, lambda *_: None)\n"
    code += f"open({str(tmp_path / 'pid')!r}, 'w').write(str(subprocess.Popen(['sleep', '60']).pid))\n"
    code += "while True: time.sleep(1)"
    with python(code, tmp_path / "log", ready=file_exists(tmp_path / "pid"), grace=0.2) as process:
        eventually(lambda: (tmp_path / "pid").read_text(), what="the child's pid")
    assert process.exit_code() == -9
    state = Path(f"/proc/{(tmp_path / 'pid').read_text()}/stat")
    eventually(lambda: not state.exists() or ") Z " in state.read_text(), what="the child's end")


def test_a_process_that_fails_shows_its_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    process = python("raise SystemExit('no licence')", tmp_path / "log", ready=lambda: False)
    with pytest.raises(AssertionError, match="ended with 1 before it was ready"):
        process.__enter__()
    assert "no licence" in capsys.readouterr().err
