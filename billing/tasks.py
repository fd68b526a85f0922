"""Celery's way into billing. Tasks take ids and can be run again: the database decides what is left to do."""

from datetime import datetime, timedelta

from celery import shared_task
from django.utils import timezone

from billing.books import payments as books
from billing.events import inbox
from billing.models import PaymentAuthorization, WaitingEvent
from billing.payments import services
from billing.payments.driving import DRIVE_TASK
from partners.ground.deadlines import claim_due
from partners.ground.enqueue import hand_out, moment_of

# How long a row handed out by the tick waits for its worker before the next tick hands it out again.
TICK_LEASE = timedelta(seconds=15)
TICK_LIMIT = 200


@shared_task(name="billing.tasks.tick")
def tick() -> int:
    """Hand out the authorizations whose deadline has passed; returns how many."""
    now = timezone.now()
    due = claim_due(PaymentAuthorization, now=now, lease=TICK_LEASE, limit=TICK_LIMIT)
    for authorization_id in due:
        drive.delay(str(authorization_id), (now + TICK_LEASE).isoformat())
    return len(due)


@shared_task(name=DRIVE_TASK)
def drive(authorization_id: str, handed_until: str | None = None) -> None:
    """Do the next step of one authorization; `handed_until` is the tick's lease (ISO 8601)."""
    services.drive(authorization_id, datetime.fromisoformat(handed_until) if handed_until else None)


@shared_task(name="billing.tasks.events_tick")
def events_tick() -> int:
    """Hand out the gateways' events that nobody has looked into yet; returns how many."""
    return hand_out(WaitingEvent, inbox.HANDLE_TASK)


@shared_task(name=inbox.HANDLE_TASK)
def handle_event(event_id: int, handed_until: str | None = None) -> None:
    """Have the payment looked into that an event is about; `handed_until` is the tick's lease (ISO 8601)."""
    inbox.handle(event_id, moment_of(handed_until))


@shared_task(name="billing.tasks.sync_books_tick")
def sync_books_tick() -> int:
    """Post what payments have told and the books do not have yet; returns how many were looked at."""
    return books.post_due()
