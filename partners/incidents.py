"""Opening and closing incidents: one per cause, mailed once, never two open for the same thing (rule 30)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from partners.models import Incident


@dataclass(frozen=True)
class Report:
    """What an incident tells: symptom in the guide's words, likely cause, what to do, evidence.

    `evidence` holds JSON-ready dicts such as `{"message": 12, "text": "GET /sessions answered 500"}`.
    """

    key: str
    symptom: str
    cause: str
    resolution: str
    reference: str = ""
    evidence: list[dict[str, Any]] = field(default_factory=list)


def open_incident(partner_id: int, report: Report) -> Incident:
    """Open the incident, or count one more occurrence on the one already open for this cause."""
    now = timezone.now()
    with transaction.atomic():
        incident, created = Incident.objects.get_or_create(
            partner_id=partner_id,
            key=report.key,
            closed_at=None,
            defaults={
                "symptom": report.symptom,
                "cause": report.cause,
                "resolution": report.resolution,
                "reference": report.reference,
                "evidence": report.evidence,
            },
        )
        if not created:
            Incident.objects.filter(pk=incident.pk).update(occurrences=F("occurrences") + 1, last_seen_at=now)
    return incident


def close_incidents(partner_id: int, key: str, reason: str) -> int:
    """Close what is open for `key` because its cause is gone; return how many were."""
    return Incident.objects.filter(partner_id=partner_id, key=key, closed_at=None).update(
        closed_at=timezone.now(), close_reason=reason
    )


def close_by_staff(incident_id: int, user: Any, reason: str) -> bool:
    """Close one incident in the name of `user`; False when it was closed already.

    Raises:
        ValueError: no reason was given.
    """
    if not reason.strip():
        raise ValueError("Say why the incident is closed.")
    return bool(
        Incident.objects.filter(pk=incident_id, closed_at=None).update(
            closed_at=timezone.now(), closed_by=user, close_reason=reason.strip()
        )
    )


def mail_due(limit: int = 20) -> int:
    """Mail incidents that nobody was told of yet; return how many were sent.

    The row is claimed before sending: after a crash in between one mail is lost rather than sent over and over.
    """
    sent = 0
    due = Incident.objects.filter(mailed_at=None, closed_at=None).order_by("id").values_list("pk", flat=True)
    for pk in due[:limit]:
        if Incident.objects.filter(pk=pk, mailed_at=None).update(mailed_at=timezone.now()):
            _message(Incident.objects.select_related("partner").get(pk=pk)).send()
            sent += 1
    return sent


def _message(incident: Incident) -> EmailMessage:
    partner = incident.partner
    contacts = [contact.email for contact in partner.contacts.all()]
    lines = [
        f"Partner: {partner}",
        f"Ad-hoc session: {incident.reference}" if incident.reference else "",
        "",
        f"What we see: {incident.symptom}",
        f"Likely cause: {incident.cause}",
        f"What to do: {incident.resolution}",
        "",
        *[f"- {item.get('text', item)}" for item in incident.evidence],
    ]
    return EmailMessage(
        subject=f"[Smart Fuel Pass] {partner.name}: {incident.symptom}",
        body="\n".join(lines),
        to=contacts or [settings.SUPPORT_EMAIL],
        cc=[settings.SUPPORT_EMAIL] if contacts else [],
        reply_to=[settings.SUPPORT_EMAIL],
    )


def close_about(partner_id: int, reference: str, reason: str, symptoms: Collection[str]) -> int:
    """Close what is open about one ad-hoc session because it resolved itself; return how many were.

    Only incidents with these symptoms: others wait for a person whatever becomes of the session.
    """
    about = Incident.objects.filter(partner_id=partner_id, reference=reference, closed_at=None)
    return about.filter(symptom__in=symptoms).update(closed_at=timezone.now(), close_reason=reason)
