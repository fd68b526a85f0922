"""The gate before functional calls: a slow or dead partner must not take every worker.

What is going on with a partner is read from the message log, which all workers share: an exchange without a duration
is under way, one without an HTTP status got no answer. There is no other state, so nothing can get stuck. A call is
counted when it is in the log already: of several at the same time each sees those that are before it.
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


_worker_slots: int | None = None


def share_slots(slots: int) -> None:
    """Tell how many tasks this worker process and its children work on at a time; of them one partner gets half."""
    global _worker_slots
    _worker_slots = slots


def most_at_once() -> int:
    """How many calls to one partner may be under way: half of this worker's slots, or fewer where a setting says so.

    They are counted over all workers, so that none of them ever works for one partner alone.
    """
    most: int = settings.OCPI_CALLS_AT_ONCE
    return most if _worker_slots is None else min(most, max(1, _worker_slots // 2))


def admit(partner: Partner, message_id: int | None) -> None:
    """Let a call through whose row is in the log, or refuse it before anything is sent. One query.

    Raises:
        CallFailed: `busy`; its row is gone again.
    """
    if (reason := _reason_against(partner, message_id)) is not None:
        if message_id is not None:
            Message.objects.filter(pk=message_id).delete()
        raise CallFailed("busy", reason)


def _reason_against(partner: Partner, message_id: int | None) -> str | None:
    now = timezone.now()
    recent = _recent(partner, message_id, now)
    under_way = sum(1 for _, duration, _ in recent if duration is None)
    if under_way >= most_at_once():
        return f"{under_way} calls to {partner.name} are waiting for an answer already"
    ended = [(at + timedelta(milliseconds=duration), status) for at, duration, status in recent if duration is not None]
    last = sorted(ended, key=itemgetter(0), reverse=True)[:SILENT_CALLS]
    if len(last) == SILENT_CALLS and all(status is None for _, status in last) and now - last[0][0] < PAUSE:
        return f"the last {SILENT_CALLS} calls to {partner.name} got no answer; we pause a little"
    return None


def _recent(partner: Partner, message_id: int | None, now: datetime) -> list[tuple[datetime, int | None, int | None]]:
    """(began, duration in ms or None, HTTP status or None) of the newest calls before this one."""
    longest = timedelta(seconds=2 * (settings.OCPI_CONNECT_TIMEOUT + settings.OCPI_READ_TIMEOUT))
    outbound = Message.objects.filter(partner=partner, direction=Message.Direction.OUTBOUND, at__gt=now - longest)
    before = outbound if message_id is None else outbound.filter(pk__lt=message_id)
    newest = before.order_by("-id").values_list("at", "duration_ms", "http_status")
    return list(newest[: most_at_once() + SILENT_CALLS])
