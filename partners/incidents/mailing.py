"""Each incident is mailed once: to the CPO's technical contact, or to support only (rule 30)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC

from django.conf import settings
from django.db import transaction

from partners import outbox
from partners.ground.persons import advice_to_you, to_them
from partners.models import Incident, Mail
from partners.outbox import Letter

MOST_AT_ONCE = 100


Opened = Callable[[Sequence[Incident]], object]


@dataclass
class _Listeners:
    """What else is told that incidents were opened, in the transaction that opens them."""

    opened: list[Opened] = field(default_factory=list)


listeners = _Listeners()


def announce(incidents: Sequence[Incident]) -> int:
    """Write the mails of incidents that were just opened, inside the transaction that opened them."""
    for told in listeners.opened:
        told(incidents)
    return len(outbox.write_all([(incident.partner, _letter(incident)) for incident in incidents]))


def announce_forgotten() -> int:
    """Write the mails that are missing: of incidents from before mails were rows. Return how many."""
    with transaction.atomic():
        missing = Incident.objects.filter(mailed_at=None, closed_at=None, mails=None).order_by("id")
        # PostgreSQL locks no rows of an outer join: the keys are read first.
        keys = list(missing.values_list("pk", flat=True)[:MOST_AT_ONCE])
        if not keys:
            return 0
        locked = Incident.objects.filter(pk__in=keys).select_for_update(of=("self",)).order_by("id")
        rows = locked.select_related("partner").prefetch_related("partner__contacts", "mails")
        return announce([row for row in rows if not row.mails.all()])


def note_sent(mail: Mail) -> None:
    """`mailed_at` is when the mail server took it. Inside the transaction that notes the mail as sent."""
    if mail.incident_id:
        Incident.objects.filter(pk=mail.incident_id).update(mailed_at=mail.sent_at)


def _letter(incident: Incident) -> Letter:
    partner = incident.partner
    contacts = [contact.email for contact in partner.contacts.all()] if incident.tell_cpo else []
    return Letter(
        subject=f"[Smart Fuel Pass] {partner.name}: {incident.symptom}",
        body="\n".join(_lines(incident)),
        to=contacts or [settings.SUPPORT_EMAIL],
        cc=[settings.SUPPORT_EMAIL] if contacts else [],
        reply_to=[settings.SUPPORT_EMAIL],
        incident=incident,
    )


def _lines(incident: Incident) -> list[str]:
    to_the_cpo = incident.tell_cpo and bool(incident.letter)
    tells = advice_to_you if to_the_cpo else to_them
    return [
        f"Partner: {incident.partner}",
        *([f"Ad-hoc session: {incident.reference}"] if incident.reference else []),
        "",
        *(_for_cpo(incident) if to_the_cpo else _for_staff(incident)),
        "",
        *_times_seen(incident),
        *[f"- {tells(str(item.get('text', item)))}" for item in incident.evidence],
    ]


def _for_cpo(incident: Incident) -> list[str]:
    """Their words alone: what we do about it is not theirs to read."""
    return [incident.letter, "", f"What we see: {advice_to_you(f'{incident.symptom}{_where(incident)}')}"]


def _for_staff(incident: Incident) -> list[str]:
    return [
        f"What we see: {incident}{_where(incident)}",
        f"Likely cause: {incident.cause_for_staff}",
        f"What to do: {incident.for_staff}",
    ]


def _where(incident: Incident) -> str:
    return f" ({incident.place})" if incident.place else ""


def _times_seen(incident: Incident) -> list[str]:
    """How often, where it was more than once."""
    if incident.occurrences == 1:
        return []
    first, last = (
        at.astimezone(UTC).strftime("%-d %b %Y, %H:%M") for at in (incident.first_seen_at, incident.last_seen_at)
    )
    return [f"Seen {incident.occurrences} times, from {first} to {last} UTC:"]
