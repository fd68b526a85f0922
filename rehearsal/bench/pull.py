"""A full pull of 10,000 Locations with three EVSEs each from a paged server on this machine: memory must stay flat.

The server is a process of its own, so that only the platform's memory is measured.
"""

import json
import resource
import sys
import time
from contextlib import ExitStack
from typing import Any

from rehearsal.bench import stages
from rehearsal.bench.figures import median, resident_mb, say, verdict
from rehearsal.stage.ports import LOOPBACK, free_port
from rehearsal.stage.processes import Processes, answers

LOCATIONS, EVSES = 10_000, 3
MOST_SECONDS = 165.0
GROWTH_MB = 32.0


class Watch:
    """Counts pages, and what each of them costs, as the pull goes on."""

    def __init__(self) -> None:
        self.statements: list[int] = []
        self.memory: list[float] = []
        self.count = 0

    def statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Django calls it around every statement."""
        self.count += 1
        return execute(sql, params, many, context)

    def page(self) -> None:
        self.statements.append(self.count)
        self.memory.append(resident_mb())
        self.count = 0


def main() -> int:
    with ExitStack() as stack:
        stage = stack.enter_context(stages.take("pull"))
        stages.set_up_django(stage)
        running = stack.enter_context(Processes(stage.folder, stage.environment()))
        pull(start_cpo(running, LOCATIONS))
    return 0


def start_cpo(running: Processes, locations: int) -> str:
    """Start the server that has so many Locations; return the URL of their first page."""
    port = free_port()
    running.start("paged", [sys.executable, "-m", "rehearsal.bench.paged", json.dumps([port, locations, EVSES])])
    url = f"http://{LOOPBACK}:{port}/locations"
    running.wait_until("paged", answers(f"{url}?limit=1"))
    return url


def pull(url: str) -> None:
    """Pull page by page as the sync does, and print the figures."""
    from django.db import connection

    from ocpi.models import Evse, Location
    from rehearsal.bench import seed

    partner, _ = seed.connected_partner()
    watch = Watch()
    seed.endpoint(partner, "locations", url)
    before, started, worked = resident_mb(), time.monotonic(), time.process_time()
    with connection.execute_wrapper(watch.statement):
        seed.pull_locations(partner, watch.page, started + MOST_SECONDS)
    seconds, stored = time.monotonic() - started, Location.objects.count()
    worked = time.process_time() - worked
    pages = len(watch.statements)
    say(f"  {stored} locations, {Evse.objects.count()} EVSEs, {pages} pages, {seconds:.1f} s: {stored / seconds:.0f}/s")
    say(f"  processor time of the platform: {1000 * worked / stored:.2f} ms per location")
    first, last = median(watch.statements[1 : pages // 3]), median(watch.statements[-pages // 3 : -1])
    say(f"  statements per page: first third {first:g}, last third {last:g}: ratio {verdict(last / first, 1.05)}")
    early, late = watch.memory[pages // 10], watch.memory[-1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"  memory: before {before:.0f} MB, after a tenth {early:.0f}, at the end {late:.0f}, peak {peak:.0f}")
    say(f"  growth after the first tenth {late - early:.1f} MB: {verdict(late - early, GROWTH_MB)}")


if __name__ == "__main__":
    sys.exit(main())
