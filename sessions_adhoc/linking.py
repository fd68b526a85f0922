"""Whose Session is it? (rules 7, 10, 12)"""

from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Lower

from ocpi import commands
from ocpi.models import OcpiSession, Token
from ocpi.receivers import SessionNews
from partners import incidents
from partners.rows import run
from sessions_adhoc import eligibility, strays, symptoms
from sessions_adhoc.decide.facts import SESSION_OVER
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt
from sessions_adhoc.queueing import send_command_after_commit
from sessions_adhoc.snapshot import cdrs_of, energy_observed

Validity = AttemptSession.Validity

_OF_PARTNER = f"FROM {AdHocSession._meta.db_table} s"
_ITS_TOKEN = f"JOIN {Token._meta.db_table} t ON t.id = s.token_id WHERE s.partner_id = %s"
# In one statement, as every Session asks it. Our references are lower case; the token's contract id is only looked
# for when nothing else is found.
WHOSE = (
    f"WITH named AS (SELECT s.id, 1 AS rank {_OF_PARTNER}"  # noqa: S608
    f" JOIN {ChargingAttempt._meta.db_table} a ON a.session_id = s.id"
    " WHERE s.partner_id = %s AND a.authorization_reference = %s"
    f" UNION ALL SELECT s.id, 2 {_OF_PARTNER} {_ITS_TOKEN} AND LOWER(t.uid) = %s)"
    " SELECT id, rank FROM named"
    f" UNION ALL SELECT s.id, 3 {_OF_PARTNER} {_ITS_TOKEN} AND LOWER(t.contract_id) = %s"
    " AND NOT EXISTS (SELECT 1 FROM named)"
)


def ad_hoc_session_of(session: OcpiSession) -> UUID | None:
    """Return the ad-hoc session that a Session names, by authorization reference or by its one-off token, or None."""
    found = run(WHOSE, whose_params(session))
    # SQLite keeps ids as text.
    return UUID(str(min(found, key=itemgetter(1))[0])) if found else None


def whose_params(session: OcpiSession) -> list[Any]:
    """The values for `WHOSE`."""
    reference, name = session.authorization_reference.lower(), session.token_uid.lower()
    partner_id = session.partner_id
    return [partner_id, reference, partner_id, name, partner_id, name]


def names_token(name: str) -> Q:
    """Ad-hoc sessions whose one-off token has this name: its uid, or its contract id, which is all that a Session or
    CDR of OCPI 2.1.1 says (`auth_id`). Both are the session's alone (rule 1)."""
    # By the expressions of the indexes: `iexact` compares upper case, and would read every token.
    named = Token.objects.annotate(uid_key=Lower("uid"), contract_key=Lower("contract_id"))
    return Q(token__in=named.filter(Q(uid_key=name.lower()) | Q(contract_key=name.lower())).values("pk"))


def link(session_id: UUID, news: SessionNews, now: datetime) -> AttemptSession | None:
    """Return the link between the Session and its attempt, made on first sight. The ad-hoc session is locked.

    An invalid one (late, duplicate, orphan) is asked to stop, once, and never billed; so is one for which no
    START_SESSION was sent, and then there is no attempt to link it to.
    """
    known = AttemptSession.objects.filter(ocpi_session=news.session)
    link = known.select_related("attempt__session", "ocpi_session").first()
    told = link is not None and not _turns_late(link)
    link = link or _on_first_sight(session_id, news.session)
    if link is None:
        strays.meet(session_id, news)
        return None
    if link.validity == Validity.VALID:
        return link
    _stop_once(link)
    if not told and not strays.is_known(news.session):
        incidents.open_incident(news.session.partner_id, symptoms.orphan(link, news.message_id))
    return link


def _on_first_sight(session_id: UUID, session: OcpiSession) -> AttemptSession | None:
    attempt = _attempt_of(session_id, session)
    if attempt is None:
        return None
    if strays.is_known(session):
        stop = strays.stop_of(session)
        return AttemptSession.objects.create(
            attempt=attempt, ocpi_session=session, validity=Validity.ORPHAN, stop_command=stop
        )
    return AttemptSession.objects.create(attempt=attempt, ocpi_session=session, validity=_validity(attempt, session))


def _turns_late(link: AttemptSession) -> bool:
    """A Session that was ours until its attempt failed comes to life only now: it has become an orphan."""
    if link.validity != Validity.VALID or not _came_too_late(link):
        return False
    link.validity, link.stop_command = Validity.LATE, link.attempt.stop_command
    link.save(update_fields=["validity", "stop_command"])
    return True


def _came_too_late(link: AttemptSession) -> bool:
    """Rules 8, 10: it was there when its attempt failed, and became ACTIVE or delivered energy only afterwards."""
    attempt, session = link.attempt, link.ocpi_session
    if attempt.failure == "" or session.status == "PENDING":
        return False
    if session.status in SESSION_OVER:
        return energy_observed(session)
    first_active = session.first_active_at
    return energy_observed(session) or bool(first_active and attempt.ended_at and first_active > attempt.ended_at)


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
    told = eligibility.session_told(attempt.session, attempt, cdrs_of(attempt.session))
    if told not in ("", session.ocpi_key):
        return Validity.DUPLICATE
    in_time = attempt.ended_at is None or attempt.failure == ""
    return Validity.VALID if in_time else Validity.LATE


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
