"""The gate before functional calls: a slow or dead partner must not take every worker.

What is going on with a partner is read from the message log, which all workers share: an exchange without a duration
is under way, one without an HTTP status got no answer. There is no other state, so nothing can get stuck.
"""

from datetime import datetime, timedelta
from operator import itemgetter

from django.conf import settings
from django.utils import timezone

from ocpi.client.failures import CallFailed
from ocpi.models import Message
from partners.models import Partner

# As many calls in a row without any answer, the last of them this short a time ago, and no new one is tried.
SILENT_CALLS = 5
PAUSE = timedelta(seconds=10)


def check(partner: Partner) -> None:
    """Let a call through, or refuse it before anything is sent. One query.

    Raises:
        CallFailed: `busy`
    """
    now = timezone.now()
    recent = _recent(partner, now)
    under_way = sum(1 for _, duration, _ in recent if duration is None)
    if under_way >= settings.OCPI_CALLS_AT_ONCE:
        raise CallFailed("busy", f"{under_way} calls to {partner.name} are waiting for an answer already")
    ended = [(at + timedelta(milliseconds=duration), status) for at, duration, status in recent if duration is not None]
    last = sorted(ended, key=itemgetter(0), reverse=True)[:SILENT_CALLS]
    if len(last) == SILENT_CALLS and all(status is None for _, status in last) and now - last[0][0] < PAUSE:
        raise CallFailed("busy", f"the last {SILENT_CALLS} calls to {partner.name} got no answer; we pause a little")


def _recent(partner: Partner, now: datetime) -> list[tuple[datetime, int | None, int | None]]:
    """(began, duration in ms or None, HTTP status or None) of the newest calls that can still be under way."""
    longest = timedelta(seconds=2 * (settings.OCPI_CONNECT_TIMEOUT + settings.OCPI_READ_TIMEOUT))
    return list(
        Message.objects.filter(partner=partner, direction=Message.Direction.OUTBOUND, at__gt=now - longest)
        .order_by("-id")
        .values_list("at", "duration_ms", "http_status")[: settings.OCPI_CALLS_AT_ONCE + SILENT_CALLS]
    )
