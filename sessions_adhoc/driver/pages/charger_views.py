"""The page of a charger: look, choose, pay."""

from dataclasses import replace
from io import BytesIO
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from ocpi.models import Evse
from ocpi.server.authentication import source_address
from partners.ground import languages, limiting
from partners.ground.privacy import private
from sessions_adhoc.driver import quoting, services
from sessions_adhoc.driver.displays import scanning
from sessions_adhoc.driver.displays.scanning import Scan
from sessions_adhoc.driver.pages import charger, money, paying, remembering, scanned
from sessions_adhoc.driver.pages.paying import Choice
from sessions_adhoc.driver.pages.speaking import show
from sessions_adhoc.driver.services import CannotStart


@private
@require_http_methods(["GET", "HEAD", "POST"])
def charger_page(request: HttpRequest, evse: str) -> HttpResponse:
    """GET shows the charger; POST pays and starts."""
    try:
        found = services.find_evse(evse)
    except CannotStart as error:
        return unknown(request, str(error))
    scan = scanned.scan_of(request)
    try:
        is_valid = scanning.check(found, scan, looks=request.method != "POST")
    except CannotStart as error:
        return _page(request, evse, found, Choice.blank(request.GET), needs_scan=str(error))
    if request.method == "POST":
        return _pay(request, evse, found, scan)
    response = _page(request, evse, found, Choice.blank(request.GET))
    if is_valid:
        scanned.keep(request, response, found)
    return response


def too_many(wait: int) -> str:
    """What is said to a network from which too many charges are asked for; `wait` in seconds."""
    return ngettext(
        "Too many charges were asked for from your network just now. Please try again in {count} second.",
        "Too many charges were asked for from your network just now. Please try again in {count} seconds.",
        wait,
    ).format(count=wait)


def _pay(request: HttpRequest, identifier: str, evse: Evse, scan: Scan) -> HttpResponse:
    locale = paying.locale_of(request.headers.get("Accept-Language", ""))
    choice = replace(Choice.from_post(request.POST), locale=locale, scan=scan.proof)
    if wait := limiting.hit(limiting.DRIVERS, limiting.place_of(source_address(request))):
        answer = _page(request, identifier, evse, choice.renew(), CannotStart("", too_many(wait)))
        answer.status_code, answer["Retry-After"] = 429, str(wait)
        return answer
    try:
        session = paying.pay(evse, choice, charger.reservation(evse))
    except CannotStart as error:
        return _page(request, identifier, evse, choice.renew(), error)
    response = redirect("driver:session", session_id=session.pk)
    remembering.remember(request, response, session)
    if scan.proof:
        scanned.keep(request, response, evse)  # for another try
    return response


def _page(
    request: HttpRequest,
    identifier: str,
    evse: Evse,
    choice: Choice,
    error: CannotStart | None = None,
    needs_scan: str = "",
) -> HttpResponse:
    choices, reservation = charger.plugs(evse, languages.current()), charger.reservation(evse)
    gateway = paying.gateway_of(evse, reservation.currency)
    kept = paying.kept_for(evse, choice, reservation.currency)
    context: dict[str, Any] = {
        "identifier": identifier,
        "evse": evse,
        "location": evse.location,
        "address": charger.address(evse),
        "position": charger.position(evse),
        "availability": charger.availability(evse),
        "plugs": choices,
        "price": charger.common_price(choices),
        "operator": quoting.operator_of(evse.location),
        "reservation": reservation,
        "limit": choice.amount or str(reservation.minor),
        "kept": sum(one.amount for one in kept),
        "held": money.reuse([one.amount for one in kept], reservation.currency),
        "cards": {} if kept else paying.offered_cards(gateway),
        "can_pay": bool(kept) or paying.can_take_payment(gateway),
        "choice": choice,
        "error": error,
        "needs_scan": needs_scan,
        "rehearsed": charger.is_rehearsed(evse),
        "beside": charger.beside(evse),
        "around": charger.surroundings(evse),
        "running": remembering.running_session(request),
    }
    return show(request, "driver/charger.html", context, status=409 if error or needs_scan else 200)


def unknown(request: HttpRequest, text: str) -> HttpResponse:
    """A charger or session that we do not know, and what to check."""
    context = {"text": text}
    return show(request, "driver/unknown.html", context, status=404)


@private
@require_safe
def charger_state(_request: HttpRequest, evse: str) -> HttpResponse:
    """The charger's state, for the page that is open."""
    try:
        now = charger.availability(services.find_evse(evse))
    except CannotStart as error:
        return JsonResponse({"detail": str(error)}, status=404)
    return JsonResponse({"tone": now.tone, "word": now.word, "hint": now.hint, "usable": now.usable})


@require_safe
def qr_code(_request: HttpRequest, evse: str) -> HttpResponse:
    """The QR code for the charger's sticker."""
    try:
        found = services.find_evse(evse)
    except CannotStart as error:
        raise Http404(str(error)) from error
    import segno

    image = BytesIO()
    segno.make_qr(charger.public_url(found), error="m").save(image, kind="svg", scale=8, border=4)
    return HttpResponse(image.getvalue(), content_type="image/svg+xml")
