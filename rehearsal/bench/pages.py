"""Every page of the admin with 500 partners, 100,000 EVSEs, a million messages and a million sessions behind it.

    make bench ARGS="pages [--scale 0.01] [--only TEXT] [--database URL]"

Each page is asked for as a superuser, in this process: once to warm up, then five times, of which the median counts (a
page that takes less than a fifth of the time the first time is not asked for again). It has to be there within 300 ms
on the server, with as many queries as when there was a hundredth of the rows. A database named by `--database` is
filled when it is empty, and kept.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rehearsal.bench.figures import median, say
from rehearsal.bench.stages import at, set_up_django, take
from rehearsal.stage.environment import Stage

LIMIT_MS = 300
ROUNDS = 5
FEW = 0.01
SHOWN = 10
COLUMNS = "in all, of it computing, of it in the database; queries"


@dataclass(frozen=True)
class Figure:
    """What one page took: the medians in milliseconds, in all, of it this process computing, of it in the database."""

    name: str
    url: str
    status: int
    total_ms: float
    computing_ms: float
    database_ms: float
    queries: int
    rows: int | None
    slowest_query: str
    content: str
    changes: Any


class Watch:
    """Counts and times the queries of this process."""

    def __init__(self) -> None:
        self.times: list[tuple[float, str]] = []

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.times.append(((time.perf_counter() - began) * 1000, str(sql)))


class Visitor:
    """A superuser's browser."""

    def __init__(self) -> None:
        from django.contrib.auth.models import User
        from django.test import Client

        boss, _ = User.objects.get_or_create(username="bench-boss", is_staff=True, is_superuser=True)
        self.client = Client(headers={"host": "localhost"})
        self.client.force_login(boss)

    def visit(self, page: Any, rounds: int = ROUNDS) -> Figure:
        from django.core.cache import cache
        from django.db import connection

        self.client.get(page.url)
        totals, computing, inside = [], [], []
        for _ in range(rounds):
            cache.clear()  # unfold keeps what a search found
            watch, began, began_computing = Watch(), time.perf_counter(), time.thread_time()
            with connection.execute_wrapper(watch):
                answer = self.client.get(page.url)
            totals.append((time.perf_counter() - began) * 1000)
            computing.append((time.thread_time() - began_computing) * 1000)
            inside.append(sum(took for took, _ in watch.times))
            if totals[0] < LIMIT_MS / ROUNDS:
                break
        changes = (getattr(answer, "context_data", None) or {}).get("cl")
        return Figure(
            name=page.name,
            url=page.url,
            status=answer.status_code,
            total_ms=median(totals),
            computing_ms=median(computing),
            database_ms=median(inside),
            queries=len(watch.times),
            rows=len(changes.result_list) if changes is not None else None,
            slowest_query=max(watch.times, default=(0.0, ""))[1],
            content="" if answer.streaming else answer.content.decode(errors="replace"),
            changes=changes,
        )


def walk(visitor: Visitor, rounds: int, only: str = "") -> Iterator[Figure]:
    """Every page, and from each what it leads to: what a list offers, the tabs of a row."""
    from rehearsal.bench import addresses

    for page in (*addresses.plain_pages(), *addresses.row_pages(), *addresses.searches()):
        if only in page.name:
            seen = visitor.visit(page, rounds)
            yield seen
            further = addresses.of_list(page, seen.changes) if seen.changes else addresses.tabs(page, seen.content)
            yield from (visitor.visit(more, rounds) for more in further)


def judged(figure: Figure, few: dict[str, Figure]) -> str:
    """What is wrong with it; empty where it is as it has to be."""
    if figure.status not in (200, 302):
        return f"HTTP {figure.status}"
    if figure.total_ms > LIMIT_MS:
        return f"over {LIMIT_MS} ms"
    before = few.get(figure.name)
    comparable = before and (figure.rows is None or (before.rows and figure.rows))
    if before and comparable and figure.queries > before.queries:
        return f"{before.queries} queries with few rows"
    return ""


def line(figure: Figure) -> str:
    times = (figure.total_ms, figure.computing_ms, figure.database_ms)
    return "".join(f"{time_ms:7.0f} ms" for time_ms in times) + f" {figure.queries:4}"


def measure(visitor: Visitor, few: dict[str, Figure], only: str, explain: bool) -> int:
    """Print each page; return the exit code: 1 when one is not as it has to be, 2 when there is none of that name."""
    figures = []
    say(f"Per page: {COLUMNS}")
    for figure in walk(visitor, ROUNDS, only):
        figures.append(figure)
        fault = judged(figure, few)
        state = f"MISSED: {fault}" if fault else "OK"
        say(f"{line(figure)}  {state:6}  {figure.name}")
        if explain and fault:
            say(f"    {figure.url}\n    {figure.slowest_query[:1500]}")
    if not figures:
        say(f"No page has {only!r} in its name.")
        return 2
    missed = [figure for figure in figures if judged(figure, few)]
    say(f"\nThe slowest of {len(figures)} pages ({COLUMNS}):")
    for figure in sorted(figures, key=lambda one: -one.total_ms)[:SHOWN]:
        say(f"{line(figure)}  {figure.name}")
    say(f"{len(missed)} missed." if missed else f"All within {LIMIT_MS} ms, with a constant number of queries.")
    return 1 if missed else 0


@contextmanager
def stage_for(database: str) -> Iterator[Stage]:
    if not database:
        with take("pages") as stage:
            yield stage
        return
    with TemporaryDirectory(prefix="sfp-bench-pages-") as folder:
        yield at(Path(folder), database, "sfp_bench_pages:")


def run(options: argparse.Namespace, stage: Stage) -> int:
    set_up_django(stage)
    from partners.models import Partner
    from rehearsal.bench.crowd import Sizes, grow

    few: dict[str, Figure] = {}
    visitor = Visitor()
    if not Partner.objects.exists():
        sizes = Sizes().at(options.scale)
        least = sizes.at(FEW)
        grow(None, least)
        few = {figure.name: figure for figure in walk(visitor, 1, options.only)}
        grow(least, sizes)
    return measure(visitor, few, options.only, options.explain)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="rehearsal.bench.pages", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size, for quick tries")
    parser.add_argument("--only", default="", help="only pages with this in their name")
    parser.add_argument("--database", default="", help="a PostgreSQL URL; filled when empty, and kept")
    parser.add_argument("--explain", action="store_true", help="with the slowest query of what is missed")
    options = parser.parse_args(arguments)
    with stage_for(options.database) as stage:
        return run(options, stage)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
