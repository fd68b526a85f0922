"""Whose Session is it? (rules 7, 10, 12)"""

from datetime import datetime
from uuid import UUID

from ocpi import commands
from ocpi.models import OcpiSession
from ocpi.receivers import SessionNews
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt
from sessions_adhoc.queueing import send_command_after_commit

Validity = AttemptSession.Validity


def ad_hoc_session_of(session: OcpiSession) -> UUID | None:
    """Return the ad-hoc session that a Session names, by authorization reference or by its one-off token, or None."""
    mine = AdHocSession.objects.filter(partner_id=session.partner_id)
    if session.authorization_reference:
        found = mine.filter(attempts__authorization_reference__iexact=session.authorization_reference)
        if (pk := found.values_list("pk", flat=True).first()) is not None:
            return pk
    return mine.filter(token__uid__iexact=session.token_uid).values_list("pk", flat=True).first()


def link(session_id: UUID, news: SessionNews, now: datetime) -> AttemptSession | None:
    """Return the link between the Session and its attempt, made on first sight. The ad-hoc session is locked.

    An invalid one (late, duplicate, orphan) is asked to stop, once, and never billed.
    """
    existing = AttemptSession.objects.filter(ocpi_session=news.session).select_related("attempt").first()
    if existing is not None:
        if existing.validity != Validity.VALID:
            _stop_once(existing)
        return existing
    attempt = _attempt_of(session_id, news.session)
    if attempt is None:
        return None
    made = AttemptSession.objects.create(
        attempt=attempt, ocpi_session=news.session, validity=_validity(attempt, news.session)
    )
    if made.validity != Validity.VALID:
        _stop_once(made)
    return made


def _attempt_of(session_id: UUID, session: OcpiSession) -> ChargingAttempt | None:
    attempts = ChargingAttempt.objects.filter(session_id=session_id).order_by("-number")
    if session.authorization_reference:
        named = attempts.filter(authorization_reference__iexact=session.authorization_reference).first()
        if named is not None:
            return named
    return attempts.first()


def _validity(attempt: ChargingAttempt, session: OcpiSession) -> str:
    if not _same_place(attempt, session):
        return Validity.ORPHAN
    if AttemptSession.objects.filter(attempt=attempt, validity=Validity.VALID).exists():
        return Validity.DUPLICATE
    return Validity.VALID if attempt.ended_at is None else Validity.LATE


def _same_place(attempt: ChargingAttempt, session: OcpiSession) -> bool:
    """Location, EVSE and connector must agree where the Session gives them (rule 7)."""
    evse = attempt.session.evse
    expected = (evse.location.ocpi_id, evse.uid, attempt.session.connector_number)
    given = (session.location_id, session.evse_uid, session.connector_id)
    return all(
        not said or not known or said == "#NA" or said.lower() == known.lower()
        for said, known in zip(given, expected, strict=True)
    )


def _stop_once(link: AttemptSession) -> None:
    """Ask the CPO to stop a Session that we do not follow: once, while it runs (rule 12)."""
    session = link.ocpi_session
    if link.stop_command_id is not None or session.status not in ("ACTIVE", "PENDING"):
        return
    link.stop_command = commands.create_stop_session(
        partner=session.partner, session_id=session.ocpi_id, reference=str(link.attempt.session_id)
    )
    link.save(update_fields=["stop_command"])
    send_command_after_commit(link.stop_command)
