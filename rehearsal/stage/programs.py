"""The command lines of the programs that rehearsals start: the platform's own, and the simulated CPO."""

import sys
from collections.abc import Mapping
from pathlib import Path

from rehearsal.stage.ports import LOOPBACK
from sfp_platform.broker.queues import QUEUES
from sfp_platform.web import serve


def web(port: int, workers: int = 1) -> list[str]:
    return serve.command(LOOPBACK, port, workers)


def celery(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "sfp_platform", *arguments]


def worker() -> list[str]:
    """One worker for everything, as `make run` has it."""
    options = ["--queues", QUEUES, "--pool", "threads", "--concurrency", "8", "--loglevel", "INFO"]
    return celery("worker", *options, "--without-mingle", "--without-gossip")


def beat(folder: Path, number: int = 1) -> list[str]:
    """Each beat has a schedule file of its own."""
    return celery("beat", "--schedule", str(folder / f"beat-schedule-{number}"))


def simulator(
    ready_file: Path,
    *options: str,
    speed: float = 60,
    meter_interval: float = 1,
    knobs: Mapping[str, float] | None = None,
) -> list[str]:
    """A simulated CPO: `speed` seconds pass in one, a meter value comes every `meter_interval` seconds.

    It is up when `ready_file` is there, with its addresses in it.
    """
    pace = ["--speed", str(speed), "--meter-interval", str(meter_interval), "--ready-file", str(ready_file)]
    turned = [part for name, value in (knobs or {}).items() for part in ("--knob", f"{name}={value}")]
    return [sys.executable, "-m", "cpo_simulator", *options, *pace, *turned]
