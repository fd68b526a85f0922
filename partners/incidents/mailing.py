"""Each incident is mailed once: to the CPO's technical contact, or to support only (rule 30)."""

from datetime import UTC

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from partners.models import Incident


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
    contacts = [contact.email for contact in partner.contacts.all()] if incident.tell_cpo else []
    return EmailMessage(
        subject=f"[Smart Fuel Pass] {partner.name}: {incident.symptom}",
        body="\n".join(_lines(incident)),
        to=contacts or [settings.SUPPORT_EMAIL],
        cc=[settings.SUPPORT_EMAIL] if contacts else [],
        reply_to=[settings.SUPPORT_EMAIL],
    )


def _lines(incident: Incident) -> list[str]:
    return [
        f"Partner: {incident.partner}",
        *([f"Ad-hoc session: {incident.reference}"] if incident.reference else []),
        "",
        *([incident.letter, ""] if incident.letter else []),
        f"What we see: {incident.symptom}",
        f"Likely cause: {incident.cause}",
        f"What to do: {incident.resolution}",
        "",
        *_seen(incident),
        *[f"- {item.get('text', item)}" for item in incident.evidence],
    ]


def _seen(incident: Incident) -> list[str]:
    """How often, where it was more than once."""
    if incident.occurrences == 1:
        return []
    first, last = (
        at.astimezone(UTC).strftime("%-d %b %Y, %H:%M") for at in (incident.first_seen_at, incident.last_seen_at)
    )
    return [f"Seen {incident.occurrences} times, from {first} to {last} UTC:"]
