"""Beat, which asks the database whether somebody is waiting before it has a worker look.

A tick that finds nothing costs one small statement here instead of a message, a task and its statements there.
"""

import time
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

import structlog
from celery.beat import PersistentScheduler
from django.db import close_old_connections
from django.db.models import Model
from django.utils import timezone

from partners.ground.deadlines import is_any_due
from sfp_platform.broker.life import EVERY

log = structlog.get_logger(__name__)


QUIET_SECONDS = 0.5
"""How long it holds that nothing was due anywhere: within it ticks are passed over without a question of their own."""


@cache
def deadlines() -> dict[str, tuple[type[Model], ...]]:
    """Task -> the models with a deadline, of which one has to be due for it to have anything to do."""
    from billing import tasks as billing
    from billing.models import UnpostedPayment
    from ocpi import tasks as ocpi
    from ocpi.calls import outgoing
    from ocpi.models import HandshakeRun, Refresh, TokenPush
    from onboarding import tasks as onboarding
    from onboarding.models import Alert, ConnectionCheck
    from sessions_adhoc import tasks as sessions
    from sessions_adhoc.models import AccountDue, ContractRecord, ReceiptWish, WebhookDelivery

    return {
        ocpi.sync_handshakes_tick.name: (HandshakeRun,),
        onboarding.sync_connection_checks_tick.name: (ConnectionCheck,),
        onboarding.mail_alerts_tick.name: (Alert,),
        ocpi.sync_refresh_tick.name: (Refresh,),
        ocpi.push_tick.name: (TokenPush, *outgoing.queued_models()),
        billing.sync_books_tick.name: (UnpostedPayment,),
        sessions.sync_accounts_tick.name: (AccountDue,),
        sessions.sync_forget_addresses.name: (ReceiptWish,),
        sessions.push_webhooks_tick.name: (WebhookDelivery,),
        sessions.sync_contracts_tick.name: (ContractRecord,),
    }


@cache
def conditions() -> dict[str, Callable[[], bool]]:
    """Task -> whether it has anything to do. A task that is not here is sent every time."""
    from onboarding import allowlist
    from onboarding import tasks as onboarding

    due = {task: partial(_is_any_due, models) for task, models in deadlines().items()}
    return {**due, onboarding.sync_allowlist.name: allowlist.is_configured}


def _is_any_due(models: Iterable[type[Model]]) -> bool:
    return is_any_due(tuple(models), timezone.now())


def is_needed(task: str) -> bool:
    """Whether the task has anything to do; also where nobody can tell."""
    condition = conditions().get(task)
    return condition is None or _can_be(condition, task)


def _can_be(condition: Callable[[], bool], asking: str) -> bool:
    try:
        return condition()
    except Exception:
        log.exception("beat_cannot_tell", task=asking)
        # The connection is kept from one tick to the next, since fetching one costs more than the question does.
        close_old_connections()
        return True


def _give_sign() -> None:
    from sfp_platform.broker import pulse

    try:
        pulse.sign(pulse.What.BEAT, pulse.beat_name())
    except Exception:
        log.exception("beat_gives_no_sign")
        close_old_connections()


class Scheduler(PersistentScheduler):
    """Celery's own, which passes over what has nothing to do."""

    quiet_until = 0.0
    signs_at = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One round, and now and then a sign of life."""
        pause: float = super().tick(*args, **kwargs)
        if time.monotonic() >= self.signs_at:
            self.signs_at = time.monotonic() + EVERY
            _give_sign()
        return pause

    def adjust(self, n: float, drift: float = 0.0) -> float:
        """Celery wakes 10 ms before an entry is due, and asks again and again until it is: with entries of different
        moments that was most of what an idle beat did."""
        return n + drift

    def schedules_equal(self, old_schedules: Any, new_schedules: Any) -> bool:
        """Entries stay as they are while beat runs: comparing all of them was a fifth of what a tick costs."""
        return old_schedules is not None and new_schedules is not None

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        if entry.task in deadlines() and self._is_quiet():
            return
        if is_needed(entry.task):
            super().apply_entry(entry, producer)

    def _is_quiet(self) -> bool:
        """Whether nothing is due anywhere: one statement for all ticks of a moment, which mostly come together."""
        now = time.monotonic()
        if now >= self.quiet_until and not _can_be(partial(_is_any_due, _all_models()), "all"):
            self.quiet_until = now + QUIET_SECONDS
        return now < self.quiet_until


@cache
def _all_models() -> tuple[type[Model], ...]:
    return tuple(dict.fromkeys(model for models in deadlines().values() for model in models))
