"""The queues of a larger installation, played with the figures that were measured on this one (`docs/scale.md`).

    python -m rehearsal.bench.scale --pushes 5000 --processes 16 --database-cores 16

Pushes arrive at random and are spread over web processes; each takes all that waits, up to 64, in one commit that costs
a fixed part and a part for each push, on its own core, and then the database's part on one of the database's. Prints
how long a push takes and how busy both are.
"""

import argparse
import heapq
import random
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

MOST = 64
"""Pushes that share a commit (`sfp_platform.web.gatherer`)."""


@dataclass(frozen=True)
class Costs:
    """Milliseconds of processor time, as measured: of a commit, and of each push in it."""

    web_commit: float = 3.2
    web_push: float = 0.5
    database_commit: float = 2.0
    database_push: float = 0.35

    def web(self, pushes: int) -> float:
        return self.web_commit + self.web_push * pushes

    def database(self, pushes: int) -> float:
        return self.database_commit + self.database_push * pushes


@dataclass(frozen=True)
class Outcome:
    """What came of it. Times in milliseconds; busy is a share of one, `left` what was not begun in time."""

    p50: float
    p99: float
    longest: float
    shared: float
    web_busy: float
    database_busy: float
    left: int

    def __str__(self) -> str:
        return (
            f"p50 {self.p50:.1f} ms, p99 {self.p99:.1f} ms, longest {self.longest:.0f} ms, "
            f"{self.shared:.1f} to a commit, web {self.web_busy:.0%} and database {self.database_busy:.0%} busy, "
            f"{self.left} left waiting"
        )


def play(
    pushes: float, processes: int, cores: int, costs: Costs, *, seconds: float = 5.0, share: float = 1.0, seed: int = 1
) -> Outcome:
    """Let `pushes` a second arrive; `share` is what of a core each web process gets."""
    chance = random.Random(seed)
    arrivals: list[deque[float]] = [deque() for _ in range(processes)]
    for at in _moments(chance, pushes, seconds * 1000):
        arrivals[chance.randrange(processes)].append(at)
    free = [(queue[0], number) for number, queue in enumerate(arrivals) if queue]
    heapq.heapify(free)
    database = [0.0] * cores
    took: list[float] = []
    web_used = database_used = 0.0
    commits = 0
    while free:
        at, number = heapq.heappop(free)
        queue = arrivals[number]
        group = [queue.popleft() for _ in range(min(MOST, sum(1 for one in queue if one <= at) or 1))]
        web, asked = costs.web(len(group)), costs.database(len(group))
        ready = max(at, group[-1]) + web / share
        done = max(ready, database[0]) + asked
        heapq.heapreplace(database, done)
        web_used, database_used, commits = web_used + web, database_used + asked, commits + 1
        took += [done - one for one in group]
        if queue and done < seconds * 1000:
            heapq.heappush(free, (max(done, queue[0]), number))
    took.sort()
    return Outcome(
        took[len(took) // 2],
        took[len(took) * 99 // 100],
        took[-1],
        len(took) / commits,
        web_used / (seconds * 1000 * processes * share),
        database_used / (seconds * 1000 * cores),
        sum(map(len, arrivals)),
    )


def _moments(chance: random.Random, a_second: float, until: float) -> Iterator[float]:
    at = chance.expovariate(a_second / 1000)
    while at < until:
        yield at
        at += chance.expovariate(a_second / 1000)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.bench.scale", description=__doc__)
    parser.add_argument("--pushes", type=float, default=5000.0, help="a second")
    parser.add_argument("--processes", type=int, default=16, help="web processes, each with a core of its own")
    parser.add_argument("--database-cores", type=int, default=16)
    for name, value in vars(Costs()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=value, help="ms, as measured")
    options = parser.parse_args(arguments)
    costs = Costs(options.web_commit, options.web_push, options.database_commit, options.database_push)
    sys.stdout.write(f"{play(options.pushes, options.processes, options.database_cores, costs)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
