"""Certificates that expire soon, or that we already refuse."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q

from ocpi.client.certificates import days_left
from ocpi.models import ServerCertificate
from partners.incidents.detecting import Detector, Finding, Window, evidence, moment
from partners.incidents.reporting import Report
from partners.models import Incident

CERTIFICATE = "certificate"
LAST_DAYS = 3


def expiring(window: Window) -> list[Finding]:
    """One statement over the certificates that expire next."""
    soon = window.now + timedelta(days=settings.DETECT_CERTIFICATE_DAYS)
    rows = ServerCertificate.objects.filter(Q(not_after__lte=soon) | ~Q(problem=""), not_after__isnull=False)
    return [_finding(row, window) for row in rows]


def _finding(row: ServerCertificate, window: Window) -> Finding:
    assert row.not_after is not None
    left = days_left(row.not_after, window.now)
    urgent = left < LAST_DAYS or bool(row.problem)
    # When it became what it is: the same state is not told again after somebody closed it.
    limit = LAST_DAYS if left < LAST_DAYS else settings.DETECT_CERTIFICATE_DAYS
    since = row.not_after - timedelta(days=limit)
    if row.problem:
        since = max(min(since, window.now), row.not_after - timedelta(days=3650))
    what = f"expires on {moment(row.not_after)}" if left >= 0 else f"expired on {moment(row.not_after)}"
    problem = f" It is not accepted: {row.problem}." if row.problem else ""
    report = Report(
        key=f"{CERTIFICATE}:{row.host}:{row.port}",
        symptom="The server's certificate expires",
        cause=f"The certificate of {row} {what}.{problem}",
        resolution="Renew it, complete with its intermediate certificates. Once it has expired, nothing can be started "
        "at the CPO's chargers.",
        severity=Incident.Severity.URGENT if urgent else Incident.Severity.PROBLEM,
        place=str(row),
        to_do="Ask their technical contact to renew it before that day. It closes when they have.",
        evidence=[evidence(f"Seen on {moment(row.checked_at or window.now)}; issued by {row.issuer or 'unknown'}.")],
        letter=f"The TLS certificate of your server {row} {what}.{problem} Please renew it in time, complete with its "
        "intermediate certificates: afterwards we cannot call your server any more.",
    )
    return Finding(row.partner_id, report, since, since)


DETECTORS = (Detector(CERTIFICATE, expiring, over="The certificate was renewed.", every=timedelta(minutes=5)),)
