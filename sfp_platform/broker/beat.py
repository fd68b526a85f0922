"""Beat, which asks the database whether somebody is waiting before it has a worker look.

A tick that finds nothing costs one small statement here instead of a message, a task and its statements there.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import structlog
from celery.beat import PersistentScheduler
from django.db import close_old_connections
from django.utils import timezone

from partners.ground.deadlines import is_any_due

log = structlog.get_logger(__name__)


def _due(*models: Any) -> Callable[[], bool]:
    return lambda: is_any_due(models, timezone.now())


@cache
def conditions() -> dict[str, Callable[[], bool]]:
    """Task -> whether it has anything to do. A task that is not here is sent every time."""
    from billing import tasks as billing
    from billing.models import UnpostedPayment
    from ocpi import tasks as ocpi
    from ocpi.calls import outgoing
    from ocpi.models import HandshakeRun, Refresh, TokenPush
    from onboarding import allowlist
    from onboarding import tasks as onboarding
    from onboarding.models import ConnectionCheck
    from sessions_adhoc import tasks as sessions
    from sessions_adhoc.models import AccountDue, ReceiptWish

    return {
        ocpi.sync_handshakes_tick.name: _due(HandshakeRun),
        onboarding.sync_connection_checks_tick.name: _due(ConnectionCheck),
        ocpi.sync_refresh_tick.name: _due(Refresh),
        ocpi.push_tick.name: _due(TokenPush, *outgoing.queued_models()),
        billing.sync_books_tick.name: _due(UnpostedPayment),
        sessions.sync_accounts_tick.name: _due(AccountDue),
        sessions.sync_forget_addresses.name: _due(ReceiptWish),
        onboarding.sync_allowlist.name: allowlist.is_configured,
    }


def is_needed(task: str) -> bool:
    """Whether the task has anything to do; also where nobody can tell."""
    try:
        condition = conditions().get(task)
        return condition is None or condition()
    except Exception:
        log.exception("beat_cannot_tell", task=task)
        # The connection is kept from one tick to the next, since fetching one costs more than the question does.
        close_old_connections()
        return True


class Scheduler(PersistentScheduler):
    """Celery's own, which passes over what has nothing to do."""

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        if is_needed(entry.task):
            super().apply_entry(entry, producer)
