"""Health over HTTP: for probes by address and without TLS, for monitoring, and without a word that is secret."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import View

from sfp_platform import __version__
from sfp_platform.health.verdict import watch

LIVE_BODY = {"status": "ok", "version": __version__}


class LiveView(View):
    """`GET /health/live`: 200 while the process answers at all. To be restarted when it does not."""

    def get(self, _request: HttpRequest) -> HttpResponse:
        return JsonResponse(LIVE_BODY)


class HealthView(View):
    """`GET /health/`: 200 when all is well, 503 otherwise; the body names what is not, and why.

    `GET /health/ready`: the same body; 503 only where this process cannot serve requests.
    """

    for_traffic = False

    def get(self, _request: HttpRequest) -> HttpResponse:
        found = watch.verdict()
        status = "ok" if found.is_well else "degraded" if found.is_ready else "failing"
        served = found.is_ready if self.for_traffic else found.is_well
        body = {"status": status, "version": __version__, "checks": found.checks, "faults": found.wrong}
        response = JsonResponse(body, status=200 if served else 503, headers={"Cache-Control": "no-store"})
        # Django would log each probe that hears of it as an error of ours.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response
