"""Showing a secret, once."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

REVEAL = "partners.reveal_secret"


def reveal(
    request: HttpRequest, *, title: str, secret: str, explanation: str, back: str, facts: dict[str, str] | None = None
) -> HttpResponse:
    """A page that shows a secret. Nothing keeps it: going back or reloading does not bring it again."""
    if not request.user.has_perm(REVEAL):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": title,
        "secret": secret,
        "explanation": explanation,
        "facts": facts or {},
        "back": back,
    }
    response = TemplateResponse(request, "admin/support/reveal.html", context)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
