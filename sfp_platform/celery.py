"""The Celery application and its schedule.

The beat entries only sweep deadline columns; they carry `expires` so that a worker that was away does not
work through a backlog of ticks that the next one repeats.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sfp_platform.settings")

app = Celery("sfp_platform")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def every(seconds: float, task: str, queue: str = "engine") -> dict[str, Any]:
    """A beat entry that runs `task` every `seconds` on `queue` and expires when the next one is due."""
    return {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 1.0), "queue": queue}}


app.conf.task_routes = {
    "ocpi.tasks.push_*": {"queue": "push"},
    "ocpi.tasks.sync_*": {"queue": "sync"},
    "partners.tasks.mail_*": {"queue": "mail"},
}
app.conf.beat_schedule = {
    "sessions-tick": every(1.0, "sessions_adhoc.tasks.tick"),
    "commands-tick": every(5.0, "ocpi.tasks.commands_tick"),
    "payments-tick": every(1.0, "billing.tasks.tick"),
    "handshakes-tick": every(1.0, "ocpi.tasks.sync_handshakes_tick", "sync"),
    "sync-tick": every(5.0, "ocpi.tasks.sync_tick", "sync"),
    "incident-mail-tick": every(5.0, "partners.tasks.mail_tick", "mail"),
    "message-log-retention": every(600.0, "ocpi.tasks.sync_delete_old_messages", "sync"),
}
QUEUES = "engine,push,sync,mail"


@setup_logging.connect
def use_django_logging(**_kwargs: Any) -> None:
    """Keep the logging that Django's settings configured: Celery would replace it."""
