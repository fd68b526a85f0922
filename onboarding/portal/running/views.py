"""The pages of a connection that stands: the CPO's own messages and documents."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onboarding.documents.scorecard import write_scorecard
from onboarding.models import LinkEvent
from onboarding.portal.guard import Visit, by_link
from onboarding.portal.running.connections import connections_of
from onboarding.portal.running.health import SHARED
from onboarding.portal.running.traffic import list_messages, read_exchange
from onboarding.scorecard import cards_of
from partners.models import Document

LONGEST_ID = 64
MOST = 2**63


def _number(text: str) -> int:
    """A row's number as it came in an address; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and int(text) < MOST else 0


@by_link
@require_safe
def messages(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The newest of their own messages, fifty at a time."""
    partners = connections_of(visit.partner)
    if not partners:
        raise Http404
    failed = request.GET.get("failed") == "1"
    about = request.GET.get("about", "").strip().replace("\x00", "")[:LONGEST_ID]
    page = list_messages(partners, failed=failed, about=about, before=_number(request.GET.get("before", "")))
    names = {one.pk: one for one in partners}
    context = {"visit": visit, "partner": visit.partner, "page": page, "failed": failed, "about": about, "names": names}
    return render(request, "portal/messages.html", context)


@by_link
@require_safe
def exchange(request: HttpRequest, visit: Visit, pk: int) -> HttpResponse:
    """One of their own messages."""
    told = read_exchange(connections_of(visit.partner), pk) if pk < MOST else None
    if told is None:
        raise Http404
    return render(request, "portal/exchange.html", {"visit": visit, "partner": visit.partner, "exchange": told})


@by_link
@require_safe
def document(_request: HttpRequest, visit: Visit, pk: int) -> HttpResponse:
    """A document that was handed to them before, as it was then."""
    shared = Document.objects.filter(partner__in=connections_of(visit.partner), kind__in=SHARED)
    row = shared.filter(pk=pk).first() if pk < MOST else None
    if row is None:
        raise Http404
    visit.record(LinkEvent.Kind.FETCHED, row.name)
    response = HttpResponse(bytes(row.content), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{row.name}"'
    return response


@by_link
@require_safe
def scorecard(_request: HttpRequest, visit: Visit, pk: int, month: str) -> HttpResponse:
    """One month (`2026-11`) of one of their connections, as PDF."""
    partner = next((one for one in connections_of(visit.partner) if one.pk == pk), None)
    card = next((one for one in cards_of(partner) if f"{one.month:%Y-%m}" == month), None) if partner else None
    if partner is None or card is None:
        raise Http404
    written = write_scorecard(partner, card)
    visit.record(LinkEvent.Kind.FETCHED, written.name)
    response = HttpResponse(written.content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{written.name}"'
    return response
