"""The first page: what needs somebody now, how partners stand, who charges, what goes through, what is behind."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from onboarding.admin.ticket_actions import WORK, GiveForm
from sfp_platform.admin.dashboard.attention import Which, queue
from sfp_platform.admin.dashboard.charging import counts, escalated_count, live_sessions
from sfp_platform.admin.dashboard.partners import partner_lines, stages
from sfp_platform.admin.dashboard.queues import queues
from sfp_platform.admin.dashboard.traffic import Traffic
from sfp_platform.admin.dashboard.work import notes_for, part_of, parts
from sfp_platform.health.verdict import watch

__all__ = ["dashboard"]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the template shows, as far as the user may see it. A constant number of queries."""
    user, now = request.user, timezone.now()
    title = "My work" if part_of(request) == Which.MINE else "Overview"
    context |= {"title": title, "content_title": title, "may_add_partner": user.has_perm("partners.add_partner")}
    context["health"] = watch.verdict()
    shown = queue(user, now, part_of(request))
    context |= {"queue": shown, "attention": shown.items, "queue_parts": parts(shown)}
    context |= {"may_work": user.has_perm(WORK), "notes_for_me": notes_for(user) if shown.which == Which.MINE else []}
    context["give_form"] = GiveForm() if context["may_work"] else None
    traffic = Traffic.of_last_day(now) if user.has_perm("ocpi.view_message") else None
    if user.has_perm("partners.view_partner"):
        context |= {"partners": partner_lines(traffic), "stages": stages()}
    if user.has_perm("sessions_adhoc.view_adhocsession"):
        context |= {
            "live_sessions": live_sessions(now),
            "escalated_count": escalated_count(),
            **counts(now),
            "queues": queues(now),
        }
    if traffic is not None:
        context["traffic"] = traffic
    return context
