"""The thread that takes pushes: always all that arrived while it was busy with those before, which share a commit."""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import structlog
from django.db import DEFAULT_DB_ALIAS, connections

from ocpi.server import push
from sfp_platform.middleware import refusal_of
from sfp_platform.web.environ import Arrived

log = structlog.get_logger(__name__)
MOST = 64
"""Pushes that share a commit."""
IDLE_SECONDS = 5.0
"""After so long without a push the connection goes back to the pool."""


@dataclass(frozen=True, slots=True)
class Job:
    """A request that may be a push, and where its answer goes."""

    request: Arrived
    body: bytes
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[push.Answer | None]"


class Gatherer:
    """One per process, and one thread."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[Job] = SimpleQueue()
        self.recovered, self.recovers_at = False, 0.0
        self.thread = threading.Thread(target=self._serve, name="pushes", daemon=True)

    def start(self) -> None:
        """Begin, with what processes left that died."""
        self.thread.start()

    async def answer(self, request: Arrived, body: bytes) -> push.Answer | None:
        """Have a push taken; None where it is for its view."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[push.Answer | None] = loop.create_future()
        self.jobs.put(Job(request, body, loop, done))
        return await done

    def _serve(self) -> None:
        while True:
            if not self.recovered and time.monotonic() >= self.recovers_at:
                self._recover()
            try:
                jobs = [self.jobs.get(timeout=IDLE_SECONDS)]
            except Empty:
                connections[DEFAULT_DB_ALIAS].close()
                jobs = [self.jobs.get()] if self.recovered else []
            while jobs and len(jobs) < MOST and not self.jobs.empty():
                jobs.append(self.jobs.get())
            _take(jobs)

    def _recover(self) -> None:
        try:
            push.recover()
            self.recovered = True
        except Exception:
            log.exception("spool_not_recovered")
            self.recovers_at = time.monotonic() + IDLE_SECONDS


def _take(jobs: Sequence[Job]) -> None:
    """Have some answered; whatever happens, each is answered with something."""
    answers: list[push.Answer | None] = [None] * len(jobs)
    try:
        arrivals = [None if refusal_of(job.request) else push.receive(job.request, job.body) for job in jobs]
        known = [one for one in arrivals if one is not None]
        found = dict(zip(map(id, known), push.answer(known), strict=True)) if known else {}
        answers = [found.get(id(one)) for one in arrivals]
    except Exception:
        log.exception("pushes_left_to_views", count=len(jobs))
    waiting: dict[Any, list[tuple[asyncio.Future[Any], push.Answer | None]]] = {}
    for job, answer in zip(jobs, answers, strict=True):
        waiting.setdefault(job.loop, []).append((job.done, answer))
    for loop, outcomes in waiting.items():
        loop.call_soon_threadsafe(_tell, outcomes)


def _tell(outcomes: Sequence[tuple["asyncio.Future[Any]", push.Answer | None]]) -> None:
    for done, answer in outcomes:
        if not done.cancelled():
            done.set_result(answer)
