"""A lean path for OCPI, past what the admin and the driver's pages need; hosts that serve one thing only; and for
the history, who is at work.
"""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit

from auditlog.middleware import AuditlogMiddleware
from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.core.handlers.base import BaseHandler
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import ResolverMatch, resolve, reverse

from ocpi.envelope import EnvelopeRenderer, StatusCode, envelope
from ocpi.routing import code_of_host, serves_ocpi
from ocpi.server import push
from ocpi.server.authentication import host_name, source_address
from ocpi.server.handed import handed
from ocpi.server.raw_path import path_of, variables
from partners.ground import tracing
from sfp_platform.postgresql.replica import showing

OCPI_PREFIX = "/ocpi/"
NUL = "\x00"
OF_OPERATORS = ("/health/", "/metrics")
PLAIN_HTTP = "Plain HTTP is not supported: call https://. A token that was sent without TLS should be replaced."
WRONG_HOST = "There is no OCPI endpoint at this host. Call the versions URL that we gave you."


class LeanPathMiddleware:
    """Sends `/ocpi/` straight to its view, past sessions, CSRF, authentication and messages.

    Those belong to people with browsers; OCPI has its own authentication, and each costs every push time. What
    Django's own middleware does for the rest, TLS and hosts, is done here: refusals come in an envelope.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.handler = BaseHandler()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with tracing.carrying(request.META.get("HTTP_X_CORRELATION_ID", "")):
            return self._answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(OCPI_PREFIX):
            return self._ocpi(request)
        if request.path_info.startswith(OF_OPERATORS):
            # Probes come by address, without TLS and without a host of ours.
            return self.straight_to_view(request)
        if NUL in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            # No text of ours has one, and the database takes none.
            raise Http404
        return self.get_response(request)

    def _ocpi(self, request: HttpRequest) -> HttpResponseBase:
        try:
            response = refusal_of(request) or take_push(request) or self.straight_to_view(request)
        finally:
            if one := handed(request.META):
                one.let_go()
        for name, value in transport_headers(request).items():
            response.headers[name] = value
        return response

    def straight_to_view(self, request: HttpRequest) -> HttpResponseBase:
        found = self._found(request)
        response: Any = found.func(request, *found.args, **variables(request, found))
        if hasattr(response, "render") and callable(response.render):
            response = response.render()
        if not isinstance(response, HttpResponseBase):
            response = HttpResponse(response)
        if not response.streaming and not response.has_header("Content-Length"):
            response.headers["Content-Length"] = str(len(response.content))
        final: HttpResponseBase = response
        return final

    def _found(self, request: HttpRequest) -> ResolverMatch:
        """The view of the path as it was sent."""
        decoded, request.path_info = request.path_info, path_of(request)
        try:
            self.handler.resolve_request(request)
        finally:
            request.path_info = decoded
        match: Any = request.resolver_match
        found: ResolverMatch = match
        return found


def take_push(request: HttpRequest) -> HttpResponse | None:
    """The answer to a push that can be taken at once (`ocpi.server.push`); None: it is for its view."""
    if not push.is_one(request.META):
        return None
    try:
        arrival = push.receive(request, request.body)
    except RequestDataTooBig:
        return None
    [answer] = push.answer([arrival]) if arrival else [None]
    if answer is None:
        return None
    response = HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
    response.headers["Content-Length"] = str(len(answer.body))
    return response


def transport_headers(request: HttpRequest) -> dict[str, str]:
    """What an answer to OCPI says of TLS."""
    if not settings.SECURE_HSTS_SECONDS or not request.is_secure():
        return {}
    return {"Strict-Transport-Security": f"max-age={settings.SECURE_HSTS_SECONDS}"}


def refusal_of(request: HttpRequest) -> HttpResponse | None:
    """The answer to what production does not serve: OCPI without TLS, and at hosts that are no endpoint's.

    A redirect would have the token sent once more, and teach the peer that plain HTTP works.
    """
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        return _tell(403, PLAIN_HTTP)
    if settings.PRODUCTION and not (_is_allowed(request) and serves_ocpi(host_name(request))):
        return _tell(404, WRONG_HOST)
    return None


def _is_allowed(request: HttpRequest) -> bool:
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return True


def _tell(http_status: int, message: str) -> HttpResponse:
    body = EnvelopeRenderer().render(envelope(StatusCode.CLIENT_ERROR, message=message))
    response = HttpResponse(body, status=http_status, content_type="application/json")
    response.headers["Content-Length"] = str(len(body))
    return response


class HostsMiddleware:
    """A host for OCPI serves nothing else: neither the admin nor a driver's page answers there.

    Where one host serves all partners that holds in production, unless drivers' pages are at the very same host.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _is_for_ocpi_only(host_name(request)):
            raise Http404
        return self.get_response(request)


def _is_for_ocpi_only(host: str) -> bool:
    if not settings.PRODUCTION:
        return code_of_host(host) is not None
    return serves_ocpi(host) and host != urlsplit(settings.PUBLIC_BASE_URL).hostname


def only_shows(request: HttpRequest) -> bool:
    """Whether it asks for a list or the first page, where a copy of the database may answer."""
    if request.method not in ("GET", "HEAD"):
        return False
    try:
        name = resolve(request.path_info).url_name or ""
    except Http404:
        return False
    return name == "index" or name.endswith("_changelist")


class StaffMiddleware(AuditlogMiddleware):
    """Tells the history who is changing something and from where. Only in the admin: others have no user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self.prefix = reverse("admin:index")

    def __call__(self, request: HttpRequest) -> Any:
        if not request.path_info.startswith(self.prefix):
            return self.get_response(request)
        with showing() if only_shows(request) else nullcontext():
            return super().__call__(request)

    @staticmethod
    def _get_remote_addr(request: HttpRequest) -> str | None:
        return source_address(request) or None
