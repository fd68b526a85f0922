"""The page of a session. Whoever has the link may see it and stop it: it cannot be guessed."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.ground import languages
from partners.ground.privacy import private
from sessions_adhoc.driver import services
from sessions_adhoc.driver.further import gateway_of
from sessions_adhoc.driver.pages.charger import address, is_rehearsed, reservation
from sessions_adhoc.driver.pages.charger_views import unknown
from sessions_adhoc.driver.pages.paying import can_take_payment
from sessions_adhoc.driver.pages.progress import view_of
from sessions_adhoc.driver.pages.receipt_views import receipts_of
from sessions_adhoc.driver.pages.speaking import show
from sessions_adhoc.driver.presenting import present
from sessions_adhoc.driver.services import CannotPay, CannotRaise, CannotRelease, CannotStop
from sessions_adhoc.engine.raising import RAISABLE
from sessions_adhoc.models import AdHocSession

MOST_DIGITS = 12
UNKNOWN = gettext_noop("There is no charging session behind this link.")
CUT_OFF = gettext_noop("There is no charging session behind this link. It may have been cut off.")


def find_session(session_id: UUID) -> AdHocSession | None:
    rows = AdHocSession.objects.select_related("evse__location", "evse__partner", "connector__evse", "token")
    return rows.filter(pk=session_id).first()


class Numbers(DjangoJSONEncoder):
    """Measured values as numbers, as in the driver's API."""

    def default(self, o: Any) -> Any:
        return float(o) if isinstance(o, Decimal) else super().default(o)


@private
@require_safe
def session_page(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """What happens now, or how it ended."""
    session = find_session(session_id)
    if session is None:
        return unknown(request, gettext(UNKNOWN))
    is_back = "back" in request.GET
    if is_back:
        services.driver_is_back(session)
    context = {**context_of(session), "is_back": is_back}
    template = "driver/result.html" if session.is_terminal else "driver/session.html"
    return show(request, template, context)


def context_of(session: AdHocSession) -> dict[str, Any]:
    shown = present(session)
    return {
        "session": session,
        "shown": shown,
        "view": view_of(session, shown),
        "location": session.evse.location,
        "address": address(session.evse),
        "rehearsed": is_rehearsed(session.evse),
        "receipts": receipts_of(session) if session.is_terminal else [],
        "again": session.pk if session.client_id is None else "",
        "next_try": next_try_of(session),
        "payable": can_take_payment(gateway_of(session)),
        **limits_of(session, shown),
    }


def limits_of(session: AdHocSession, shown: dict[str, Any]) -> dict[str, list[tuple[int, str]]]:
    """The limits to choose from: for the hold that there is, and with a further one beside it."""
    if session.state not in RAISABLE:
        return {"limits": [], "further_limits": []}
    higher, least = higher_limits(session), shown["money"]["least_further_limit"]
    payable = can_take_payment(gateway_of(session))
    # A page that looks again by itself shows the second form as soon as it is offered.
    further = [one for one in higher if payable and one[0] >= (least or 0)]
    return {"limits": higher, "further_limits": further}


def higher_limits(session: AdHocSession) -> list[tuple[int, str]]:
    """What the driver may choose instead of the limit that holds, with its words."""
    offered = reservation(session.evse)
    return [(minor, text) for minor, text in offered.options if minor > session.amount] if offered.minor else []


def next_try_of(session: AdHocSession) -> AdHocSession | None:
    """The try that has the money now which this one had reserved."""
    heir = session.authorization.handed_to_id
    return AdHocSession.objects.filter(authorization=heir).first() if heir else None


@private
@require_safe
def session_json(_request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The session as the driver's API shows it; `view` has the texts of the page."""
    session = find_session(session_id)
    if session is None:
        return JsonResponse({"detail": gettext(UNKNOWN)}, status=404)
    shown = present(session)
    return JsonResponse({**shown, "view": view_of(session, shown)}, encoder=Numbers)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """GET asks whether the driver is sure; POST stops."""
    if request.method == "POST":
        return _end(request, session_id, services.stop_session)
    session = find_session(session_id)
    if session is None:
        return unknown(request, gettext(UNKNOWN))
    if session.is_terminal:
        return redirect("driver:session", session_id=session_id)
    return show(request, "driver/stop.html", context_of(session))


@private
@require_POST
def cancel(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Give up before charging."""
    return _end(request, session_id, services.cancel_session)


@private
@require_POST
def release(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Let go of what is held for another try."""
    return _end(request, session_id, services.release_now)


@private
@require_POST
def limit(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Raise the limit, to one of those that this charger offers; with `further`, by a further hold."""
    session = find_session(session_id)
    wanted = request.POST.get("amount", "")
    if session is None or wanted not in {str(minor) for minor, _text in higher_limits(session)}:
        return _end(request, session_id, lambda pk: AdHocSession.objects.get(pk=pk))
    if request.POST.get("further"):
        wish = services.PayWish(int(wanted), locale=languages.current())
        return _end(request, session_id, lambda pk: services.add_hold(pk, wish))
    return _end(request, session_id, lambda pk: services.request_limit(pk, int(wanted)))


@private
@require_POST
def withdraw(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Give up the further hold that waits to be confirmed."""
    return _end(request, session_id, services.withdraw_hold)


@private
@require_POST
def pay(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Pay what is open after the charge: the sum that was shown."""
    wanted = request.POST.get("amount", "")
    if not (wanted.isascii() and wanted.isdecimal() and len(wanted) < MOST_DIGITS):
        return _end(request, session_id, lambda pk: AdHocSession.objects.get(pk=pk))
    wish = services.PayWish(int(wanted), locale=languages.current())
    return _end(request, session_id, lambda pk: services.pay_open(pk, wish))


def _end(request: HttpRequest, session_id: UUID, verb: Callable[[UUID], AdHocSession]) -> HttpResponse:
    """Ask for the end, then show the session: where it has ended before, the page says how."""
    try:
        with suppress(CannotStop, CannotRelease, CannotRaise, CannotPay):
            verb(session_id)
    except AdHocSession.DoesNotExist:
        return unknown(request, gettext(UNKNOWN))
    return redirect("driver:session", session_id=session_id)


@private
@require_safe
def no_session(request: HttpRequest, rest: str) -> HttpResponse:
    """A link that was cut off or mistyped."""
    return unknown(request, gettext(CUT_OFF))
