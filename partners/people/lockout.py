"""Lock-out after failed logins: django-axes counts per user name and source address, and forgets after a while."""

from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin
from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.forms import AuthenticationForm


def cool_off() -> timedelta:
    return timedelta(minutes=settings.ADMIN_LOCKOUT_MINUTES)


def locked_until(username: str, address: str | None = None) -> datetime | None:
    """When the last lock of a user name ends; None where none is in force. Without `address`: from any."""
    rows = AccessAttempt.objects.filter(username=username, attempt_time__gt=timezone.now() - cool_off())
    rows = rows.filter(ip_address=address) if address else rows
    counted = (
        rows.order_by().values("ip_address").annotate(failures=Sum("failures_since_start"), at=Max("attempt_time"))
    )
    locks = [row["at"] for row in counted if row["failures"] >= settings.AXES_FAILURE_LIMIT]
    return max(locks) + cool_off() if locks else None


def is_locked(attempt: AccessAttempt) -> bool:
    """Whether this row alone locks its user name out."""
    over = attempt.attempt_time <= timezone.now() - cool_off()
    return attempt.failures_since_start >= settings.AXES_FAILURE_LIMIT and not over


def unlock(username: str, address: str | None = None) -> bool:
    """Forget the failed logins of a user name, from one address or from all; False where there were none."""
    rows = AccessAttempt.objects.filter(username=username)
    deleted, _ = (rows.filter(ip_address=address) if address else rows).delete()
    return bool(deleted)


def answer_locked(
    request: HttpRequest, _answer: HttpResponse, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """The login page with when to try again, as HTTP 429. It does not tell whether there is such a user."""
    username = str((credentials or {}).get("username") or "")
    address = getattr(request, "axes_ip_address", None)
    context = {
        **admin.site.each_context(request),
        "title": "Log in",
        "form": AuthenticationForm(request),
        "app_path": request.get_full_path(),
        "locked_until": locked_until(username, address) or timezone.now() + cool_off(),
    }
    return TemplateResponse(request, "admin/login.html", context, status=429).render()
