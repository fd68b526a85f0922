"""Handing work to a worker. The deadline columns are the truth: a broker that is away costs latency, nothing else."""

from functools import partial
from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def enqueue(task: str, *args: Any) -> None:
    """Queue a task by name; without a broker it is left to the next sweep."""
    try:
        current_app.send_task(task, args)
    except (OperationalError, OSError) as error:
        log.warning("task_not_queued", task=task, error=str(error))


def enqueue_after_commit(task: str, *args: Any) -> None:
    """Queue a task once the current transaction is committed."""
    transaction.on_commit(partial(enqueue, task, *args))
