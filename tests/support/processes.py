"""Real programs on loopback for tests: started, waited for, stopped by pid, their log shown on failure."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL, SIGTERM
from types import TracebackType
from typing import Self

from rehearsal.stage.ports import free_port
from rehearsal.stage.processes import ROOT, answers, start_process

__all__ = [
    "PATIENCE",
    "ROOT",
    "Process",
    "Ready",
    "eventually",
    "file_contains",
    "file_exists",
    "free_port",
    "url_answers",
]
PATIENCE = 300.0
"""Seconds after which something will not come any more, however busy the machine: only a failure takes so long."""
Ready = Callable[[], bool]


def url_answers(url: str) -> Ready:
    """Ready when `url` answers with anything but a server error; one answer may take as long as it likes."""
    return answers(url, PATIENCE)


def file_exists(path: Path) -> Ready:
    return path.exists


def file_contains(path: Path, text: str) -> Ready:
    return lambda: path.exists() and text in path.read_text(errors="replace")


def eventually(condition: Callable[[], object], *, seconds: float = PATIENCE, what: str = "the condition") -> None:
    """Wait until `condition()` is true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not hold within {seconds:g} s")
        time.sleep(0.05)


class Process:
    """A program that runs for the length of a `with` block, in a process group of its own.

    The block begins when `ready()` holds. At its end the program is asked to stop (SIGTERM), and after
    `grace` seconds killed with its children. Its output is in `log`, of which a failure shows the end.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        ready: Ready | None = None,
        timeout: float = PATIENCE,
        grace: float = 60.0,
    ) -> None:
        self.command, self.log, self.env = list(command), log, env
        self.ready, self.timeout, self.grace = ready, timeout, grace
        self.popen: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.popen = start_process(self.command, self.log, self.env)
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop()
            self.show_log()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if kind is not None:
            self.show_log()

    @property
    def pid(self) -> int:
        assert self.popen is not None, "not started"
        return self.popen.pid

    def exit_code(self) -> int | None:
        """The program's exit code, or None while it runs."""
        assert self.popen is not None, "not started"
        return self.popen.poll()

    def wait(self, seconds: float = PATIENCE) -> int:
        """Wait for the program to end by itself; return its exit code."""
        assert self.popen is not None, "not started"
        return self.popen.wait(seconds)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.timeout
        while self.ready is not None and not self.ready():
            if self.exit_code() is not None:
                raise AssertionError(f"{self.command} ended with {self.exit_code()} before it was ready")
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.command} was not ready within {self.timeout:g} s")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the program: politely, then not."""
        if self.exit_code() is None:
            os.kill(self.pid, SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.wait(self.grace)
        self.kill()

    def kill(self) -> None:
        """End the program and its children at once, as a crash or a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, SIGKILL)
        self.wait()

    def log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def show_log(self, lines: int = 60) -> None:
        """Print the log's end: pytest shows it with the failed test."""
        tail = "\n".join(self.log_text().splitlines()[-lines:])
        sys.stderr.write(f"--- the end of {self.log} ({' '.join(self.command)})\n{tail}\n---\n")
