"""The words of incidents: symptom, likely cause and resolution as in the guide's section 8."""

from dataclasses import dataclass

from ocpi.models import Message
from partners.incidents import Report
from sessions_adhoc.decide import settle, start
from sessions_adhoc.models import AdHocSession


@dataclass(frozen=True)
class Symptom:
    cause: str
    resolution: str


SYMPTOMS = {
    start.START_ERROR: Symptom(
        "EVSE not available or command rejected.",
        "Return the correct CommandResponse code. Verify the EVSE ID matches your Location data.",
    ),
    start.GET_SESSIONS_ERROR: Symptom(
        "No Session was pushed, and GET /sessions is not offered, fails or cannot be read.",
        "Offer GET /sessions with date_from and paging. Until then the driver's funds stay reserved.",
    ),
    settle.CDR_MISSING: Symptom(
        "CDR not sent, or sent to wrong endpoint.",
        "Verify the CDRs endpoint URL. CDR must be sent as POST immediately after session ends.",
    ),
    settle.CDR_UNUSABLE: Symptom(
        "The CDR's currency or total does not fit the reservation.",
        "Check the CDR. Staff decide: check again, capture by hand, or release.",
    ),
    settle.MONEY_STUCK: Symptom(
        "The payment gateway no longer holds the money, or refuses to capture it.",
        "Look at the payment's history, then settle by hand.",
    ),
}


def report(session: AdHocSession, symptom: str, text: str) -> Report:
    """Return the incident for `symptom` of this session, with the exchanges that prove it."""
    words = SYMPTOMS[symptom]
    return Report(
        key=f"{symptom}:{session.pk}",
        symptom=symptom,
        cause=words.cause,
        resolution=words.resolution,
        reference=str(session.pk),
        evidence=[{"text": text}, *_exchanges(session)],
    )


def _exchanges(session: AdHocSession) -> list[dict[str, object]]:
    """The messages that the commands of this session point to."""
    ids = [attempt.command.message_id for attempt in session.attempts.select_related("command")]
    messages = Message.objects.filter(pk__in=[pk for pk in ids if pk])
    return [
        {"message": row.pk, "text": f"{row.method} {row.url} answered {row.http_status or 'nothing'}"}
        for row in messages
    ]
