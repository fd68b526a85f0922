"""`GET /metrics`, in the text format of Prometheus."""

import os
import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views import View

from partners.ground import counting
from partners.ground.networks import covers


class MetricsView(View):
    """For those who have the token, or come from one of the networks and through no proxy; for others there is none."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if not (has_token(request) or is_near(request)):
            return HttpResponse("Not found.\n", status=404, content_type="text/plain")
        text, kind = written()
        return HttpResponse(text, headers={"Content-Type": kind, "Cache-Control": "no-store"})


def has_token(request: HttpRequest) -> bool:
    given = request.META.get("HTTP_AUTHORIZATION", "").encode()
    return bool(settings.METRICS_TOKEN) and secrets.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode())


def is_near(request: HttpRequest) -> bool:
    """Behind a proxy everybody has the proxy's address: what came through one is not near."""
    direct = "HTTP_X_FORWARDED_FOR" not in request.META
    return direct and covers(settings.METRICS_NETWORKS, str(request.META.get("REMOTE_ADDR", "")))


def written() -> tuple[bytes, str]:
    """(text, its content type): what all processes of this host have counted, and how things stand."""
    counting.counted()
    from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    from sfp_platform.metrics.states import states

    registry = REGISTRY
    if counting.MULTIPROCESS in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    own = CollectorRegistry()
    own.register(states)
    return generate_latest(registry) + generate_latest(own), CONTENT_TYPE_LATEST
