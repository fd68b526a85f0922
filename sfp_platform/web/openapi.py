"""The driver's API as an OpenAPI document, by drf-spectacular: loaded when the document is asked for."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponseBase

DRIVERS_API_PREFIX = "/api/"


def only_drivers_api(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Keep the driver's API in this document, described; OCPI is documented per version, for CPOs."""
    import sessions_adhoc.driver.api.openapi  # noqa: F401  what it says of the views

    return [endpoint for endpoint in endpoints if endpoint[0].startswith(DRIVERS_API_PREFIX)]


@cache
def _views() -> tuple[Any, Any]:
    from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

    return SpectacularAPIView.as_view(), SpectacularSwaggerView.as_view(url_name="api-schema")


def schema(request: HttpRequest) -> HttpResponseBase:
    """The document, as YAML or as JSON."""
    response: HttpResponseBase = _views()[0](request)
    return response


def docs(request: HttpRequest) -> HttpResponseBase:
    """The document as a page."""
    response: HttpResponseBase = _views()[1](request)
    return response
