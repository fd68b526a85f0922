"""Queues, and the way past a backlog (rule 38).

Each queue has a twin for what a sweep found: `engine` and `engine.due`. Every worker that serves a queue serves its
twin as well, and takes from the twins first. What a sweep publishes goes there, and what comes of that in turn, so that
a row whose time has come waits for a free worker and never for what is queued in order.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatch
from typing import Any

from celery import Celery, current_task
from celery.signals import celeryd_after_setup
from kombu.utils.scheduling import round_robin_cycle

ENGINE = "engine"
QUEUES = "engine,push,sync,mail"
DUE = ".due"
ROUTES = {
    "ocpi.tasks.push_*": "push",
    "ocpi.tasks.sync_*": "sync",
    "sessions_adhoc.tasks.sync_*": "sync",
    "sessions_adhoc.tasks.push_*": "push",
    "billing.tasks.sync_*": "sync",
    "partners.tasks.mail_*": "mail",
    "onboarding.tasks.sync_*": "sync",
    "onboarding.tasks.mail_*": "mail",
    "sfp_platform.tasks.push_*": "push",
    "sfp_platform.tasks.sync_*": "sync",
    "sfp_platform.tasks.mail_*": "mail",
}
_sweeping: ContextVar[bool] = ContextVar("this thread sweeps", default=False)


class DueFirst(round_robin_cycle):
    """The order in which a worker's queues are asked: the twins, then the others in turn."""

    def consume(self, n: int) -> Any:
        return sorted((self.items or [])[:n], key=lambda name: not name.endswith(DUE))


ORDER = f"{__name__}:{DueFirst.__name__}"


@contextmanager
def sweeping() -> Iterator[None]:
    """What is published in this block was found by a sweep."""
    before = _sweeping.set(True)
    try:
        yield
    finally:
        _sweeping.reset(before)


def route(name: str, *_args: Any, **_kwargs: Any) -> dict[str, str]:
    """Celery's router: by the task's name, and by whether somebody waits for it since its time has come."""
    queue = next((queue for pattern, queue in ROUTES.items() if fnmatch(name, pattern)), ENGINE)
    return {"queue": queue + DUE if _is_due() else queue}


def _is_due() -> bool:
    """Whether a sweep publishes, or a task that one published."""
    if _sweeping.get():
        return True
    request = current_task.request if current_task else None
    info = (request.delivery_info if request else None) or {}
    return str(info.get("routing_key", "")).endswith(DUE)


def serve_twins(app: Celery) -> None:
    """Have the queues that a worker was started with bring their twins along."""
    chosen: Any = app.amqp.queues
    for name in [name for name in chosen.consume_from if not name.endswith(DUE)]:
        chosen.select_add(name + DUE)


@celeryd_after_setup.connect(weak=False)
def _after_setup(instance: Any, **_kwargs: Any) -> None:
    from ocpi.client import gate

    serve_twins(instance.app)
    gate.share_slots(instance.concurrency)
