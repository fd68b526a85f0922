"""A full pull of 10,000 Locations with three EVSEs each from a paged server on this machine, and the same once more
when nothing has changed: memory must stay flat.

The server is a process of its own, so that only the platform's memory is measured.
"""

import json
import resource
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from rehearsal.bench import stages
from rehearsal.bench.figures import median, resident_mb, say, verdict
from rehearsal.stage.ports import LOOPBACK, free_port
from rehearsal.stage.processes import Processes, answers

if TYPE_CHECKING:
    from partners.models import Partner

LOCATIONS, EVSES = 10_000, 3
MOST_SECONDS = 165.0
GROWTH_MB = 32.0
FIRST_PER_CORE, AGAIN_PER_CORE = 1200, 5000


class Watch:
    """Counts pages, and what each of them costs, as the pull goes on."""

    def __init__(self) -> None:
        self.statements: list[int] = []
        self.memory: list[float] = []
        self.count = 0
        self.seconds = self.worked = 0.0

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
    """Pull page by page as the sync does, twice, and print the figures of each."""
    from ocpi.models import Evse, Location
    from rehearsal.bench import seed

    partner, _ = seed.connected_partner()
    seed.endpoint(partner, "locations", url)
    before = resident_mb()
    first = pull_once(partner)
    stored = Location.objects.count()
    say(f"  {stored} locations, {Evse.objects.count()} EVSEs, {len(first.memory)} pages")
    tell("first", first, stored, FIRST_PER_CORE)
    tell("again, nothing changed", pull_once(partner), stored, AGAIN_PER_CORE)
    early, late = first.memory[len(first.memory) // 10], first.memory[-1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"  memory: before {before:.0f} MB, after a tenth {early:.0f}, at the end {late:.0f}, peak {peak:.0f}")
    say(f"  growth after the first tenth {late - early:.1f} MB: {verdict(late - early, GROWTH_MB)}")


def pull_once(partner: "Partner") -> Watch:
    from django.db import connection

    from rehearsal.bench import seed

    watch = Watch()
    started, worked = time.monotonic(), time.process_time()
    with connection.execute_wrapper(watch.statement):
        seed.pull_locations(partner, watch.page, started + MOST_SECONDS)
    watch.seconds, watch.worked = time.monotonic() - started, time.process_time() - worked
    return watch


def tell(what: str, watch: Watch, stored: int, aim: float) -> None:
    pages, per_core = len(watch.statements), stored / watch.worked
    say(f"  {what}: {watch.seconds:.1f} s, {stored / watch.seconds:.0f}/s, {1000 * watch.worked / stored:.2f} ms each")
    say(f"    per second of the platform's processor time: {per_core:.0f}: {verdict(per_core, aim, at_least=True)}")
    first, last = median(watch.statements[1 : pages // 3]), median(watch.statements[-pages // 3 : -1])
    say(f"    statements per page: first third {first:g}, last third {last:g}: ratio {verdict(last / first, 1.05)}")


if __name__ == "__main__":
    sys.exit(main())
