"""Processes of one run: started together, waited for, watched, and all stopped by pid at the end, whatever happened."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN = 60.0
GRACE = 2.5
"""A Celery worker takes longer to say goodbye; nothing is lost by not waiting, since every deadline is a row."""


class DidNotStart(Exception):
    """A process ended, or was not ready in time; the text has the end of its log."""


@dataclass
class Running:
    """One process and its log."""

    name: str
    command: list[str]
    log: Path
    popen: subprocess.Popen[bytes]

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def start_process(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start a program in the project's folder and in a process group of its own; its output goes to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


class Processes:
    """Starts processes in groups of their own, so that Ctrl-C reaches them through us, in order."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.environment = folder, dict(environment)
        self.running: dict[str, Running] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_all()

    def start(self, name: str, command: list[str]) -> Running:
        """Start `command` under `name`; its output goes to `<name>.log`."""
        log = self.folder / f"{name}.log"
        self.running[name] = Running(name, command, log, start_process(command, log, self.environment))
        return self.running[name]

    def restart(self, name: str) -> Running:
        return self.start(name, self.running[name].command)

    def kill(self, name: str) -> int:
        """Kill one with SIGKILL, as a crash would; return its pid."""
        process = self.running[name].popen
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return process.pid

    def wait_until(self, name: str, ready: Callable[[], bool]) -> None:
        """Wait until `ready()`. Raises `DidNotStart` when the process ends or takes too long."""
        process = self.running[name]
        deadline = time.monotonic() + READY_WITHIN
        while not ready():
            if process.popen.poll() is not None:
                raise DidNotStart(f"{name} ended with exit code {process.popen.returncode}:\n{process.tail()}")
            if time.monotonic() > deadline:
                raise DidNotStart(f"{name} was not ready within {READY_WITHIN:g} s:\n{process.tail()}")
            time.sleep(0.1)

    def ended(self) -> Running | None:
        """Return a process that has ended by itself, if one has."""
        return next((one for one in self.running.values() if one.popen.poll() is not None), None)

    def raise_if_ended(self) -> None:
        """Raise `DidNotStart` when a process has ended by itself: nothing would come of waiting."""
        if ended := self.ended():
            raise DidNotStart(f"{ended.name} ended with exit code {ended.popen.returncode}:\n{ended.tail()}")

    def stop_all(self) -> None:
        """Ask all to stop, then kill what is left; the last started goes first."""
        alive = [one.popen for one in reversed(self.running.values()) if one.popen.poll() is None]
        for process in alive:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        for process in alive:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
        for one in self.running.values():
            with suppress(ProcessLookupError):
                os.killpg(one.popen.pid, signal.SIGKILL)
            one.popen.wait()


def answers(url: str, timeout: float = 5.0) -> Callable[[], bool]:
    """Ready when `url` answers with anything but a server error, within `timeout` seconds each time."""

    def ready() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=timeout):
                return True
        except urllib.error.HTTPError as answer:
            return answer.code < 500
        except OSError:
            return False

    return ready
