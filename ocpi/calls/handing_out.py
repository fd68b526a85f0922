"""Handing due rows to workers, few at a time per partner, so that nobody waits for another partner.

A model for it has `partner`, `next_check_at` and `held`: while that is set, the moment is the end of a worker's lease.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from partners.ground.deadlines import claim_due
from partners.ground.enqueue import enqueue_after_commit
from partners.models import Partner

# How long a task may wait in the queue before the sweep hands the row out again.
QUEUE_LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class Few:
    """Rows of `model` that `task` is given, at most `at_once` of a partner's at the same time."""

    model: Any
    task: str
    at_once: int

    def hand_out_due(self, now: datetime) -> int:
        """Hand out what is due, for every connected partner; return how many."""
        due = self.model.objects.filter(partner=OuterRef("pk"), next_check_at__lte=now)
        partners = Partner.objects.filter(Exists(due), connection=Partner.Connection.CONNECTED)
        return sum(self.hand_out(partner) for partner in partners)

    def hand_out(self, partner: Partner) -> int:
        """Hand out the partner's due rows, as many as it may have under way; return how many."""
        now, rows = timezone.now(), self.model.objects.filter(partner=partner)
        with transaction.atomic():
            free = self.at_once - rows.filter(held=True, next_check_at__gt=now).count()
            if free <= 0:
                return 0
            due = claim_due(self.model, now=now, lease=QUEUE_LEASE, limit=free, where=Q(partner=partner))
            rows.filter(pk__in=due).update(held=True)
            for pk in due:
                enqueue_after_commit(self.task, pk, (now + QUEUE_LEASE).isoformat())
        return len(due)
