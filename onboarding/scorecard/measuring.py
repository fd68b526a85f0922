"""The figures of one partner and one day, from the sums of the message log and from what is stored of charges."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Max, Q, Sum

from billing.models import OutstandingAmount
from ocpi.models import Cdr, Command, Message, SyncRun, TrafficHour
from onboarding.models import ScoreDay
from partners.models import Partner
from sessions_adhoc.models import ChargingAttempt, Sample

DAY = timedelta(days=1)
SETTLES_IN = timedelta(days=2)
"""A CDR may come a day late: a day is written when its CDRs had that time."""
LOOK_BACK = 5
"""Days that are made up for after a pause; the sums of messages are kept no longer than `ocpi.log.traffic.KEPT`."""
MOST_AT_ONCE = 50
MODULES = ("locations", "sessions", "cdrs", "tariffs", "credentials", "tokens", "commands", "hubclientinfo")
REFUSED_RESPONSES = ("REJECTED", "NOT_SUPPORTED", "UNKNOWN_SESSION")
REFUSED_RESULTS = ("REJECTED", "FAILED", "NOT_SUPPORTED", "EVSE_INOPERATIVE", "UNKNOWN_RESERVATION")
"""A TIMEOUT or an occupied EVSE is a driver's doing."""


def measure_due(now: datetime) -> int:
    """Write the days that are over, of every partner that is connected; return how many. Fifty at most."""
    days = _days(now)
    partners = list(Partner.objects.exclude(connection=Partner.Connection.NOT_CONNECTED).order_by("pk"))
    there = set(ScoreDay.objects.filter(day__in=days).values_list("partner_id", "day"))
    due = [
        (partner, day)
        for day in days
        for partner in partners
        if (partner.pk, day) not in there and partner.connected_at and partner.connected_at.date() <= day
    ]
    for partner, day in due[:MOST_AT_ONCE]:
        write_day(partner, day)
    return len(due[:MOST_AT_ONCE])


def _days(now: datetime) -> Sequence[date]:
    last = (now.astimezone(UTC) - SETTLES_IN).date()
    return [last - DAY * back for back in range(1, LOOK_BACK + 1)]


def write_day(partner: Partner, day: date) -> ScoreDay:
    """Two workers that write the same day write it once."""
    return ScoreDay.objects.get_or_create(partner=partner, day=day, defaults=measure(partner, day))[0]


def measure(partner: Partner, day: date) -> dict[str, int]:
    """Columns of a `ScoreDay`; seven queries, each over an index."""
    since = datetime.combine(day, time(), tzinfo=UTC)
    span = (since, since + DAY)
    return {**_traffic(partner, span), **_charges(partner, span), **_cdrs(partner, span), **_refused(partner, span)}


Span = tuple[datetime, datetime]


def _within(name: str, span: Span) -> Q:
    return Q(**{f"{name}__gte": span[0], f"{name}__lt": span[1]})


def _traffic(partner: Partner, span: Span) -> dict[str, int]:
    rows = TrafficHour.objects.filter(_within("hour", span), partner=partner).order_by().values("direction")
    sums: dict[str, Any] = {
        row["direction"]: row
        for row in rows.annotate(
            all=Sum("total"),
            bad=Sum("failed"),
            known=Sum("answered"),
            took=Sum("duration_ms"),
            slowest=Max("slowest_ms"),
        )
    }
    ours, theirs = (sums.get(way, {}) for way in (Message.Direction.OUTBOUND, Message.Direction.INBOUND))
    return {
        "calls": ours.get("all", 0),
        "calls_failed": ours.get("bad", 0),
        "answered": ours.get("known", 0),
        "answered_ms": ours.get("took", 0),
        "slowest_ms": ours.get("slowest", 0),
        "pushes": theirs.get("all", 0),
        "pushes_refused": theirs.get("bad", 0),
    }


def _charges(partner: Partner, span: Span) -> dict[str, int]:
    attempts = ChargingAttempt.objects.filter(_within("session__created_at", span), session__partner=partner)
    samples = Sample.objects.filter(attempt__in=attempts.values("pk"), ignored="").order_by()
    read = samples.aggregate(all=Count("pk"), late=Count("pk", filter=Q(faults__contains="late")))
    refused = Q(response__in=REFUSED_RESPONSES) | Q(response="ACCEPTED", result__in=REFUSED_RESULTS)
    commands = Command.objects.filter(_within("created_at", span), partner=partner, kind="START_SESSION").order_by()
    starts = commands.aggregate(all=Count("pk"), refused=Count("pk", filter=refused))
    return {
        "charges": attempts.filter(energy_at__isnull=False, ended_at__isnull=False).count(),
        "samples": read["all"],
        "gaps": read["late"],
        "starts": starts["all"],
        "starts_refused": starts["refused"],
    }


def _cdrs(partner: Partner, span: Span) -> dict[str, int]:
    """Of charges that ended on the day. A CDR before its own end came at once."""
    rows = Cdr.objects.filter(_within("end_at", span), partner=partner, credit=False).order_by()
    delays = [max(0, int((came - ended).total_seconds())) for came, ended in rows.values_list("created_at", "end_at")]
    return {"cdrs": len(delays), "cdr_delay_s": sum(delays), "cdr_slowest_s": max(delays, default=0)}


def _refused(partner: Partner, span: Span) -> dict[str, int]:
    syncs = SyncRun.objects.filter(_within("ended_at", span), partner=partner, module__in=MODULES).order_by()
    claims = OutstandingAmount.objects.filter(
        _within("created_at", span), partner=partner, kind=OutstandingAmount.Kind.CLAIM
    )
    return {
        "refused_in_lists": syncs.aggregate(sum=Sum("refused"))["sum"] or 0,
        "claims": claims.count(),
    }
