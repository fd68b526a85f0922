"""What every process counts while it works, for `/metrics`.

Each process counts in files of its own in `METRICS_DIR`, which whoever is asked for metrics adds up: web processes and
workers of one host share a folder. Without a folder each process counts for itself. The library is loaded with the
first thing that is counted: commands count nothing.
"""

import os
from collections import Counter as Numbers
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

import structlog
from django.conf import settings

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram, values

    # Whoever has loaded it before has had it decide already.
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
log = structlog.get_logger(__name__)
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
GROUPS = (1, 2, 4, 8, 16, 32, 64)
_making = Lock()


@dataclass(frozen=True)
class Counted:
    """Everything that is counted. In labels partners are named by their code; strangers have none."""

    messages: "Counter"
    message_seconds: "Histogram"
    push_groups: "Histogram"
    push_seconds: "Histogram"
    requests: "Counter"
    tasks: "Counter"
    task_seconds: "Histogram"
    task_waits: "Histogram"


def folder() -> str:
    """Where processes count together; "" where each counts for itself."""
    chosen = str(settings.METRICS_DIR)
    if not chosen:
        return ""
    try:
        os.makedirs(chosen, exist_ok=True)
    except OSError as error:
        log.warning("metrics_not_shared", folder=chosen, error=str(error))
        return ""
    return chosen


def counted() -> Counted:
    """Made once in a process, whichever of its threads counts first."""
    with _making:
        return _counted()


@cache
def _counted() -> Counted:
    """The library asks the environment when it is loaded."""
    if where := folder():
        os.environ[MULTIPROCESS] = where
    from prometheus_client import Counter, Histogram, values

    # Whoever has loaded it before has had it decide already.
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]

    exchanged = ("direction", "partner", "module", "status")
    return Counted(
        Counter("sfp_messages", "OCPI messages, by HTTP status; without one: no answer came.", exchanged),
        Histogram("sfp_message_seconds", "How long they took.", ("direction", "module"), buckets=SECONDS),
        Histogram("sfp_push_group", "Pushes that shared a commit.", ("module",), buckets=GROUPS),
        Histogram("sfp_push_seconds", "From the arrival of the first of them to its commit.", buckets=SECONDS),
        Counter("sfp_requests", "Requests that are no push, by what they were for.", ("area", "status")),
        Counter("sfp_tasks", "Tasks that ended.", ("task", "state")),
        Histogram("sfp_task_seconds", "How long tasks took.", ("queue",), buckets=SECONDS),
        Histogram("sfp_task_wait_seconds", "How long they waited in the queue.", ("queue",), buckets=SECONDS),
    )


def count_message(direction: str, partner: str, module: str, status: int | None, seconds: float) -> None:
    """Count an OCPI message that ended, ours or a partner's."""
    known = counted()
    known.messages.labels(direction, partner, module, str(status or "none")).inc()
    known.message_seconds.labels(direction, module).observe(seconds)


def count_pushes(direction: str, module: str, ended: Iterable[tuple[str, int]], seconds: float) -> None:
    """Count pushes that were stored together, each as (partner, HTTP status), at what a single one costs."""
    known, numbers = counted(), Numbers(ended)
    for (partner, status), number in numbers.items():
        known.messages.labels(direction, partner, module, str(status)).inc(number)
    known.push_groups.labels(module).observe(numbers.total())
    known.push_seconds.observe(seconds)
