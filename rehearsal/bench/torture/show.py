"""One run from the empty database to the report."""

from collections import Counter

from rehearsal.bench.torture import checks, report
from rehearsal.bench.torture.acquirers import Acquirer
from rehearsal.bench.torture.director import Director
from rehearsal.bench.torture.plan import Plan
from rehearsal.bench.torture.restoring import Drill
from rehearsal.bench.torture.servers import Server
from rehearsal.bench.torture.targets import Targets
from rehearsal.demo.printing import Printer
from rehearsal.stage.environment import Stage
from rehearsal.stage.processes import Processes


def show(
    plan: Plan,
    stage: Stage,
    servers: dict[str, Server],
    acquirer: Acquirer,
    *,
    cpos: int,
    patience: float,
    beats: int = 1,
    restore: bool = False,
) -> int:
    """Return the exit code: 1 when a promise was broken."""
    out = Printer()
    out.line(f"seed {plan.seed}: {len(plan.visits)} drivers in {plan.seconds:g} s, {len(plan.blows)} kills")
    with Processes(stage.folder, stage.environment()) as running:
        acquirer.start(running)
        targets = Targets(running, servers, stage.web_port, beats=beats)
        with out.step("database, web, two workers, beat, simulated CPOs, handshakes"):
            targets.raise_curtain(cpos)
        drill = Drill(targets, out.event) if restore else None
        director = Director(plan, targets, acquirer, out, drill.errands(plan.seconds) if drill else ())
        rest = director.run(patience)
        acquirer.calm()
        books = [cpo.state() for cpo in targets.cpos]
        if drill:
            drill.reconcile()
            out.line(drill.told)
            broken = checks.after_restore(books, acquirer.charges())
        else:
            broken = checks.violations(director.rides, books, acquirer.charges())
        broken += [checks.Violation("", text) for text in targets.fallen]
        sent = checks.mails_sent(stage.folder)
        if not plan.blows and not drill:  # a mail that a killed worker had sent goes out again, under its old id
            broken += checks.twice(sent)
        (stage.folder / "timelines.txt").write_text("\n".join(report.timelines()))
        out.line()
        for line in report.lines(director.rides, books, rest, broken):
            out.line(line)
        out.line(f"{len(sent)} mails, {sum(sent.values())} times; {beats} beats")
        afterwards = Counter(director.desk.seen_to.values()).most_common()
        out.line(f"Afterwards: {', '.join(f'{count} {what}' for what, count in afterwards) or 'nothing'}")
        out.line(f"seed {plan.seed}, {director.outages} kills")
    return 1 if broken else 0
