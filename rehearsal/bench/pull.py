"""A full pull of 10,000 Locations with three EVSEs each from a paged server on this machine: memory must stay flat.

The server is a process of its own, so that only the platform's memory is measured.
"""

import json
import resource
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import Any

from rehearsal.bench import place as places
from rehearsal.bench.figures import median, say, verdict

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
        self.memory.append(places.resident_mb())
        self.count = 0


def main() -> int:
    with ExitStack() as stack:
        place = stack.enter_context(places.take("pull"))
        places.set_up_django(place)
        port = places.free_port()
        command = [sys.executable, "-m", "rehearsal.bench.paged", json.dumps([port, LOCATIONS, EVSES])]
        server = subprocess.Popen(command, cwd=places.ROOT, stdout=subprocess.PIPE)  # noqa: S603
        stack.callback(server.wait)
        stack.callback(server.terminate)
        assert server.stdout is not None  # noqa: S101 (narrows the type)
        server.stdout.readline()
        pull(f"http://127.0.0.1:{port}/locations")
    return 0


def pull(url: str) -> None:
    """Pull page by page as the sync does, and print the figures."""
    from django.db import connection

    from ocpi.models import Evse, Location
    from rehearsal.bench import seed

    partner, _ = seed.connected_partner()
    watch = Watch()
    seed.endpoint(partner, "locations", url)
    before, started, worked = places.resident_mb(), time.monotonic(), time.process_time()
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
