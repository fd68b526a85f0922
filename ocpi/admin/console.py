"""The command console: find a charger, see what can be commanded there, and what was."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.db.models.functions import Upper
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from ocpi.admin import statuses
from ocpi.admin.console_actions import PERMISSION
from ocpi.models import Command, Evse
from partners.admin.kit.showing import ago, link, state_badge

MOST = 20


def console(admin: Any, request: HttpRequest) -> HttpResponse:
    """The page. It changes nothing itself: the commands are buttons on the charger's page."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    term = request.GET.get("evse", "").strip()
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": "Command console",
        "term": term,
        "found": [_evse_line(evse) for evse in _find(term)],
        "newest": [_line(row) for row in Command.objects.select_related("partner")[:MOST]],
    }
    return TemplateResponse(request, "admin/ocpi/command/console.html", context)


def _find(term: str) -> list[Evse]:
    if not term:
        return []
    rows = Evse.objects.annotate(sticker=Upper("evse_id")).select_related("partner", "location")
    return list(rows.filter(Q(sticker=term.upper()) | Q(uid_key__startswith=term.lower())).order_by("uid")[:MOST])


def _evse_line(evse: Evse) -> dict[str, Any]:
    return {"evse": evse, "link": link(evse), "badge": statuses.evse_badge(evse)}


def _line(row: Command) -> dict[str, Any]:
    return {
        "link": link(row, row.kind),
        "row": row,
        "about": row.request.get("evse_uid") or row.request.get("session_id") or "",
        "state": state_badge(row),
        "response": statuses.answer_badge(row.response),
        "result": statuses.answer_badge(row.result),
        "created": ago(row.created_at),
    }
