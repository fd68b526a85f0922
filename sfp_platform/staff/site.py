"""The admin site: it lets in who gave password and second factor."""

from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.module_loading import import_string
from unfold.sites import UnfoldAdminSite

from partners.people import second_factor

ASSIGN = "sfp_platform.admin.dashboard.work.assign"
"""By its name, as the settings name the first page: the site is there before the pages."""


class StaffSite(UnfoldAdminSite):
    """Who still owes the second factor sees the page that asks for it, and no other."""

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(super().has_permission(request)) and not second_factor.is_missing(request.user)

    def has_password(self, request: HttpRequest) -> bool:
        """Whether the password was given, by somebody who works here."""
        return bool(super().has_permission(request))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Ask for the password; who gave it goes on to the second factor."""
        if request.method == "GET" and self._owes(request):
            return self._to_second_factor(request)
        response = super().login(request, extra_context)
        return self._to_second_factor(request) if response.status_code == 302 and self._owes(request) else response

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Called as in the account's menu."""
        named = {"title": "Change password", **(extra_context or {})}
        response: HttpResponse = super().password_change(request, named)
        return response

    def _owes(self, request: HttpRequest) -> bool:
        return self.has_password(request) and second_factor.is_missing(request.user)

    def _to_second_factor(self, request: HttpRequest) -> HttpResponse:
        goal = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
        query = f"?{urlencode({REDIRECT_FIELD_NAME: goal})}" if goal else ""
        return HttpResponseRedirect(reverse("admin:second_factor") + query)

    def extra_urls(self) -> list[URLPattern]:
        """The queue's button; and the pages of the second factor, open to who gave the password only."""
        from sfp_platform.staff import views  # they need the site

        return [
            path("queue/assign/", self.admin_view(import_string(ASSIGN)), name="queue_assign"),
            path("second-factor/", views.enter, name="second_factor"),
            path("second-factor/set-up/", views.set_up, name="second_factor_set_up"),
            path("second-factor/own/", self.admin_view(views.own), name="second_factor_own"),
            path("second-factor/recovery-codes/", self.admin_view(views.recovery_codes), name="recovery_codes"),
        ]
