"""The sweep: every worker process looks for rows whose time has come, by itself (rule 38).

A thread beside the worker's pool, so that no backlog, no lost message, no beat that died and no broker that forgot
everything keeps it from looking. Rows are claimed in the database: any number of processes share them. What is found is
handed to a worker over a queue of its own (`broker.queues`); while the broker is away the sweep does it itself.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from celery import bootsteps
from django.db import close_old_connections, connections
from django.db.models import Model
from django.utils import timezone

from partners.ground.deadlines import is_any_due
from sfp_platform.broker.life import EVERY
from sfp_platform.broker.queues import DUE, sweeping

log = structlog.get_logger(__name__)
PAUSE_AFTER_FAILURE = 1.0
SESSIONS_EVERY = 0.5
"""Seconds between two looks for sessions that are due."""


@dataclass(frozen=True)
class Look:
    """One kind of row to look for: what finds it, and how often in seconds."""

    name: str
    every: float
    find: Callable[[], Any]
    among: tuple[type[Model], ...] = ()
    """Models with a deadline: where none of their rows is due, `find` is not called."""

    def __call__(self) -> None:
        if not self.among or is_any_due(self.among, timezone.now()):
            self.find()


class Sweeper(threading.Thread):
    """Looks again and again until it is told to stop. A look that fails is tried again and keeps no other waiting."""

    def __init__(self, looks: list[Look]) -> None:
        super().__init__(name=f"sweep-{looks[0].name}", daemon=True)
        self.looks, self.stopped = looks, threading.Event()
        self.next = {look.name: 0.0 for look in looks}

    def run(self) -> None:
        with sweeping():
            while not self.stopped.wait(self._pause()):
                self.sweep()
        connections.close_all()

    def sweep(self) -> None:
        """Do what is due now. The connection goes back after each round: a sweep at rest holds none."""
        for look in [look for look in self.looks if self.next[look.name] <= time.monotonic()]:
            self.next[look.name] = time.monotonic() + look.every
            try:
                close_old_connections()
                look()
            except Exception:
                log.exception("sweep_failed", look=look.name)
                self.next[look.name] = max(self.next[look.name], time.monotonic() + PAUSE_AFTER_FAILURE)
            finally:
                close_old_connections()

    def _pause(self) -> float:
        return max(0.0, min(self.next.values()) - time.monotonic())


def sweepers() -> list[Sweeper]:
    """Sessions have a thread of their own: a driver waits. Beside them what commands and payments left undone."""
    from billing import tasks as billing
    from billing.models import PaymentAuthorization, WaitingEvent
    from ocpi import tasks as ocpi
    from sessions_adhoc import tasks as sessions
    from sessions_adhoc.models import AdHocSession, FallbackPull

    others = [
        Look("payments", 1.0, billing.tick, (PaymentAuthorization,)),
        Look("gateways' events", 2.0, billing.events_tick, (WaitingEvent,)),
        Look("commands", 5.0, ocpi.commands_tick),
    ]
    waiting = Look("sessions", SESSIONS_EVERY, sessions.tick, (AdHocSession, FallbackPull))
    return [Sweeper([waiting]), Sweeper(others)]


def signs_of_life(worker: str, queues: Iterable[str]) -> Sweeper:
    """The thread that says that this worker is there, whatever the other two wait for."""
    from sfp_platform.broker import pulse

    serves = ",".join(queue for queue in queues if not queue.endswith(DUE))
    return Sweeper([Look("signs of life", EVERY, partial(pulse.sign, pulse.What.WORKER, worker, serves=serves))])


class SweepStep(bootsteps.StartStopStep):
    """Runs the sweep in a worker's main process, once its pool is there."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self.sweepers: list[Sweeper] = []

    def start(self, parent: Any) -> None:
        self.sweepers = [*sweepers(), signs_of_life(parent.hostname, parent.app.amqp.queues.consume_from)]
        for sweeper in self.sweepers:
            sweeper.start()

    def stop(self, _parent: Any) -> None:
        for sweeper in self.sweepers:
            sweeper.stopped.set()

    def terminate(self, parent: Any) -> None:
        self.stop(parent)
