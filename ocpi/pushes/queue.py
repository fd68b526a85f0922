"""Handing due pushes to workers: few at a time per partner, and nobody waits for another partner."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from ocpi.enqueue import enqueue_after_commit
from ocpi.models import TokenPush
from partners.deadlines import claim_due
from partners.models import Partner

PUSH_TASK = "ocpi.tasks.push_token"
AT_ONCE = 2  # calls to one partner; the tokens of a whole customer base must not crowd out its commands
# How long a task may wait in the queue before the sweep hands the row out again.
QUEUE_LEASE = timedelta(seconds=60)


def hand_out_due(now: datetime) -> int:
    """Hand out what is due, for every connected partner; return how many."""
    due = TokenPush.objects.filter(partner=OuterRef("pk"), next_check_at__lte=now)
    partners = Partner.objects.filter(Exists(due), connection=Partner.Connection.CONNECTED)
    return sum(hand_out(partner) for partner in partners)


def hand_out(partner: Partner) -> int:
    """Hand out the partner's due pushes, as many as it may have under way; return how many."""
    now = timezone.now()
    with transaction.atomic():
        under_way = TokenPush.objects.filter(partner=partner, held=True, next_check_at__gt=now).count()
        free = AT_ONCE - under_way
        if free <= 0 or partner.connection != Partner.Connection.CONNECTED:
            return 0
        due = claim_due(TokenPush, now=now, lease=QUEUE_LEASE, limit=free, where=Q(partner=partner))
        TokenPush.objects.filter(pk__in=due).update(held=True)
        for pk in due:
            enqueue_after_commit(PUSH_TASK, pk, (now + QUEUE_LEASE).isoformat())
    return len(due)
