"""Events are kept before they are handled, in any order, any number of times.

An event only makes a payment due: what is true the gateway is asked (`billing.payments.driving`). So one that comes
late, twice or before its cause does no harm, and one that never comes costs the time until the next look.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from billing.gateways import News
from billing.models import GatewayEvent, PaymentAuthorization, WaitingEvent
from billing.payments.services import tell
from partners.ground.deadlines import growing_pause, is_free
from partners.ground.enqueue import enqueue_after_commit

log = structlog.get_logger(__name__)
HANDLE_TASK = "billing.tasks.handle_event"
# What it is about may not be saved yet. Other things on the same account than our payments send events too.
TRIES = 6
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=2)


def keep(gateway: str, news: News) -> bool:
    """Keep an event, and have it handled after the commit; False for one that is known."""
    try:
        with transaction.atomic():
            event = GatewayEvent.objects.create(
                gateway=gateway,
                event_id=news.id,
                kind=news.kind,
                at=news.at,
                payment=news.payment,
                about=list(news.references),
                body=dict(news.body),
            )
            WaitingEvent.objects.create(event=event)
    except IntegrityError:
        return False
    enqueue_after_commit(HANDLE_TASK, event.pk)
    return True


def handle(event_id: int, handed_until: datetime | None = None) -> None:
    """Have the payment that an event is about looked into. Safe to call at any time, any number of times."""
    with transaction.atomic():
        now = timezone.now()
        waiting = WaitingEvent.objects.select_for_update().filter(is_free(now, handed_until), pk=event_id).first()
        if waiting is None:
            return
        event = waiting.event
        payment_id = payment_of(event)
        if payment_id is not None:
            tell(payment_id, kind=event.kind, key=event.event_id)
            waiting.delete()
            return
        waiting.tries += 1
        if waiting.tries >= TRIES:
            log.info("event_about_nothing_of_ours", gateway=event.gateway, kind=event.kind, told=event.event_id)
            waiting.delete()
            return
        waiting.next_check_at = now + growing_pause(waiting.tries, FIRST_PAUSE, LONGEST_PAUSE)
        waiting.save()


def payment_of(event: GatewayEvent) -> UUID | None:
    """The payment that an event is about: by our own id, which was given when it was opened, else by the gateway's."""
    about = Q(gateway_reference__in=[name for name in event.about if name])
    with suppress(ValueError):
        about |= Q(pk=UUID(event.payment))
    found = PaymentAuthorization.objects.filter(about, gateway=event.gateway).order_by("created_at")
    return found.values_list("pk", flat=True).first()
