"""A place that leaves nothing behind: an empty folder with its own database, for a command that runs again in it."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

from rehearsal.demo.place import Place, child_environment, free_port

FOLDER = "SFP_INTEROP_FOLDER"
WEB_PORT = "SFP_INTEROP_WEB_PORT"


def prepared() -> Place | None:
    """The place that this process was started in, or None where it was started by a person."""
    folder = os.environ.get(FOLDER)
    return Place(Path(folder), int(os.environ[WEB_PORT]), 0, ()) if folder else None


def run_again_in_a_place() -> int:
    """Run this command again with settings that point into a fresh folder; return its exit code."""
    with tempfile.TemporaryDirectory(prefix="sfp-interop-") as folder:
        place = Place(Path(folder), free_port(0), 0, ())
        environment = {
            **child_environment(place),
            FOLDER: folder,
            WEB_PORT: str(place.web_port),
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "ERROR"),
        }
        child = subprocess.Popen([sys.executable, *sys.argv], env=environment)  # noqa: S603 - this command
        previous = signal.signal(signal.SIGTERM, lambda _number, _frame: child.terminate())
        try:
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


def stop_on_sigterm() -> None:
    """Let SIGTERM end this process as Ctrl-C does, so that what it started is stopped."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
