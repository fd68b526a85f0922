"""Who charges now."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from sessions_adhoc.admin.session import BEHIND
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import TERMINAL, State

MOST = 10


def live() -> QuerySet[AdHocSession]:
    """Sessions that are neither over nor escalated: those with a clock, which has an index."""
    return AdHocSession.objects.filter(next_check_at__isnull=False).exclude(state__in=TERMINAL | {State.ESCALATED})


def counts(now: datetime) -> dict[str, int]:
    """`live_count`, and `overdue_count`: those whose clock ran out a while ago, and nobody looked."""
    ticking = AdHocSession.objects.filter(next_check_at__isnull=False)
    is_live = ~Q(state__in=TERMINAL | {State.ESCALATED})
    is_overdue = Q(next_check_at__lt=now - BEHIND)
    return ticking.aggregate(live_count=Count("pk", filter=is_live), overdue_count=Count("pk", filter=is_overdue))


def escalated_count() -> int:
    """Sessions whose funds are held until somebody decides."""
    return AdHocSession.objects.filter(state=State.ESCALATED).count()


def live_sessions(now: datetime) -> list[Any]:
    """The newest live ones, each with `overdue`: whether its clock has run out without anybody looking."""
    rows: list[Any] = list(live().select_related("partner", "evse").order_by("-created_at")[:MOST])
    for row in rows:
        row.overdue = bool(row.next_check_at and row.next_check_at < now)
    return rows
