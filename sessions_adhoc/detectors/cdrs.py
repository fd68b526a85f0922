"""Charges that ended and whose CDR does not come (guide 8)."""

from datetime import datetime, timedelta

from partners.incidents.detecting import Detector, Finding, Window, evidence, moment
from partners.incidents.reporting import Report
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State

MISSING = "missing-cdrs"
PATIENCE = 2
"""Times the policy's `cdr_timeout`: GET /cdrs was asked by then, and had no CDR either."""


def missing(window: Window) -> list[Finding]:
    """Sessions that wait for their CDR for too long, by partner. One statement over those that wait."""
    rows = AdHocSession.objects.filter(
        state=State.AWAITING_CDR.value, authorization__state="reserved", charging_ended_at__isnull=False
    )
    bundles: dict[int, list[AdHocSession]] = {}
    for row in rows.select_related("evse").order_by("charging_ended_at"):
        if _due(row) < window.now:
            bundles.setdefault(row.partner_id, []).append(row)
    return [
        Finding(partner_id, _tell(ones), _due(ones[0]), max(_due(one) for one in ones), len(ones))
        for partner_id, ones in bundles.items()
    ]


def _due(row: AdHocSession) -> datetime:
    """When its absence became a symptom."""
    ended_at = row.charging_ended_at or row.state_since
    return ended_at + PATIENCE * timedelta(seconds=row.policy["cdr_timeout"])


def _tell(ones: list[AdHocSession]) -> Report:
    pieces = [
        {
            **evidence(f"Session {str(one.pk)[:8]} at {one.evse}: ended {moment(_end_of(one))}, no CDR."),
            "session": str(one.pk),
        }
        for one in ones
    ]
    return Report(
        key=MISSING,
        symptom="CDRs not received by SFP",
        cause="CDR not sent, or sent to wrong endpoint. GET /cdrs has none either.",
        resolution="Verify the CDRs endpoint URL. CDR must be sent as POST immediately after session ends.",
        evidence=pieces,
        letter=f"{len(ones)} charging session(s) have ended without a CDR, the oldest on {moment(_end_of(ones[0]))}. "
        "Please verify the CDRs endpoint URL: a CDR must be sent as POST immediately after the session ends. Until "
        "then the driver's funds stay reserved.",
    )


def _end_of(row: AdHocSession) -> datetime:
    return row.charging_ended_at or row.state_since


DETECTORS = (Detector(MISSING, missing, over="No session waits for its CDR any more, or staff decide on it."),)
