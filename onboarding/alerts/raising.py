"""Which channels are told of an incident, and when: one message per cause, in the transaction that opens it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from onboarding.models import Alert, AlertChannel
from partners.models import Incident

AGAIN_AFTER = timedelta(hours=6)
"""A cause that closes and comes back before that is told no second time."""


def raise_alerts(incidents: Sequence[Incident]) -> int:
    """Write the alerts about incidents that were just opened; return how many. Again, it changes nothing."""
    channels = list(AlertChannel.objects.filter(active=True))
    if not channels or not incidents:
        return 0
    now, told = timezone.now(), _told_lately(incidents)
    rows = [
        Alert(channel=channel, incident=incident, written_at=now, next_check_at=when(channel, incident, now))
        for incident in incidents
        for channel in channels
        if incident.severity >= channel.least_severity and (channel.pk, incident.partner_id, incident.key) not in told
    ]
    Alert.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _told_lately(incidents: Sequence[Incident]) -> set[tuple[int, int, str]]:
    """(channel, partner, cause) of what was told in the last hours. One statement."""
    recent = Alert.objects.filter(
        written_at__gt=timezone.now() - AGAIN_AFTER,
        incident__key__in={one.key for one in incidents},
        incident__partner__in={one.partner_id for one in incidents},
    ).exclude(state=Alert.State.WITHDRAWN)
    return set(recent.order_by().values_list("channel_id", "incident__partner_id", "incident__key"))


def when(channel: AlertChannel, incident: Incident, now: datetime) -> datetime:
    """When it may be told: at once, or, of what is not urgent, after the channel's quiet hours."""
    begin, end = channel.quiet_from, channel.quiet_until
    if begin is None or end is None or begin == end or incident.severity >= Incident.Severity.URGENT:
        return now
    local = timezone.localtime(now)
    clock = local.time()
    is_quiet = begin <= clock < end if begin < end else clock >= begin or clock < end
    if not is_quiet:
        return now
    over = local.replace(hour=end.hour, minute=end.minute, second=end.second, microsecond=end.microsecond)
    return over if over > local else _next_day(over)


def _next_day(moment: datetime) -> datetime:
    """The same time of the day after, whatever the clock change does to the hours between."""
    naive = moment.replace(tzinfo=None) + timedelta(days=1)
    return timezone.make_aware(naive)
