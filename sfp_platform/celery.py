"""The Celery application and its schedule.

Sessions, payments and commands are looked after by every worker itself (`sfp_platform.broker.sweep`). The beat entries
sweep the other deadline columns; they travel past what is queued in order (`sfp_platform.broker.queues`), and
carry `expires` so that a worker that was away does not work through a long backlog of ticks that the next one repeats.
"""

import os
from typing import Any

from celery import Celery
from celery.schedules import schedule
from celery.signals import setup_logging
from django.utils import timezone
from kombu.transport import TRANSPORT_ALIASES

from sfp_platform.broker import leaving, travelling
from sfp_platform.broker.life import EVERY
from sfp_platform.broker.queues import DUE, ENGINE, QUEUES, route
from sfp_platform.broker.sweep import SweepStep

__all__ = ["QUEUES", "app", "every", "leaving", "travelling"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sfp_platform.settings")

# By name: imported by whoever talks to Redis, which a command on a folder or a database does not.
TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "sfp_platform.broker.redis_transport:Transport"))
TRANSPORT_ALIASES["sentinel"] = "sfp_platform.broker.redis_transport:SentinelTransport"
app = Celery("sfp_platform")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

TICK_LIFE = 15.0
"""Seconds. Ticks must survive a queue that is behind and hosts whose clocks differ: without them nothing that got lost
is found again. Some at a time cost next to nothing, for the first one claims all that is due."""


def every(seconds: float, task: str, queue: str = ENGINE) -> dict[str, Any]:
    """A beat entry: `task` every `seconds`, past what waits on `queue`; dropped when later ones have taken over."""
    # With a clock that is in UTC as it is: Celery's own converts, three times a tick, and was half of beat's cost.
    at = schedule(seconds, nowfun=timezone.now)
    return {"task": task, "schedule": at, "options": {"expires": max(seconds, TICK_LIFE), "queue": queue + DUE}}


app.conf.task_routes = (route,)
app.steps["worker"].add(SweepStep)
app.conf.beat_scheduler = "sfp_platform.broker.beat:Scheduler"
app.conf.beat_schedule = {
    "handshakes-tick": every(1.0, "ocpi.tasks.sync_handshakes_tick", "sync"),
    "connection-checks-tick": every(1.0, "onboarding.tasks.sync_connection_checks_tick", "sync"),
    "sync-tick": every(5.0, "ocpi.tasks.sync_tick", "sync"),
    "refresh-tick": every(5.0, "ocpi.tasks.sync_refresh_tick", "sync"),
    "push-tick": every(2.0, "ocpi.tasks.push_tick", "push"),
    "push-reconcile": every(60.0, "ocpi.tasks.push_reconcile", "push"),
    "mail-tick": every(5.0, "partners.tasks.mail_tick", "mail"),
    "mail-retention": every(3600.0, "partners.tasks.mail_clean", "mail"),
    "personal-data": every(600.0, "partners.tasks.mail_forget_personal", "mail"),
    "detectors-tick": every(20.0, "partners.tasks.mail_detect", "mail"),
    "alerts-tick": every(5.0, "onboarding.tasks.mail_alerts_tick", "mail"),
    "certificates-tick": every(900.0, "ocpi.tasks.sync_certificates_tick", "sync"),
    "allowlist-tick": every(5.0, "onboarding.tasks.sync_allowlist", "sync"),
    "nightly-checks": every(300.0, "onboarding.tasks.sync_nightly_checks", "sync"),
    "scorecards": every(3600.0, "onboarding.tasks.sync_scorecards", "sync"),
    "evidence-tick": every(10.0, "onboarding.tasks.sync_evidence_tick", "sync"),
    "traffic-count": every(60.0, "ocpi.tasks.sync_count_traffic", "sync"),
    "books-tick": every(2.0, "billing.tasks.sync_books_tick", "sync"),
    "accounts-tick": every(2.0, "sessions_adhoc.tasks.sync_accounts_tick", "sync"),
    "contracts-tick": every(2.0, "sessions_adhoc.tasks.sync_contracts_tick", "sync"),
    "webhooks-tick": every(1.0, "sessions_adhoc.tasks.push_webhooks_tick", "push"),
    "webhooks-retention": every(3600.0, "sessions_adhoc.tasks.sync_webhooks_clean", "sync"),
    "receipt-addresses": every(600.0, "sessions_adhoc.tasks.sync_forget_addresses", "sync"),
    "message-log-retention": every(600.0, "ocpi.tasks.sync_delete_old_messages", "sync"),
    "pulse-engine": every(EVERY, "sfp_platform.tasks.pulse"),
    "pulse-push": every(EVERY, "sfp_platform.tasks.push_pulse", "push"),
    "pulse-sync": every(EVERY, "sfp_platform.tasks.sync_pulse", "sync"),
    "pulse-mail": every(EVERY, "sfp_platform.tasks.mail_pulse", "mail"),
}


@setup_logging.connect
def use_django_logging(**_kwargs: Any) -> None:
    """Keep the logging that Django's settings configured: Celery would replace it."""
