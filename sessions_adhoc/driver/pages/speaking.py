"""In which language a driver reads the pages: as chosen in the footer, else as the browser asks."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import override

from partners.ground import languages

COOKIE = "sfp_language"
DAYS = 365
View = Callable[..., HttpResponse]


def spoken(view: View) -> View:
    """Answer in the driver's language. Who chose one by `?lang=` keeps it."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        language = language_of(request)
        with override(language):
            response = view(request, *args, **kwargs)
        response.headers["Content-Language"] = language
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        if chosen := languages.nearest(request.GET.get("lang", "")):
            _keep(request, response, chosen)
        return response

    return wrapped


def language_of(request: HttpRequest) -> str:
    """The code of the language for this request; English where nothing else is asked for."""
    chosen = (request.GET.get("lang", ""), request.COOKIES.get(COOKIE, ""))
    named = next((name for one in chosen if (name := languages.nearest(one))), "")
    return named or languages.accepted(request.headers.get("Accept-Language", "")) or languages.ENGLISH


def _keep(request: HttpRequest, response: HttpResponse, language: str) -> None:
    response.set_cookie(
        COOKIE,
        language,
        max_age=DAYS * 86_400,
        path="/c/",
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def show(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Render a page with what stands below every one: help, the languages, what we promise."""
    below = {
        "languages": choices(request),
        "support_email": settings.SUPPORT_EMAIL,
        "support_phone": settings.SUPPORT_PHONE,
        "terms_url": settings.TERMS_URL,
        "privacy_url": settings.PRIVACY_URL,
    }
    return render(request, template, {**below, **context}, status=status)


def choices(request: HttpRequest) -> list[dict[str, Any]]:
    """The languages to choose from, each with its link to this very page."""
    query = request.GET.copy()
    found = []
    for code, name in languages.LANGUAGES.items():
        query["lang"] = code
        found.append({"code": code, "name": name, "url": f"?{query.urlencode()}", "now": code == languages.current()})
    return found
