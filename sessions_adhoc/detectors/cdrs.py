"""Charges that ended and whose CDR does not come (guide 8)."""

from datetime import datetime, timedelta

from partners.incidents.detecting import Detector, Finding, Window, evidence, moment
from partners.incidents.reporting import Report
from sessions_adhoc.models import AdHocSession, AwaitedCdr
from sessions_adhoc.states import State

MISSING = "missing-cdrs"
PATIENCE = 2
"""Times the policy's `cdr_timeout`: GET /cdrs was asked by then, and had no CDR either."""

LOOKED_BACK = timedelta(days=31)
"""How long a CDR is asked for after our own calculation settled the charge: a month's reconciliation."""

MOST = 500
"""Settled charges that a run looks at, the newest."""


def missing(window: Window) -> list[Finding]:
    """Sessions whose CDR is missing for too long, by partner: those that wait for it, and those that our own
    calculation settled. Two statements, over those alone."""
    bundles: dict[int, list[AdHocSession]] = {}
    for row in [*_settled(window), *_waiting(window)]:
        bundles.setdefault(row.partner_id, []).append(row)
    found = []
    for partner_id, ones in bundles.items():
        dues = [due(one) for one in ones]
        found.append(Finding(partner_id, _tell(sorted(ones, key=_end_of)), min(dues), max(dues), len(ones)))
    return found


def _waiting(window: Window) -> list[AdHocSession]:
    rows = AdHocSession.objects.filter(
        state=State.AWAITING_CDR.value, authorization__state="reserved", charging_ended_at__isnull=False
    )
    return [row for row in rows.select_related("evse").order_by("charging_ended_at") if due(row) < window.now]


def _settled(window: Window) -> list[AdHocSession]:
    rows = AwaitedCdr.objects.filter(due_at__lt=window.now, due_at__gt=window.now - LOOKED_BACK)
    return [row.session for row in rows.select_related("session__evse").order_by("-due_at")[:MOST]]


def due(session: AdHocSession) -> datetime:
    """When the absence of a CDR became a symptom."""
    return _end_of(session) + PATIENCE * timedelta(seconds=session.policy["cdr_timeout"])


def _tell(ones: list[AdHocSession]) -> Report:
    pieces = [{**evidence(_in_words(one)), "session": str(one.pk)} for one in ones]
    sessions = "1 charging session has" if len(ones) == 1 else f"{len(ones)} charging sessions have"
    until = " Until then the driver's funds stay reserved." if any(_is_waiting(one) for one in ones) else ""
    return Report(
        key=MISSING,
        symptom="CDRs not received by SFP",
        cause="CDR not sent, or sent to wrong endpoint. GET /cdrs has none either.",
        resolution="Verify the CDRs endpoint URL. CDR must be sent as POST immediately after session ends.",
        place=_places(ones),
        to_do="Ask them for the POST of each; we look with GET by ourselves. Finance decides on money that is held.",
        evidence=pieces,
        letter=f"{sessions} ended without a CDR, the oldest on {moment(_end_of(ones[0]))}. "
        f"Please verify the CDRs endpoint URL: a CDR must be sent as POST immediately after the session ends.{until}",
    )


def _places(ones: list[AdHocSession]) -> str:
    """The chargers, each once."""
    return ", ".join(dict.fromkeys(str(one.evse) for one in ones))


def _in_words(one: AdHocSession) -> str:
    settled = "" if _is_waiting(one) else " It was settled by our own calculation."
    return f"Session {str(one.pk)[:8]} at {one.evse}: ended {moment(_end_of(one))}, no CDR.{settled}"


def _is_waiting(one: AdHocSession) -> bool:
    return bool(one.state == State.AWAITING_CDR)


def _end_of(row: AdHocSession) -> datetime:
    return row.charging_ended_at or row.state_since


DETECTORS = (Detector(MISSING, missing, over="No session waits for its CDR any more, or staff decide on it."),)
