"""Starts that came to nothing although the CPO accepted them: no Session, or one without energy (guide 5, 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Max, QuerySet

from ocpi.models import Command
from partners.incidents.detecting import Detector, Finding, Key, Window, evidence, moment
from partners.incidents.reporting import Report
from partners.models import Incident
from sessions_adhoc.detectors.starts import nobody_plugged_in
from sessions_adhoc.models import AdHocSession, ChargingAttempt
from sessions_adhoc.states import State

RELEASED = "released-funds"
LONGEST_SESSION = timedelta(days=1)  # from its creation to such an end


@dataclass(frozen=True)
class Words:
    """What an end means, and what the CPO is asked."""

    symptom: str
    cause: str
    resolution: str
    letter: str
    to_do: str


BY_REASON = {
    "no_energy": Words(
        "Session created but funds released early",
        "No energy delivered within timeout.",
        "This is expected SFP behaviour (section 5). Ensure your charger delivers energy promptly after session "
        "creation.",
        "created a Session but delivered no energy within the timeout, so the driver's funds were released. This is "
        "expected SFP behaviour (section 5 of the integration guide). Please ensure that your charger delivers energy "
        "promptly after session creation.",
        "Nothing, if it stays with one charge: the driver paid nothing. If it comes again there, ask them to look.",
    ),
    "no_session": Words(
        "No Session after an accepted START_SESSION",
        "START_SESSION was accepted, but no Session was created within the timeout (section 5.2).",
        "Create the Session and send it with PUT as soon as the charger starts.",
        "was asked to start and START_SESSION was accepted, but we received no Session within the timeout, so the "
        "driver's funds were released (sections 5.2 and 5.3 of the integration guide). Please create the Session and "
        "send it with PUT as soon as the charger starts.",
        "Open the session: its START_SESSION has their answer. Ask them what became of it.",
    ),
}


def released_early(window: Window) -> list[Finding]:
    """Sessions of the window that failed this way, by partner and reason. One statement over the newest sessions."""
    rows = AdHocSession.objects.filter(
        state=State.FAILED.value,
        reason__in=BY_REASON,
        ended_at__gte=window.since,
        created_at__gte=window.since - LONGEST_SESSION,
    )
    bundles: dict[tuple[int, str], list[AdHocSession]] = {}
    others = _nobody_plugged_in(rows) | _not_accepted(rows)
    for row in rows.exclude(pk__in=others).select_related("evse").order_by("ended_at"):
        bundles.setdefault((row.partner_id, row.reason), []).append(row)
    return [_finding(partner_id, reason, ones, window) for (partner_id, reason), ones in bundles.items()]


def _nobody_plugged_in(rows: "QuerySet[AdHocSession]") -> set[Any]:
    """Sessions that came to nothing because nobody plugged in: nothing that a CPO could do better (rule 39)."""
    commands = Command.objects.filter(attempt__session__in=rows, result="TIMEOUT")
    found = ChargingAttempt.objects.filter(command__in=nobody_plugged_in(commands))
    return set(found.values_list("session_id", flat=True))


def _not_accepted(rows: "QuerySet[AdHocSession]") -> set[Any]:
    """Sessions without a Session whose START was not accepted, as far as we know: that is told of the START alone."""
    found = ChargingAttempt.objects.filter(session__in=rows, failure="no_session")
    found = found.exclude(command__state=Command.State.ANSWERED, command__response="ACCEPTED")
    return set(found.values_list("session_id", flat=True))


def _finding(partner_id: int, reason: str, ones: list[AdHocSession], window: Window) -> Finding:
    words, ends = BY_REASON[reason], [one.ended_at for one in ones if one.ended_at]
    places = ", ".join(dict.fromkeys(str(one.evse) for one in ones))
    report = Report(
        key=f"{RELEASED}:{reason}",
        symptom=words.symptom,
        cause=words.cause,
        resolution=words.resolution,
        severity=Incident.Severity.NOTE if reason == "no_energy" else Incident.Severity.PROBLEM,
        place=places,
        to_do=words.to_do,
        evidence=[
            {
                **evidence(f"Session {str(one.pk)[:8]} at {one.evse}: released {moment(end)}."),
                "session": str(one.pk),
            }
            for one, end in zip(ones, ends, strict=True)
        ],
        letter=f"Your charger {places} {words.letter}",
    )
    return Finding(partner_id, report, min(ends), max(ends), len(ones), sum(end > window.before for end in ends))


def delivered_since(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    """A later charge at this partner brought energy. One statement over its newest sessions."""
    attempts = ChargingAttempt.objects.filter(
        session__partner__in={row.partner_id for row in rows},
        session__created_at__gt=min(row.first_seen_at for row in rows) - LONGEST_SESSION,
        energy_at__gt=min(row.last_seen_at for row in rows),
    )
    newest = dict(attempts.values_list("session__partner_id").annotate(Max("energy_at")).order_by())
    return {
        (row.partner_id, row.key): "A later charge brought energy."
        for row in rows
        if (at := newest.get(row.partner_id)) is not None and at > row.last_seen_at
    }


DETECTORS = (Detector(RELEASED, released_early, delivered_since),)
