"""What is looked at while it runs: the memory of each process now, and the longest lags since the last line."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from django.db import close_old_connections
from django.utils import timezone

from partners.models import Retention
from rehearsal.bench.figures import offspring, own_cpu_seconds, percentile, resident_mb
from rehearsal.bench.long_run.pusher import Note
from rehearsal.bench.torture.targets import Targets
from sessions_adhoc.models import ReceiptWish
from sfp_platform.broker.due import due_at
from sfp_platform.health.looks import Signs, What
from sfp_platform.metrics import states

LOOK_SECONDS = 5.0
SELDOM = (Retention, ReceiptWish)
"""Each ten minutes a worker looks whether any is due: they always wait for minutes."""
HEAD = (
    "minute",
    "load",
    "cores",
    "due s",
    "tick s",
    "queue s",
    "queued",
    "waits longest",
    "memory of each process, MB",
)


@dataclass
class Line:
    """The figures of some minutes; lags in seconds, the longest that was seen.

    `due`: for how long the oldest row waited whose time had come. `tick`: since something last went through a queue,
    which beat sends through each every ten seconds. `queue`: for how long the oldest message waited in the broker, and
    `queued`, how many did. `cores`: the processor time of all processes of the platform by the clock.
    """

    until: float
    load: float = 0.0
    spent: float = 0.0
    cores: float = 0.0
    lags: dict[str, float] = field(default_factory=dict)
    memory: dict[str, list[float]] = field(default_factory=dict)
    waits_longest: str = ""
    unanswered: int = 0

    def see(self, what: str, value: float) -> None:
        self.lags[what] = max(value, self.lags.get(what, 0.0))

    def see_due(self, model: str, seconds: float) -> None:
        if seconds > self.lags.get("due", 0.0):
            self.waits_longest = model
        self.see("due", seconds)

    def text(self, began: float) -> str:
        lags = "  ".join(f"{self.lags.get(name, 0.0):7.1f}" for name in ("due", "tick", "queue", "queued"))
        memory = ", ".join(f"{name} {'+'.join(f'{mb:.0f}' for mb in found)}" for name, found in self.memory.items())
        missed = f"; {self.unanswered} looks without an answer" if self.unanswered else ""
        begin = f"{(self.until - began) / 60:6.1f}  {self.load:4.1f}  {self.cores:5.2f}"
        return f"{begin}  {lags}  {self.waits_longest:18}  {memory}{missed}"


class Looking(threading.Thread):
    """Looks every few seconds, and says a line every `every` seconds. It asks the database like anybody else."""

    def __init__(self, targets: Targets, every: float, say: Callable[[str], None]) -> None:
        super().__init__(name="looking", daemon=True)
        self.targets, self.every, self.say = targets, every, say
        self.began = time.time()
        self.lines = list[Line]()
        self.over = threading.Event()
        self.used: dict[int, float] = {}

    def run(self) -> None:
        self.say("  ".join(HEAD))
        self._spend()
        while not self.over.is_set():
            line = Line(time.time() + self.every)
            while time.time() < line.until and not self.over.wait(LOOK_SECONDS):
                self._look(line)
            self._end(line)

    def stop(self) -> None:
        self.over.set()
        self.join()

    def _look(self, line: Line) -> None:
        line.spent += self._spend()
        try:
            now = timezone.now()
            for one in due_at(now):
                if one.oldest and one.model not in SELDOM:
                    line.see_due(one.model._meta.object_name or "", (now - one.oldest).total_seconds())
        except Exception:  # noqa: BLE001  (what it asks is killed now and then)
            line.unanswered += 1
            close_old_connections()
            return
        with suppress(Exception):
            ages = [age for (what, _name), age in Signs.read().ages.items() if what == What.QUEUE]
            line.see("tick", max(ages, default=0.0))
            depths, waiting = states.queues()
            line.see("queued", sum(one.value for one in depths.samples))
            line.see("queue", max(one.value for one in waiting.samples))

    def _end(self, line: Line) -> None:
        began = self.lines[-1].until if self.lines else self.began
        line.until, line.load = time.time(), os.getloadavg()[0]
        line.cores = (line.spent + self._spend()) / max(1.0, line.until - began)
        line.memory = {name: list(memory(pid)) for name, pid in self._pids().items()}
        self.lines.append(line)
        self.say(line.text(self.began))

    def _pids(self) -> dict[str, int]:
        ours = {name: one.popen.pid for name, one in self.targets.running.running.items() if _is_ours(name)}
        for name, server in self.targets.servers.items():
            if server.popen is not None:
                ours[name] = server.popen.pid
        return ours

    def _spend(self) -> float:
        """Processor seconds of all processes since it was last asked."""
        spent, first = 0.0, not self.used
        for top in self._pids().values():
            with suppress(OSError):
                for pid in offspring(top):
                    now = own_cpu_seconds(pid)
                    spent += 0.0 if first else now - self.used.get(pid, 0.0)
                    self.used[pid] = now
        return spent


def _is_ours(name: str) -> bool:
    return name.startswith(("web", "worker", "beat"))


def memory(pid: int) -> Iterator[float]:
    """Of the process and what it started, the largest first; of many (PostgreSQL's) the largest three."""
    found = list[float]()
    with suppress(OSError):
        for one in offspring(pid):
            with suppress(OSError):
                found.append(resident_mb(one))
    yield from sorted(found, reverse=True)[:3]


def pushes(notes: list[Note], lines: list[Line], began: float) -> Iterator[str]:
    """A line for the same minutes: how many were taken, and how long that took."""
    yield "minute  pushes taken    p50 ms   p99 ms   longest ms   not taken, and sent again"
    since = began
    for line in lines:
        mine = [one for one in notes if since <= one.at < line.until]
        taken = [one.ms for one in mine if one.is_taken]
        if taken:
            figures = f"{percentile(taken, 50):8.1f} {percentile(taken, 99):8.1f} {max(taken):12.0f}"
            yield f"{(line.until - began) / 60:6.1f}  {len(taken):12}  {figures}   {len(mine) - len(taken):6}"
        since = line.until
