"""Which pulls are due: after every handshake once, then in intervals (OCPI 2.2.1 §8.2.1: pushes are not repeated)."""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, Q

from ocpi.models import SyncRun
from ocpi.sync.clients import MODULE as CLIENTS
from ocpi.sync.paging import LISTED_UNDER
from ocpi.sync.requests import request_sync
from partners import clocks
from partners.models import Partner, RemoteEndpoint

OVERLAP = timedelta(minutes=10)  # clocks differ, and what is being written is not listed yet
JITTER = 0.1  # of the interval: partners are not asked all at once


@dataclass(frozen=True)
class Interval:
    """How often a module is pulled: `full` in whole, or what changed since the last pull."""

    module: str
    full: bool
    every: timedelta


INTERVALS = (
    Interval(CLIENTS, True, timedelta(hours=1)),
    Interval("locations", True, timedelta(days=1)),
    Interval("locations", False, timedelta(hours=1)),
    Interval("tariffs", True, timedelta(days=1)),
    Interval("cdrs", False, timedelta(hours=1)),
    Interval("booking_locations", True, timedelta(days=1)),
    Interval("booking_locations", False, timedelta(hours=1)),
    Interval("bookings", False, timedelta(minutes=15)),
)


def request_due(now: datetime) -> int:
    """Request every pull whose interval is over; return how many. Three queries, and two per new run."""
    partners = Partner.objects.filter(connection=Partner.Connection.CONNECTED).in_bulk()
    offered = set(
        RemoteEndpoint.objects.filter(partner__in=partners).exclude(role="RECEIVER").values_list("partner", "module")
    )
    last = _last_runs(list(partners), now)
    requested = 0
    for pk, partner in partners.items():
        for interval in INTERVALS:
            listed = (pk, LISTED_UNDER.get(interval.module, interval.module)) in offered
            if not listed or (interval.module == CLIENTS and not partner.hub_party_id):
                continue
            if not _due(pk, interval, last, now):
                continue
            since = None
            if not interval.full:
                latest = last.get((pk, interval.module, None), now - interval.every)
                since = clocks.asked_from(pk, latest - OVERLAP)
            request_sync(partner, interval.module, interval.full, since)
            # A full pull covers what a delta would bring.
            last[pk, interval.module, interval.full] = now
            last[pk, interval.module, None] = now
            requested += 1
    return requested


def delete_old_runs(now: datetime) -> int:
    """Delete ended pulls as old as messages may get; the last days' are needed to know what is due."""
    oldest_kept = now - timedelta(days=max(settings.OCPI_MESSAGE_DAYS, 3))
    old = SyncRun.objects.filter(ended_at__lt=oldest_kept).values_list("pk", flat=True)[:1000]
    return SyncRun.objects.filter(pk__in=list(old)).delete()[0]


def _last_runs(partner_ids: list[int], now: datetime) -> dict[tuple[int, str, bool | None], datetime]:
    """When a pull last began: by (partner, module, full), and under full=None when one last succeeded at all."""
    longest = max(interval.every for interval in INTERVALS) * (1 + JITTER)
    recent = (
        SyncRun.objects.filter(partner__in=partner_ids, created_at__gte=now - longest)
        .values_list("partner", "module", "full")
        .annotate(latest=Max("created_at"), good=Max("created_at", filter=Q(state=SyncRun.State.SUCCEEDED)))
        .order_by()
    )
    last: dict[tuple[int, str, bool | None], datetime] = {}
    for partner_id, module, full, latest, good in recent:
        last[partner_id, module, full] = latest
        if good is not None:
            key = (partner_id, module, None)
            last[key] = max(good, last.get(key, good))
    return last


def _due(
    partner_id: int, interval: Interval, last: dict[tuple[int, str, bool | None], datetime], now: datetime
) -> bool:
    times = [last.get((partner_id, interval.module, interval.full))]
    if not interval.full:
        times.append(last.get((partner_id, interval.module, True)))
    known = [time for time in times if time is not None]
    return not known or max(known) + interval.every * (1 + _jitter(partner_id, interval)) <= now


def _jitter(partner_id: int, interval: Interval) -> float:
    """The same for a partner each time, so that its pulls keep their distance."""
    return JITTER * (zlib.crc32(f"{partner_id}:{interval.module}".encode()) % 1000) / 1000
