"""Charges that go on at a partner whose connection has ended: nothing that it knows reaches us any more (rules 8, 24).

A CPO may end it at any time (DELETE credentials, OCPI 2.2.1 §7.2.4), in the middle of a charge too.
"""

from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from partners.incidents.detecting import Detector, Finding, Window, evidence
from partners.incidents.reporting import Evidence, Report
from partners.models import Incident, Partner
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import BEFORE_START, TERMINAL, State

CUT_OFF = "cut-off"
ENDED = "The connection ended while drivers charge"


def cut_off(_window: Window) -> list[Finding]:
    """By partner, those of its charges whose money is held. One statement."""
    rows = AdHocSession.objects.exclude(state__in=TERMINAL | BEFORE_START).filter(
        partner__connection=Partner.Connection.NOT_CONNECTED
    )
    found = rows.order_by("partner_id", "created_at").values_list(
        "partner_id", "partner__updated_at", "pk", "evse__evse_id", "state"
    )
    return [_finding(partner_id, list(ones)) for partner_id, ones in groupby(found, key=itemgetter(0))]


def _finding(partner_id: int, ones: list[tuple[Any, ...]]) -> Finding:
    since: datetime = ones[0][1]
    place = ", ".join(sorted({one[3] for one in ones if one[3]})) or "all chargers"
    told = "1 charge is" if len(ones) == 1 else f"{len(ones)} charges are"
    report = Report(
        key=CUT_OFF,
        symptom=ENDED,
        cause=f"The connection has ended (DELETE credentials or off-boarding) while {told} not settled.",
        resolution="Connect again: register anew with a Token A, and send the CDRs of these charges.",
        severity=Incident.Severity.URGENT,
        place=place,
        to_do="Ask them whether they meant it. Start a handshake, or get the CDRs by mail: then capture or release.",
        evidence=[_evidence(*one[2:]) for one in ones],
        letter=f"The connection between our systems has ended while {told} not settled ({place}). The drivers' money "
        "stays reserved until we have your CDRs. Please register again, or tell us how the CDRs reach us.",
    )
    return Finding(partner_id, report, since, since)


def _evidence(session_id: Any, evse_id: str, state: str) -> Evidence:
    return {**evidence(f"{evse_id or 'An EVSE'}: {State(state).label}."), "session": str(session_id)}


DETECTORS = (Detector(CUT_OFF, cut_off, over="The partner is connected again, or its charges are settled."),)
