"""Opening and closing incidents: one per cause, never two open for the same thing (rule 30)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from partners.ground.writes import Writes
from partners.incidents import mailing
from partners.models import Incident, Mail

MOST_EVIDENCE = 20
GIVEN_UP = "mail:given-up"

Evidence = dict[str, Any]


@dataclass(frozen=True)
class Report:
    """What an incident tells: symptom in the guide's words, likely cause, what to do, evidence.

    Cause and resolution are in the guide's words. What staff do about it is `to_do`, what the CPO is told is `letter`.

    Args:
        key: what it is about; one incident is open per partner and key.
        evidence: JSON-ready dicts such as `{"message": 12, "text": "GET /sessions answered 500"}`.
        place: the EVSE, Session, address or module that it is about: two incidents never look the same.
        to_do: what we do, for staff.
        letter: a paragraph that can be sent to the CPO as it stands. Who is told of it (`tell_cpo`) needs one.
        tell_cpo: whether the CPO's technical contact is mailed; else only support is.
        detector: which one closes it when its cause is gone (`partners.incidents.detecting`).
    """

    key: str
    symptom: str
    cause: str
    resolution: str
    reference: str = ""
    evidence: list[Evidence] = field(default_factory=list)
    letter: str = ""
    place: str = ""
    to_do: str = ""
    severity: int = Incident.Severity.PROBLEM
    tell_cpo: bool = True
    detector: str = ""

    def fields(self) -> dict[str, Any]:
        """The columns of its incident, without the partner and the key."""
        return {
            "symptom": self.symptom,
            "cause": self.cause,
            "resolution": self.resolution,
            "reference": self.reference,
            "evidence": self.evidence[-MOST_EVIDENCE:],
            "letter": self.letter,
            "place": self.place[:200],
            "to_do": self.to_do,
            "severity": self.severity,
            "tell_cpo": self.tell_cpo,
            "detector": self.detector,
        }


def open_incident(partner_id: int, report: Report) -> Incident:
    """Open the incident, or add what happened now to the one already open for this cause."""
    with transaction.atomic():
        incident, created = Incident.objects.get_or_create(
            partner_id=partner_id, key=report.key, closed_at=None, defaults=report.fields()
        )
        if created:
            mailing.announce([incident])
        else:
            incident = Incident.objects.select_for_update().get(pk=incident.pk)
            incident.occurrences += 1
            incident.last_seen_at = timezone.now()
            incident.evidence = add_evidence(incident.evidence, report.evidence)
            incident.save(update_fields=["occurrences", "last_seen_at", "evidence"])
    return incident


def add_evidence(known: list[Evidence], more: list[Evidence]) -> list[Evidence]:
    """The evidence with what is new in it: the first piece, which says how it began, and the newest ones."""
    together = [*known, *(item for item in more if item not in known)]
    return together if len(together) <= MOST_EVIDENCE else [together[0], *together[1 - MOST_EVIDENCE :]]


def close_incidents(partner_id: int, key: str, reason: str) -> int:
    """Close what is open for `key` because its cause is gone; return how many were."""
    return Incident.objects.filter(partner_id=partner_id, key=key, closed_at=None).update(
        closed_at=timezone.now(), close_reason=reason
    )


def close_everywhere(key: str, reason: str) -> int:
    """The same, with whichever partner it was opened: its cause is none of theirs."""
    return Incident.objects.filter(key=key, closed_at=None).update(closed_at=timezone.now(), close_reason=reason)


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


def close_about(
    partner_id: int, reference: str, reason: str, symptoms: Collection[str], writes: Writes | None = None
) -> None:
    """Close what is open about one ad-hoc session because it resolved itself, with `writes` where they are given.

    Only incidents with these symptoms: others wait for a person whatever becomes of the session.
    """
    about = Incident.objects.filter(partner_id=partner_id, reference=reference, closed_at=None, symptom__in=symptoms)
    values = {"closed_at": timezone.now(), "close_reason": reason}
    if writes is None:
        about.update(**values)
    else:
        writes.update(about, **values)


def note_given_up(mail: Mail) -> None:
    """A mail could not be sent for days: staff have to know, and support's own mails take the same way."""
    open_incident(
        mail.partner_id,
        Report(
            key=GIVEN_UP,
            symptom="A mail could not be sent",
            cause=f"The mail server did not take \u201c{mail.subject}\u201d to {mail.addresses()}: {mail.error}",
            resolution="Check the mail server and the address, then press Send again on the mail's page.",
            place=mail.addresses(),
            to_do="Check the address on the mail's page, then press Send again.",
            evidence=[{"text": f"{mail.subject}: {mail.error}"}],
            tell_cpo=False,
        ),
    )
