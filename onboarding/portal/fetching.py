"""What the CPO fetches from its page: data sheet, sign-off form, connection check. Each time is recorded."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onboarding.connection_facts import facts_of, newest_check
from onboarding.documents.connection_check import write_connection_check
from onboarding.documents.cpo_guide import chapters
from onboarding.documents.data_sheet import write_data_sheet
from onboarding.documents.sign_off import write_sign_off
from onboarding.models import LinkEvent
from onboarding.portal.guard import Visit, by_link
from onboarding.portal.page import page_context
from onboarding.portal.partner_place import place_of
from partners.paper.written import Written

Kind = LinkEvent.Kind


def pdf(written: Written) -> HttpResponse:
    """A document to look at or keep."""
    response = HttpResponse(written.content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{written.name}"'
    return response


def _hand_out(visit: Visit, written: Written, kind: Kind = Kind.FETCHED) -> HttpResponse:
    visit.record(kind, written.name)
    return pdf(written)


@by_link
@require_safe
def data_sheet(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Section 6's table on a page of its own, to be printed or handed on."""
    if not place_of(visit.partner).may_fetch:
        raise Http404
    visit.record(Kind.DATA_SHEET, "The page to print")
    return render(request, "portal/data_sheet.html", page_context(visit))


@by_link
@require_safe
def data_sheet_pdf(_request: HttpRequest, visit: Visit) -> HttpResponse:
    if not place_of(visit.partner).may_fetch:
        raise Http404
    return _hand_out(visit, write_data_sheet(visit.partner, facts_of(visit.partner)), Kind.DATA_SHEET)


@by_link
@require_safe
def sign_off_pdf(_request: HttpRequest, visit: Visit) -> HttpResponse:
    place = place_of(visit.partner)
    if not place.signing:
        raise Http404
    return _hand_out(visit, write_sign_off(place.onboarding))


@by_link
@require_safe
def report_pdf(_request: HttpRequest, visit: Visit) -> HttpResponse:
    report = newest_check(visit.partner)
    if report is None:
        raise Http404
    return _hand_out(visit, write_connection_check(visit.partner, report))


@by_link
@require_safe
def guide(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The guide for CPOs, as the platform goes by it."""
    return render(request, "portal/guide.html", {"visit": visit, "partner": visit.partner, "chapters": chapters()})
