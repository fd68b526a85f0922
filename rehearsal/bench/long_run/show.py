"""One run from the empty database to the report."""

import base64
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rehearsal.bench import seed
from rehearsal.bench.figures import machine
from rehearsal.bench.long_run import checks, looking, pusher
from rehearsal.bench.long_run.restarting import RollingRestart
from rehearsal.bench.torture import checks as torture_checks
from rehearsal.bench.torture import report
from rehearsal.bench.torture.acquirers import Simulated
from rehearsal.bench.torture.director import Director
from rehearsal.bench.torture.plan import Blow, Plan
from rehearsal.bench.torture.servers import Server
from rehearsal.bench.torture.targets import Targets
from rehearsal.demo.printing import Printer
from rehearsal.stage.environment import Stage
from rehearsal.stage.processes import Processes

ROLLING_AT, DATABASE_AT, BROKER_AT = 0.3, 0.5, 0.7
"""In shares of the time in which drivers come."""
DATABASE_DOWN, BROKER_DOWN = 5.0, 20.0
"""Seconds."""
CPOS, WEB_PROCESSES = 2, 2
PATIENCE = 300.0
ALL = 1_000_000


def show(plan: Plan, stage: Stage, servers: dict[str, Server], *, rate: float, every: float) -> int:
    """Return the exit code: 1 when a promise was broken. `rate` in pushes a second, a line each `every` seconds."""
    out, notes = Printer(), stage.folder / "pushes.txt"
    out.line(machine())
    out.line(f"{len(plan.visits)} drivers in {plan.seconds / 60:g} minutes, and {rate:g} pushes a second")
    acquirer = Simulated()
    with Processes(stage.folder, stage.environment()) as running:
        targets = Targets(running, servers, stage.web_port, web_processes=WEB_PROCESSES)
        with out.step("database, web, two workers, beat, simulated CPOs, handshakes"):
            targets.raise_curtain(CPOS)
        rolling = RollingRestart(targets, out.event)
        director = Director(_upheavals(plan), targets, acquirer, out, [(plan.seconds * ROLLING_AT, rolling.begin)])
        watch = looking.Looking(targets, every, out.line)
        with _pushing(targets, rate, notes):
            watch.start()
            rest = director.run(PATIENCE)
        watch.stop()
        books = [cpo.state(ALL) for cpo in targets.cpos]
        told = list(pusher.read(notes))
        broken = torture_checks.violations(director.rides, books, acquirer.charges())
        broken += [*checks.violations(told), *(torture_checks.Violation("", text) for text in targets.fallen)]
        (stage.folder / "timelines.txt").write_text("\n".join(report.timelines()))
        for line in ("", *looking.pushes(told, watch.lines, watch.began), ""):
            out.line(line)
        out.line(f"Not taken, and sent again, by status (0: no answer): {dict(checks.refused(told))}")
        for line in report.lines(director.rides, books, rest, broken):
            out.line(line)
    return 1 if broken else 0


def _upheavals(plan: Plan) -> Plan:
    """PostgreSQL is stopped without goodbye, as by a crash; Redis is killed, and has lost all that it had."""
    blows = (
        Blow(plan.seconds * DATABASE_AT, "postgres", DATABASE_DOWN),
        Blow(plan.seconds * BROKER_AT, "redis", BROKER_DOWN),
    )
    return replace(plan, blows=blows)


@contextmanager
def _pushing(targets: Targets, rate: float, notes: Path) -> Iterator[None]:
    """One more CPO pushes until the block ends; it says goodbye when what it sent is taken."""
    _partner, token = seed.connected_partner()
    encoded = base64.b64encode(token.encode()).decode()
    spec = {"port": targets.web_port, "token": encoded, "rate": rate, "notes": str(notes)}
    pushing = targets.running.start(
        "pusher", [sys.executable, "-m", "rehearsal.bench.long_run.pusher", json.dumps(spec)]
    )
    try:
        yield
    finally:
        targets.down.add("pusher")  # it ends because it is asked to
        pushing.popen.terminate()
        pushing.popen.wait(pusher.TIMEOUT * 2)
