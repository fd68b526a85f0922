"""The page of test runs: pick a charger, start, follow the charge against the expected path, get a verdict per test."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from onboarding.admin.partner.test_actions import PASS_SEEN, START_RUN, STOP_RUN, run_url
from onboarding.admin.workspace import testing
from onboarding.admin.workspace.next_step import tab_url
from onboarding.admin.workspace.page import Page
from onboarding.admin.workspace.pressing import next_strip


def test_run_view(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """Follow one charge, or start one."""
    partner = model_admin.get_object(request, object_id)
    if partner is None:
        raise Http404
    if not model_admin.has_view_permission(request, partner):
        raise PermissionDenied
    page = Page(model_admin, request, partner)
    found = testing.run_context(partner, request.GET.get("session", ""))
    over, starts = found["over"], []
    if page.may(START_RUN) and (found["charge"] is None or over):
        starts.append(testing.dialog(START_RUN, "", testing.start_form(partner), page.url(START_RUN), "primary"))
    buttons = page.pressable(PASS_SEEN) if over else []
    if found["charge"] and page.may(STOP_RUN) and testing.may_stop(found["charge"]):
        form = testing.stop_form(found["charge"].session)
        buttons.append(testing.dialog(STOP_RUN, "", form, page.url(STOP_RUN), "danger"))
    context = {
        **admin.site.each_context(request),
        "opts": model_admin.opts,
        "original": partner,
        "title": f"Test run at {partner.name}",
        "buttons": buttons,
        "starts": starts,
        **(_leads_on(next_strip(request, partner), partner) if over else {}),
        "refresh": 2 if found["charge"] and not found["over"] else 0,
        "tests_url": tab_url(partner, "tests"),
        **found,
    }
    return TemplateResponse(request, "admin/partners/partner/test_run.html", context)


def _leads_on(strip: dict[str, Any], partner: Any) -> dict[str, Any]:
    """What is next; where it is another charge, that is what the page offers already."""
    if strip and strip["next"].url == run_url(partner):
        return {"another": strip["next"].text}
    return strip
