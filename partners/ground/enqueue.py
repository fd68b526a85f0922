"""Handing work to a worker. The deadline columns are the truth: a broker that is away costs latency, nothing else."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from celery import current_app
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from kombu.exceptions import OperationalError

from partners.ground import tracing
from partners.ground.deadlines import claim_due

log = structlog.get_logger(__name__)
QUEUE_LEASE = timedelta(seconds=30)
"""How long a task may wait in the queue before the sweep hands the row out again."""
BATCH = 100


@dataclass(frozen=True)
class Kept:
    """Tasks that a worker does itself: of these names, in order, each once while it waits."""

    names: frozenset[str]
    waiting: deque[tuple[str, tuple[Any, ...]]] = field(default_factory=deque)

    def add(self, task: str, args: tuple[Any, ...]) -> None:
        if (task, args) not in self.waiting:
            self.waiting.append((task, args))


_kept: ContextVar[Kept | None] = ContextVar("tasks that this worker does itself", default=None)


@contextmanager
def keeping(*names: str) -> Iterator[Kept]:
    """Keep tasks of these names for the caller, who does them in this block, instead of queueing them.

    If the worker dies before it has, the sweep finds their rows, as it does when a message is lost.
    """
    kept = Kept(frozenset(names))
    before = _kept.set(kept)
    try:
        yield kept
    finally:
        _kept.reset(before)


def is_kept(task: str) -> bool:
    """Whether whoever runs this does tasks of this name itself."""
    kept = _kept.get()
    return kept is not None and task in kept.names


def enqueue(task: str, *args: Any) -> None:
    """Queue a task by name; without a broker it is left to the next sweep."""
    kept = _kept.get()
    if kept is not None and task in kept.names:
        kept.add(task, args)
        return
    try:
        current_app.send_task(task, args)
    except (OperationalError, OSError) as error:
        log.warning("task_not_queued", task=task, error=str(error))


def enqueue_after_commit(task: str, *args: Any) -> None:
    """Queue a task once the current transaction is committed."""
    transaction.on_commit(tracing.later(partial(enqueue, task, *args)), robust=True)


def hand_out(model: type[Model], task: str, *before: str) -> int:
    """Claim due rows and queue a task for each, with its key behind the arguments that come `before` it.

    The end of the claim goes with it, as its right to begin.
    """
    now = timezone.now()
    due = claim_due(model, now=now, lease=QUEUE_LEASE, limit=BATCH)
    for pk in due:
        enqueue(task, *before, str(pk) if isinstance(pk, UUID) else pk, (now + QUEUE_LEASE).isoformat())
    return len(due)


def moment_of(held: str | None) -> datetime | None:
    """The end of the claim that came with a task; None where nobody handed its row out."""
    return datetime.fromisoformat(held) if held else None
