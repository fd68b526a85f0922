"""What waits for a worker: per deadline column the rows that are due, and for how long the oldest of them is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from partners.admin.kit.showing import duration
from sfp_platform.broker.due import Due, due_at

# Beats come every second to every few seconds; what is due for longer nobody has taken.
PATIENCE = timedelta(seconds=60)


@dataclass(frozen=True)
class Queue:
    """`behind`: for how long the oldest of its due rows waits; `late`: longer than a worker takes to come by.

    `options`: of the model, by which the page finds what the sidebar calls it.
    """

    options: Any
    due: int
    behind: str
    late: bool


def queues(now: datetime) -> list[Queue]:
    """Those with due rows, late ones first."""
    found = [_queue(one, one.oldest, now) for one in due_at(now) if one.oldest is not None]
    return sorted(found, key=lambda queue: (not queue.late, -queue.due, str(queue.options)))


def _queue(due: Due, oldest: datetime, now: datetime) -> Queue:
    return Queue(due.model._meta, due.rows, duration((now - oldest).total_seconds()), oldest < now - PATIENCE)
