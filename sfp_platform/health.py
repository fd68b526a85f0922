"""Health: is the database there, and does the sweep keep up?"""

from datetime import timedelta

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views import View

from sessions_adhoc.models import AdHocSession
from sfp_platform import __version__

LATE_AFTER = timedelta(seconds=60)
"""A session due for longer than this means that no worker or no beat runs."""


class HealthView(View):
    """`GET /health/`: 200 when all is well, 503 otherwise, with the reason; and the version, but nothing secret."""

    def get(self, _request: HttpRequest) -> JsonResponse:
        checks = {"database": database_answers()}
        if checks["database"]:
            checks["engine"] = not overdue_sessions()
        healthy = all(checks.values())
        body = {"status": "ok" if healthy else "failing", "version": __version__, "checks": checks}
        return JsonResponse(body, status=200 if healthy else 503)


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def overdue_sessions() -> bool:
    """Some session has been due for a minute and nobody looked at it."""
    return AdHocSession.objects.filter(next_check_at__lt=timezone.now() - LATE_AFTER).exists()
