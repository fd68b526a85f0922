"""One run from the empty database to the report."""

import os
from pathlib import Path

from rehearsal.bench.torture import checks, report
from rehearsal.bench.torture.director import Director
from rehearsal.bench.torture.plan import Plan
from rehearsal.bench.torture.servers import Server
from rehearsal.bench.torture.stage import Stage
from rehearsal.demo import processes
from rehearsal.demo.printing import Printer


def show(plan: Plan, folder: Path, port: int, servers: dict[str, Server], *, cpos: int, patience: float) -> int:
    """Return the exit code: 1 when a promise was broken."""
    out = Printer()
    out.line(f"seed {plan.seed}: {len(plan.visits)} drivers in {plan.seconds:g} s, {len(plan.blows)} kills")
    with processes.Processes(folder, dict(os.environ)) as running:
        stage = Stage(running, servers, port)
        with out.step("database, web, two workers, beat, simulated CPOs, handshakes"):
            stage.raise_curtain(cpos)
        director = Director(plan, stage, out)
        rest = director.run(patience)
        books = [cpo.state() for cpo in stage.cpos]
        broken = checks.violations(director.rides, books)
        broken += [checks.Violation("", text) for text in stage.fallen]
        (folder / "timelines.txt").write_text("\n".join(report.timelines()))
        out.line()
        for line in report.lines(director.rides, books, rest, broken):
            out.line(line)
        out.line(f"seed {plan.seed}, {director.outages} kills")
    return 1 if broken else 0
