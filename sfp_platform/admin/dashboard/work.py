"""One's own work: the parts of the queue, its buttons that say whose work a row is, notes that name somebody."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from onboarding.admin.ticket_actions import WORK, GiveForm, acknowledged, given, taken
from onboarding.admin.ticket_panel import linked, links_in
from partners import history
from partners.admin.kit.showing import anchor, at, url_of
from partners.models import Incident, Note, Partner
from partners.work.notes import notes_naming
from partners.work.tickets import ticket_of
from sfp_platform.admin.dashboard.attention import Queue, Which, everything
from sfp_platform.admin.dashboard.item import Item

MOST_NOTES = 20


def part_of(request: HttpRequest) -> Which:
    """The part of the queue that is asked for; an unknown one is the usual one."""
    wanted = request.GET.get("queue", "")
    return Which(wanted) if wanted in set(Which) else Which.OPEN


def parts(shown: Queue) -> list[dict[str, Any]]:
    """The links above the queue."""
    titles = {Which.OPEN: "Open", Which.MINE: f"My work ({shown.mine})", Which.ALL: "All"}
    return [{"key": key.value, "title": title, "on": key == shown.which} for key, title in titles.items()]


def assign(request: HttpRequest) -> HttpResponse:
    """Take a row of the queue, acknowledge it, or give it to somebody (`do`), and show the queue again."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.has_perm(WORK):
        raise PermissionDenied
    key = request.POST.get("key", "")
    item = next((one for one in everything(request.user, timezone.now()) if one.key == key), None)
    if item is None:
        messages.warning(request, "That needs nobody any more.")
    else:
        _assign(request, item)
    return HttpResponseRedirect(f"{reverse('admin:index')}?queue={request.POST.get('queue', '')[:10]}#queue")


def _assign(request: HttpRequest, item: Item) -> None:
    verb, form = request.POST.get("do"), GiveForm(request.POST)
    if verb == "give" and not form.is_valid():
        messages.warning(request, "Choose somebody who works here.")
        return
    ticket = ticket_of(item.key, item.partner_id)
    if verb == "give":
        label, told = "Give to", given(ticket, form.cleaned_data["user"])
    elif verb == "acknowledge":
        label, told = "Acknowledge", acknowledged(ticket, request.user, item.state)
    else:
        label, told = "Take it", taken(ticket, request.user)
    history.note(ticket, label, f"{item.kind}: {item.title}. {told}"[:500], user=request.user)
    messages.success(request, told)


def notes_for(user: Any) -> list[dict[str, Any]]:
    """The newest notes that name somebody. Five queries at most."""
    rows = list(notes_naming(user)[:MOST_NOTES])
    links = links_in(row.text for row in rows)
    return [{"row": row, "at": at(row.at), "about": _about(row), "text": linked(row.text, links)} for row in rows]


def _about(note: Note) -> SafeString | str:
    """What the note is about, as a link."""
    kind, _, pk = note.ticket.key.partition(":")
    if kind == "incident":
        return anchor(url_of(Incident, pk), f"Incident #{pk}")
    partner = note.ticket.partner
    return anchor(url_of(Partner, partner.pk), partner.label) if partner else ""
