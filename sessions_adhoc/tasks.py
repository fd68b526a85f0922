"""Celery tasks of the lifecycle. All idempotent, all take ids: running one twice or late changes nothing more."""

from typing import Any

import structlog
from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from billing.payments.driving import DRIVE_TASK, drive
from ocpi.calls.commands import send
from partners.ground.deadlines import claim_due
from partners.ground.enqueue import moment_of
from sessions_adhoc.accounts import closing, mailing
from sessions_adhoc.contracts import checking
from sessions_adhoc.driver import repeating
from sessions_adhoc.engine import lifecycle, pulls
from sessions_adhoc.engine.queueing import ADVANCE, ADVANCE_BATCH, PULL, SEND, doing_all_myself
from sessions_adhoc.models import AdHocSession, FallbackPull
from sessions_adhoc.webhooks import delivering
from sessions_adhoc.webhooks.delivering import PUSH_TASK

log = structlog.get_logger(__name__)
BATCH = 500
MOST_BATCHES = 20
PULL_LIFE = 10.0
"""Seconds that a due pull waits for a worker: the next sweep asks for it again."""
HANDED_OUT = 25
"""Sessions in one task: few enough that all workers share what is due, and the last one does not wait long."""


@shared_task(name=ADVANCE)
def advance(session_id: str) -> None:
    """Do what the facts call for, and all that comes of it now: ask the gateway, send the commands."""
    _do(ADVANCE, session_id)


@shared_task(name=SEND)
def send_command(command_id: str) -> None:
    """Send a command of a session, and do what its answer calls for."""
    _do(SEND, command_id)


def _do(task: str, *args: Any) -> None:
    with doing_all_myself() as kept:
        kept.add(task, args)
        while kept.waiting:
            task, args = kept.waiting.popleft()
            if task == ADVANCE:
                lifecycle.advance(*args)
            elif task == DRIVE_TASK:
                drive(*args)
            else:
                send(*args)


@shared_task(name=ADVANCE_BATCH)
def advance_batch(session_ids: list[str]) -> int:
    """Advance each of them; one that fails does not keep the others waiting. Return how many went through."""
    done = 0
    for session_id in session_ids:
        try:
            lifecycle.advance(session_id)
            done += 1
        except Exception:
            log.exception("an ad-hoc session could not be advanced; it is due again after its lease", id=session_id)
    return done


@shared_task(name="sessions_adhoc.tasks.tick")
def tick() -> int:
    """Claim the sessions that are due and have them advanced, and what else waits; return how many were claimed."""
    now, claimed = timezone.now(), 0
    for _ in range(MOST_BATCHES):
        due = claim_due(AdHocSession, now=now, lease=lifecycle.LEASE, limit=BATCH)
        claimed += len(due)
        ids = [str(pk) for pk in due]
        for first in range(0, len(ids), HANDED_OUT):
            _hand_on(ids[first : first + HANDED_OUT])
        if len(due) < BATCH:
            break
    for pull_id in FallbackPull.objects.filter(next_check_at__lte=now).values_list("pk", flat=True):
        sync_pull.apply_async(args=(pull_id,), expires=PULL_LIFE)
    return claimed


def _hand_on(session_ids: list[str]) -> None:
    """Give them to a worker; without a broker, be the worker."""
    try:
        advance_batch.delay(session_ids)
    except (OperationalError, OSError) as error:
        log.warning("no_broker_for_due_sessions", error=str(error))
        advance_batch(session_ids)


@shared_task(name=PULL)
def sync_pull(pull_id: int) -> bool:
    """GET /sessions or /cdrs of one partner for all sessions that wait; return whether this call did it."""
    return pulls.run(pull_id)


@shared_task(name="sessions_adhoc.tasks.sync_accounts_tick")
def sync_accounts_tick() -> int:
    """Issue the receipts and corrections that are due, and post what CPOs are owed; returns how many were looked at."""
    return closing.close_due()


@shared_task(name="sessions_adhoc.tasks.sync_forget_addresses")
def sync_forget_addresses() -> int:
    """Forget drivers' addresses, and repeatable requests, that were kept for long enough; returns how many."""
    return mailing.forget_addresses() + repeating.forget()


@shared_task(name=PUSH_TASK)
def push_webhook(delivery_id: int, held: str | None = None) -> int:
    """Deliver an event to a client's endpoint, and those that waited for it; returns how many were taken."""
    return delivering.deliver(delivery_id, moment_of(held))


@shared_task(name="sessions_adhoc.tasks.push_webhooks_tick")
def push_webhooks_tick() -> int:
    """Hand out the events that are due; returns how many."""
    return delivering.hand_out_due(timezone.now())


@shared_task(name="sessions_adhoc.tasks.sync_webhooks_clean")
def sync_webhooks_clean() -> int:
    """Delete events that were taken long ago; returns how many."""
    return delivering.delete_old(timezone.now())


@shared_task(name="sessions_adhoc.tasks.sync_contracts_tick")
def sync_contracts_tick() -> int:
    """Check contract charges and hand them to the back office; returns how many were looked at."""
    return checking.check_due()
