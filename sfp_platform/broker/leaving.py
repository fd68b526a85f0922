"""A worker that is told to stop finishes the tasks that it has begun, but not for ever.

Celery waits for them without an end. What takes longer here is ended as a crash would end it, which loses nothing and
does nothing twice: every row that was taken has a lease or a state that says so.
"""

import os
import threading
from signal import SIGKILL
from typing import Any

import structlog
from billiard import active_children
from celery.signals import worker_shutting_down

log = structlog.get_logger(__name__)
LEAVE_SECONDS = 25.0


@worker_shutting_down.connect
def leave_in_time(**_told: Any) -> None:
    """From now on there is an end to it."""
    timer = threading.Timer(LEAVE_SECONDS, _end)
    timer.daemon = True
    timer.start()


def _end() -> None:
    log.error("tasks_ended_unfinished", after_seconds=LEAVE_SECONDS)
    for child in active_children():
        if child.pid is not None:
            os.kill(child.pid, SIGKILL)
    os._exit(1)
