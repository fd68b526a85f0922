"""Counting the message log by hour and partner, in the background: pages read the sums (`TrafficHour`)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import TruncHour

from ocpi.models import Message, TrafficHour

HOUR = timedelta(hours=1)
# How far back is counted after a pause, and how long the sums are kept.
LOOK_BACK = timedelta(hours=25)
KEPT = timedelta(days=8)


def hour_of(moment: datetime) -> datetime:
    """The beginning of its hour, in UTC's hours as in everybody's."""
    return moment.replace(minute=0, second=0, microsecond=0)


def count_traffic(now: datetime) -> int:
    """Count the hours that may have changed since the last time anew; return how many rows there are of them.

    A message is completed after it was written, so the hour before the last counted one is taken along.
    """
    newest = TrafficHour.objects.aggregate(newest=Max("hour"))["newest"]
    since = max(newest - HOUR, hour_of(now - LOOK_BACK)) if newest else hour_of(now - LOOK_BACK)
    rows = [TrafficHour(**row) for row in _count(since)]
    try:
        with transaction.atomic():
            TrafficHour.objects.filter(Q(hour__gte=since) | Q(hour__lt=hour_of(now - KEPT))).delete()
            TrafficHour.objects.bulk_create(rows)
    except IntegrityError:  # another worker counted the same at the same moment
        return 0
    return len(rows)


def _count(since: datetime) -> list[dict[str, Any]]:
    rows = Message.objects.filter(at__gte=since).annotate(hour=TruncHour("at", tzinfo=UTC)).order_by()
    known = Q(duration_ms__isnull=False)
    grouped: Any = rows.values("partner_id", "hour", "direction").annotate(
        total=Count("pk"),
        failed=Count("pk", filter=Q(failed=True)),
        answered=Count("pk", filter=known),
        milliseconds=Sum("duration_ms"),
        slowest_ms=Max("duration_ms"),
    )
    return [
        {"duration_ms": row.pop("milliseconds") or 0, **row, "slowest_ms": row["slowest_ms"] or 0} for row in grouped
    ]
