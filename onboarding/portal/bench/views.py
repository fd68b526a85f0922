"""The test bench on the CPO's page: start a check, start and stop a charge."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from onboarding.portal.bench import trying
from onboarding.portal.guard import Visit, by_link
from onboarding.portal.views import back, show
from onboarding.stages.refusals import NotPossible


@by_link
@require_POST
def check(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Have our side look at their server, as the staff of Smart Fuel Pass would."""
    try:
        trying.start_check(visit)
    except NotPossible as refused:
        return show(request, visit, 409, problem=str(refused))
    return back(visit, "check-started", "bench")


@by_link
@require_POST
def charge(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A simulated driver charges at one of their test chargers."""
    try:
        trying.start_charge(visit, request.POST.get("evse", ""))
    except NotPossible as refused:
        return show(request, visit, 409, problem=str(refused))
    return back(visit, "charge-started", "bench")


@by_link
@require_POST
def stop(request: HttpRequest, visit: Visit) -> HttpResponse:
    try:
        trying.stop_charge(visit, request.POST.get("session", ""))
    except NotPossible as refused:
        return show(request, visit, 409, problem=str(refused))
    return back(visit, "charge-stopped", "bench")
