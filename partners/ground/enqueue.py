"""Handing work to a worker. The deadline columns are the truth: a broker that is away costs latency, nothing else."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from kombu.exceptions import OperationalError

from partners.ground.deadlines import claim_due

log = structlog.get_logger(__name__)
QUEUE_LEASE = timedelta(seconds=30)
"""How long a task may wait in the queue before the sweep hands the row out again."""
BATCH = 100


def enqueue(task: str, *args: Any) -> None:
    """Queue a task by name; without a broker it is left to the next sweep."""
    try:
        current_app.send_task(task, args)
    except (OperationalError, OSError) as error:
        log.warning("task_not_queued", task=task, error=str(error))


def enqueue_after_commit(task: str, *args: Any) -> None:
    """Queue a task once the current transaction is committed."""
    transaction.on_commit(partial(enqueue, task, *args))


def hand_out(model: type[Model], task: str) -> int:
    """Claim due rows and queue a task for each; the end of the claim goes with it, as its right to begin."""
    now = timezone.now()
    due = claim_due(model, now=now, lease=QUEUE_LEASE, limit=BATCH)
    for pk in due:
        enqueue(task, pk, (now + QUEUE_LEASE).isoformat())
    return len(due)


def moment_of(held: str | None) -> datetime | None:
    """The end of the claim that came with a task; None where nobody handed its row out."""
    return datetime.fromisoformat(held) if held else None
