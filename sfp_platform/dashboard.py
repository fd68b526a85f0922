"""The first page: what needs somebody now, how partners stand, who charges, what goes through."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.timesince import timesince

from ocpi.models import HandshakeRun, Message
from partners.models import Incident, Partner
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import TERMINAL, State

MOST = 10
MOST_PARTNERS = 50
DAY = timedelta(hours=24)
FAILED = Q(http_status__gte=400) | Q(ocpi_status__gte=2000) | ~Q(error="")


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the template shows, as far as the user may see it. A constant number of queries."""
    user, now = request.user, timezone.now()
    context |= {"title": "Overview", "may_add_partner": user.has_perm("partners.add_partner")}
    if user.has_perm("partners.view_partner"):
        context |= {"partners": partners(now - DAY), "failed_handshakes": failed_handshakes()}
    if user.has_perm("partners.view_incident"):
        context["open_incidents"] = open_incidents()
    if user.has_perm("sessions_adhoc.view_adhocsession"):
        context |= {"escalated": escalated(), "live_sessions": live_sessions(), "live_count": live().count()}
    if user.has_perm("ocpi.view_message"):
        context["traffic"] = traffic(now - DAY)
    return context


def for_how_long(rows: Iterable[Any], since: str) -> list[Any]:
    """The rows, each with `waited`: `3 hours` since the moment in its field `since`."""
    shown = list(rows)
    for row in shown:
        row.waited = timesince(getattr(row, since), depth=1)
    return shown


def open_incidents() -> list[Incident]:
    """The newest open incidents."""
    rows = Incident.objects.filter(closed_at=None).select_related("partner").order_by("-last_seen_at")
    return for_how_long(rows[:MOST], "opened_at")


def escalated() -> list[AdHocSession]:
    """Sessions whose money is held until somebody decides, longest waiting first."""
    rows = AdHocSession.objects.filter(state=State.ESCALATED).select_related("partner", "evse")
    return for_how_long(rows.order_by("state_since")[:MOST], "state_since")


def failed_handshakes() -> list[HandshakeRun]:
    """Partners whose newest handshake failed and who are not connected."""
    newest = HandshakeRun.objects.filter(partner=OuterRef("partner")).order_by("-id").values("pk")[:1]
    rows = HandshakeRun.objects.filter(pk=Subquery(newest), state=HandshakeRun.State.FAILED)
    waiting = rows.filter(partner__connection=Partner.Connection.NOT_CONNECTED)
    return for_how_long(waiting.select_related("partner").order_by("-ended_at")[:MOST], "ended_at")


@dataclass(frozen=True)
class PartnerLine:
    """One line of the partners' table; `messages` and `failures` of the last 24 hours."""

    partner: Partner
    heard: str
    live: int
    messages: int
    failures: int


def partners(since: datetime) -> list[PartnerLine]:
    """Partners with their last message, their traffic since then and what is live. Three queries."""
    newest = Message.objects.filter(partner=OuterRef("pk")).order_by("-id").values("at")[:1]
    rows = Partner.objects.annotate(newest_message_at=Subquery(newest)).order_by("name")[:MOST_PARTNERS]
    counts = Message.objects.filter(at__gte=since).values("partner").order_by()
    counted = counts.annotate(total=Count("pk"), failed=Count("pk", filter=FAILED))
    messages = {
        partner: (total, failed) for partner, total, failed in counted.values_list("partner", "total", "failed")
    }
    charging = dict(live().values_list("partner").order_by().annotate(Count("pk")))
    return [
        PartnerLine(
            partner=row,
            heard=timesince(row.newest_message_at, depth=1) if row.newest_message_at else "",
            live=charging.get(row.pk, 0),
            messages=messages.get(row.pk, (0, 0))[0],
            failures=messages.get(row.pk, (0, 0))[1],
        )
        for row in rows
    ]


def live() -> "QuerySet[AdHocSession]":
    """Sessions that are neither over nor escalated."""
    return AdHocSession.objects.exclude(state__in=TERMINAL | {State.ESCALATED})


def live_sessions() -> list[AdHocSession]:
    """The newest of them."""
    return for_how_long(live().select_related("partner", "evse").order_by("-created_at")[:MOST], "created_at")


def traffic(since: datetime) -> dict[str, int]:
    """Messages since then: all, and those that failed."""
    counted: dict[str, int] = Message.objects.filter(at__gte=since).aggregate(
        total=Count("pk"),
        failed=Count("pk", filter=FAILED),
        inbound=Count("pk", filter=Q(direction=Message.Direction.INBOUND)),
    )
    return counted
