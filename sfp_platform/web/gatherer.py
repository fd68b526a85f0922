"""The thread that takes pushes: always all that arrived while it was busy with those before, which share a commit."""

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
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
        self.recovered, self.recovers_at, self.failing = False, 0.0, False
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
        """For ever: there is no other thread. Whatever breaks, those who wait are told, and the next ones are taken."""
        while True:
            jobs: list[Job] = []
            answers: list[push.Answer | None] = []
            try:
                self._gather(jobs)
                answers = _answers(jobs)
                self.failing = False
            except BaseException as error:  # noqa: BLE001  (it may not end this thread)
                self._say_once(error, len(jobs))
            _tell_all(jobs, answers or [None] * len(jobs))

    def _gather(self, jobs: list[Job]) -> None:
        """Wait for pushes, and take all that are there; in the meantime, look after the spool and the connection."""
        if not self.recovered and time.monotonic() >= self.recovers_at:
            self._recover()
        try:
            jobs.append(self.jobs.get(timeout=IDLE_SECONDS))
        except Empty:
            connections[DEFAULT_DB_ALIAS].close()
            if not self.recovered:
                return
            jobs.append(self.jobs.get())
        while len(jobs) < MOST and not self.jobs.empty():
            jobs.append(self.jobs.get())

    def _recover(self) -> None:
        self.recovers_at = time.monotonic() + IDLE_SECONDS
        try:
            push.recover()
            self.recovered = True
        except Exception:
            log.exception("spool_not_recovered")

    def _say_once(self, error: BaseException, count: int) -> None:
        """Tell of what broke, and not again before something went well."""
        if not self.failing:
            self.failing = True
            with suppress(Exception):  # nor may a log that cannot be written
                log.error("pushes_left_to_views", count=count, exc_info=error)


def _answers(jobs: Sequence[Job]) -> list[push.Answer | None]:
    arrivals = [_receive(job) for job in jobs]
    known = [one for one in arrivals if one is not None]
    found = dict(zip(map(id, known), push.answer(known), strict=True)) if known else {}
    return [found.get(id(one)) for one in arrivals]


def _receive(job: Job) -> push.Arrival | None:
    try:
        return None if refusal_of(job.request) else push.receive(job.request, job.body)
    except Exception:  # it is this one's affair; its view says what is wrong with it
        log.exception("push_not_read")
        return None


def _tell_all(jobs: Sequence[Job], answers: Sequence[push.Answer | None]) -> None:
    waiting: dict[Any, list[tuple[asyncio.Future[Any], push.Answer | None]]] = {}
    for job, answer in zip(jobs, answers, strict=True):
        waiting.setdefault(job.loop, []).append((job.done, answer))
    for loop, outcomes in waiting.items():
        with suppress(Exception):  # the loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(_tell, outcomes)


def _tell(outcomes: Sequence[tuple["asyncio.Future[Any]", push.Answer | None]]) -> None:
    for done, answer in outcomes:
        if not done.done():
            done.set_result(answer)
