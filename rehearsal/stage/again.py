"""A command runs again on a stage: settings are read when a process starts, so those of the stage need a new one."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from rehearsal.stage.environment import Stage

FOLDER, WEB_PORT = "SFP_STAGE_FOLDER", "SFP_STAGE_WEB_PORT"


class Stopped(SystemExit):
    """Somebody asked this process to end. Nobody who catches `Exception` holds it up."""


def current_stage() -> Stage | None:
    """The stage that this process was started on, or None where it was started by a person.

    The processes that it starts are told nothing of that: they are no command that runs again.
    """
    if FOLDER not in os.environ:
        return None
    return Stage(Path(os.environ.pop(FOLDER)), int(os.environ.pop(WEB_PORT)))


def run_again_on(stage: Stage, **more: str) -> int:
    """Run this command again, on `stage`; return its exit code. SIGTERM is handed on."""
    environment = stage.environment(**{FOLDER: str(stage.folder), WEB_PORT: str(stage.web_port)}, **more)
    asked = list[int]()
    # Before the child is there: what comes in between is for it.
    previous = signal.signal(signal.SIGTERM, lambda number, _frame: asked.append(number))
    try:
        child = subprocess.Popen([sys.executable, *sys.argv], env=environment)
        signal.signal(signal.SIGTERM, lambda _number, _frame: child.terminate())
        if asked:
            child.terminate()
        return _wait(child)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _wait(child: "subprocess.Popen[bytes]") -> int:
    """Wait for the child. Ctrl-C reaches it by itself: it stops what it started and ends."""
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue
        except BaseException:
            child.terminate()
            child.wait()
            raise


def stop_on_sigterm() -> None:
    """Let SIGTERM raise `Stopped` here, so that what this process started is stopped and removed."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Stopped(128 + number)

    signal.signal(signal.SIGTERM, stop)
