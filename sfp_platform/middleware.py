"""A lean path for OCPI, past what the admin and the driver's pages need; and for the history, who is at work."""

from collections.abc import Callable

from auditlog.middleware import AuditlogMiddleware
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from ocpi.authentication import source_address

OCPI_PREFIX = "/ocpi/"


class LeanPathMiddleware:
    """Sends `/ocpi/` straight to its view, past sessions, CSRF, authentication and messages.

    Those belong to people with browsers; OCPI has its own authentication, and each costs every push time.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.handler = BaseHandler()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(OCPI_PREFIX):
            return self.straight_to_view(request)
        return self.get_response(request)

    def straight_to_view(self, request: HttpRequest) -> HttpResponseBase:
        callback, args, kwargs = self.handler.resolve_request(request)
        response = callback(request, *args, **kwargs)
        if hasattr(response, "render") and callable(response.render):
            response = response.render()
        if not isinstance(response, HttpResponseBase):
            response = HttpResponse(response)
        if not response.streaming and not response.has_header("Content-Length"):
            response.headers["Content-Length"] = str(len(response.content))
        return response


class StaffMiddleware(AuditlogMiddleware):
    """Tells the history who is changing something and from where. Only in the admin: others have no user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self.prefix = reverse("admin:index")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(self.prefix):
            return self.get_response(request)
        return super().__call__(request)

    @staticmethod
    def _get_remote_addr(request: HttpRequest) -> str | None:
        return source_address(request) or None
