"""What a push, a tick and a page cost with a thousand sessions and messages stored, and with a million.

Two databases on one server; a web server before each, pushed at in turn. Filling the larger one takes minutes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from typing import Any

from rehearsal.bench import ingest, stages
from rehearsal.bench.figures import median, say, vacuum, verdict
from rehearsal.stage.environment import Stage

KEPT = (1_000, 1_000_000)
"""Sessions, and messages, that are stored; partners and their chargers are the same."""
SESSIONS = 256
ROUNDS, CONNECTIONS = 5, 64
CASES = ("idle", "waiting")
TICKS, OPEN = 12, 1_000
PAGES = ("ocpi_message", "sessions_adhoc_adhocsession", "ocpi_cdr", "ocpi_ocpisession", "partners_incident")
AIM = 1.2


def main() -> int:
    """Fill both, then measure one thing after the other."""
    with ExitStack() as stack:
        few, many = (stack.enter_context(stages.take(name)) for name in ("few", "many"))
        tokens = [told_by("fill", stage, str(kept)) for stage, kept in zip((few, many), KEPT, strict=True)]
        stages.set_up_django(few)
        servers = [server(stage, stack) for stage in (few, many)]
        pushes(servers, tokens)
        compare("tick", *(told_by("tick", stage) for stage in (few, many)))
        pages(*(told_by("pages", stage) for stage in (few, many)))
    return 0


def told_by(step: str, stage: Stage, *arguments: str) -> Any:
    """What a step tells, done in a process of its own: Django knows one database."""
    command = [sys.executable, "-m", "rehearsal.bench.growth", step, *arguments]
    done = subprocess.run(command, env=stage.environment(), stdout=subprocess.PIPE, text=True, check=True)
    *said, told = done.stdout.strip().splitlines()
    for text in said:
        say(text)
    return json.loads(told)


def server(stage: Stage, stack: ExitStack) -> ingest.Server:
    found = ingest.ours(stage, stack)
    found.database = stage.variables["DATABASE_URL"].rpartition("/")[2]
    return found


def pushes(servers: list[ingest.Server], tokens: list[str]) -> None:
    numbers = count(1)
    for rounds in (1, ROUNDS):
        for one in servers:
            one.rounds.clear()
        for case in CASES * rounds:
            for one, token in zip(servers, tokens, strict=True):
                ingest.load(one, token, case, CONNECTIONS, next(numbers))
    for case in CASES:
        few, many = (one.rounds[case, CONNECTIONS] for one in servers)
        costs = [[a + b for a, b in zip(one.cpu_ms, one.database_ms, strict=True)] for one in (few, many)]
        compare(f"push, {case}", *map(median, costs))


def pages(few: dict[str, Any], many: dict[str, Any]) -> None:
    """Where both show as many rows."""
    for name in sorted(few.keys() & many.keys()):
        (before, shown), (after, as_many) = few[name], many[name]
        if shown == as_many:
            compare(f"page of {name}, {shown} rows", before, after)
        else:
            say(f"  page of {name}: {shown} rows in {before:.0f} ms, {as_many} in {after:.0f} ms")


def compare(what: str, few: float, many: float) -> None:
    say(f"  {what}: {few:.2f} ms and {many:.2f} ms: x {many / few:.2f}: {verdict(many / few, AIM)}")


def fill(kept: str) -> str:
    """Make the crowd, a connected CPO and charges that go on; return its token."""
    from rehearsal.bench import charges, seed
    from rehearsal.bench.crowd import Sizes, grow
    from rehearsal.bench.pages import Visitor

    Visitor()  # the one who made it all
    number = int(kept)
    grow(None, replace(Sizes(), messages=number, sessions=number, told=number // 5))
    partner, token = seed.connected_partner()
    seed.stations(partner, 1, 1)
    charges.make(partner, SESSIONS)
    vacuum()
    return token


def tick() -> float:
    """Milliseconds of a tick with as many sessions due as become due in a second."""
    from rehearsal.bench import sweep
    from sessions_adhoc.models import AdHocSession

    sample = AdHocSession.objects.filter(partner__code="bench").select_related("token", "authorization")[0]
    AdHocSession.objects.exclude(next_check_at=None).exclude(partner__code="bench").update(next_check_at=sweep.far())
    sweep.grow(sample, AdHocSession.objects.exclude(next_check_at=None).count() + OPEN)
    return median([sweep.one_tick()[0] * 1000 for _ in range(TICKS)])


def visit() -> dict[str, Any]:
    """Milliseconds of the lists that grow, and how many rows they show, by name."""
    from rehearsal.bench import addresses
    from rehearsal.bench.pages import Visitor

    visitor = Visitor()
    wanted = [page for page in addresses.plain_pages() if page.name in PAGES]
    seen = {page.name: visitor.visit(page) for page in wanted}
    return {name: (figure.computing_ms + figure.database_ms, figure.rows) for name, figure in seen.items()}


STEPS: dict[str, Callable[..., Any]] = {"fill": fill, "tick": tick, "pages": visit}


def take_step(name: str, *arguments: str) -> int:
    import django

    django.setup()
    if name == "fill":
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
    say(json.dumps(STEPS[name](*arguments)))
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sfp_platform.settings")
    sys.exit(take_step(*sys.argv[1:]) if sys.argv[1:] else main())
