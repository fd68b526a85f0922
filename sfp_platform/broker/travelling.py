"""What travels with a task: the id of what caused it, and when it was sent. And how tasks are counted."""

import time
from contextlib import ExitStack
from typing import Any

from celery.signals import before_task_publish, task_postrun, task_prerun

from partners.ground import counting, tracing

CORRELATION, SENT_AT = "correlation", "sent_at"
_open: dict[str, tuple[ExitStack, float]] = {}
"""What was bound for each task that runs, by its id."""


@before_task_publish.connect(weak=False)
def _send_along(headers: dict[str, Any], **_kwargs: Any) -> None:
    headers[SENT_AT] = time.time()
    if current := tracing.current():
        headers[CORRELATION] = current


@task_prerun.connect(weak=False)
def _bind(task_id: str, task: Any, **_kwargs: Any) -> None:
    stack = ExitStack()
    stack.enter_context(tracing.carrying(str(task.request.get(CORRELATION) or "")))
    _open[task_id] = stack, time.monotonic()
    sent_at, queue = task.request.get(SENT_AT), queue_of(task)
    if isinstance(sent_at, float) and queue:
        # Clocks of hosts differ: nothing waits for less than no time.
        counting.counted().task_waits.labels(queue).observe(max(0.0, time.time() - sent_at))


@task_postrun.connect(weak=False)
def _let_go(task_id: str, task: Any, state: str | None = None, **_kwargs: Any) -> None:
    bound = _open.pop(task_id, None)
    if bound is None:
        return
    bound[0].close()
    counting.counted().tasks.labels(task.name, (state or "").lower()).inc()
    counting.counted().task_seconds.labels(queue_of(task)).observe(time.monotonic() - bound[1])


def queue_of(task: Any) -> str:
    """The queue that a task came through; "" for one that a worker does itself."""
    return str((task.request.delivery_info or {}).get("routing_key") or "")
