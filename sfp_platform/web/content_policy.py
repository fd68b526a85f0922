"""What the admin's pages may load and run (Content-Security-Policy).

No script of ours stands in a page, and none is let run there. Alpine and htmx, with which Unfold's pages are made,
build functions of the attributes that they find: hence 'unsafe-eval'. Violations are shown by the browser's console;
there is no address that collects them. Pages for drivers and CPOs have a stricter one (`partners.ground.privacy`).
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

ENFORCE, REPORT, OFF = "enforce", "report", "off"
HEADERS = {ENFORCE: "Content-Security-Policy", REPORT: "Content-Security-Policy-Report-Only"}


def admin_policy() -> str:
    """The header's value. The map's tiles are the one thing that may come from elsewhere."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: {_tiles()}".rstrip(),
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _tiles() -> str:
    """Where the map's tiles come from: `https://*.tiles.example`."""
    parts = urlsplit(settings.MAP_TILES_URL.replace("{s}", "*"))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


class ContentPolicyMiddleware:
    """Sends the policy with the admin's pages, as the setting `ADMIN_CSP` says."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.prefix = reverse("admin:index")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        header = HEADERS.get(settings.ADMIN_CSP)
        is_page = response.get("Content-Type", "").startswith("text/html")
        if header and is_page and request.path_info.startswith(self.prefix):
            response.headers[header] = admin_policy()
        return response
