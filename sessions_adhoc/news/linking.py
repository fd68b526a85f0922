"""What a Session is to its attempt: valid, the same charge under another id, or none of ours (rules 7, 10, 12)."""

from uuid import UUID

from django.db.models import Q

from ocpi.log import quirks
from ocpi.models import OcpiSession
from ocpi.receivers import SessionNews
from partners import incidents
from partners.ground.writes import Writes
from sessions_adhoc import belonging, symptoms
from sessions_adhoc.decide.session_facts import SESSION_OVER
from sessions_adhoc.engine.snapshot import Snapshot, energy_observed
from sessions_adhoc.models import AttemptSession, ChargingAttempt
from sessions_adhoc.news import running_on, stopping, strays
from sessions_adhoc.news.whose import Told

Validity = AttemptSession.Validity
PENDING = "PENDING"
SAME_CHARGE = frozenset({Validity.VALID, Validity.RENAMED})


def link(told: Told, news: SessionNews, writes: Writes) -> AttemptSession | None:
    """Return the link between the Session and its attempt, made on first sight. The ad-hoc session is locked.

    An invalid one (late, duplicate, orphan) is asked to stop, once, and never billed; so is one for which no
    START_SESSION was sent, and then there is no attempt to link it to.
    """
    link = told.link
    if link is not None:
        _goes_on_as_the_next(link)
    known = link is not None and not _turns_late(link) and not _turns_second(link)
    if known and link is not None:
        running_on.meet(link, news)
    link = link or _on_first_sight(told.session.pk, news, writes)
    if link is None:
        strays.meet(told.session.pk, news)
        return None
    if link.validity in SAME_CHARGE:
        return link
    stopping.stop_once(link)
    if not known and not strays.is_known(news.session):
        incidents.open_incident(news.session.partner_id, symptoms.orphan(link, news.message_id))
    return link


def _on_first_sight(session_id: UUID, news: SessionNews, writes: Writes) -> AttemptSession | None:
    session, rows = news.session, Snapshot.locked(session_id)
    attempt = belonging.attempt_of_session(rows.bill.attempts, session)
    if attempt is None:
        return None
    _note_what_disagrees(rows, news)
    if not news.created and strays.is_known(session):
        stop = strays.stop_of(session)
        return AttemptSession.objects.create(
            attempt=attempt, ocpi_session=session, validity=Validity.ORPHAN, stop_command=stop
        )
    link = AttemptSession(attempt=attempt, ocpi_session=session, validity=_validity(rows, attempt, session))
    if link.validity in SAME_CHARGE:
        writes.add(link)
    else:
        link.save(force_insert=True)
    return link


def _note_what_disagrees(rows: Snapshot, news: SessionNews) -> None:
    said = news.session
    if leniences := belonging.disagreements(rows.session, rows.bill.attempts, said):
        quirks.note(said.partner, said.version, "sessions", leniences, news.message_id)


def _goes_on_as_the_next(link: AttemptSession) -> None:
    """A Session whose attempt failed without energy, and that names the next one now: it is that one's (rule 7)."""
    failed, said = link.attempt, link.ocpi_session.authorization_reference.lower()
    if link.validity != Validity.VALID or not failed.failure or said in ("", failed.authorization_reference):
        return
    open_ones = ChargingAttempt.objects.filter(session_id=failed.session_id, ended_at=None)
    waiting = open_ones.exclude(session_links__validity=Validity.VALID).filter(authorization_reference=said).first()
    if waiting is not None:
        waiting.session = failed.session
        link.attempt = waiting
        link.save(update_fields=["attempt"])


def _turns_late(link: AttemptSession) -> bool:
    """A Session that was ours until its attempt failed comes to life only now: it has become an orphan."""
    if link.validity != Validity.VALID or not _came_too_late(link):
        return False
    stop = link.attempt.stop_command
    link.validity, link.stop_command = Validity.LATE, stop if stop and stopping.may_be_obeyed(stop, link) else None
    link.save(update_fields=["validity", "stop_command"])
    return True


def _came_too_late(link: AttemptSession) -> bool:
    """Rules 8, 10: it was there when its attempt failed, and became ACTIVE or delivered energy only afterwards."""
    attempt, session = link.attempt, link.ocpi_session
    if attempt.failure == "" or session.status == "PENDING":
        return False
    if session.status in SESSION_OVER:
        return energy_observed(session, attempt)
    first_active = session.first_active_at
    return energy_observed(session, attempt) or bool(
        first_active and attempt.ended_at and first_active > attempt.ended_at
    )


def _validity(rows: Snapshot, attempt: ChargingAttempt, session: OcpiSession) -> str:
    if not belonging.is_at_its_charger(rows.session, session, session.connector_id):
        return Validity.ORPHAN
    is_open = attempt.ended_at is None
    told = rows.bill.told.get(attempt.pk, "")
    if told not in ("", session.ocpi_id.lower()) or _has_another(rows, attempt):
        if is_open and session.status == PENDING:
            return Validity.RENAMED
        if not (is_open and _gives_way(attempt)):
            return Validity.DUPLICATE
    return Validity.VALID if is_open or attempt.failure == "" else Validity.LATE


def _has_another(rows: Snapshot, attempt: ChargingAttempt) -> bool:
    """Whether the attempt's one Session is another, be it one that had the same id before (rule 7)."""
    return any(link.attempt_id == attempt.pk and link.validity == Validity.VALID for link in rows.bill.links)


def _gives_way(attempt: ChargingAttempt) -> bool:
    """The Session that counted so far never went beyond PENDING, be it closed by now: it is the same charge under
    another id. A STOP of that id stops this one by nothing: the driver's wish is sent anew (rule 19)."""
    before = attempt.session_links.filter(validity=Validity.VALID, ocpi_session__first_active_at=None)
    unborn = before.filter(
        Q(ocpi_session__status=PENDING) | Q(ocpi_session__status__in=SESSION_OVER, ocpi_session__kwh=0)
    )
    if not unborn.update(validity=Validity.RENAMED):
        return False
    if attempt.stop_command_id is not None:
        attempt.stop_command = None
        attempt.save(update_fields=["stop_command"])
    return True


def _turns_second(link: AttemptSession) -> bool:
    """An id that stood for the same charge comes to life: it is the one that counts, or beside that a second one for
    one START_SESSION."""
    session = link.ocpi_session
    is_born = session.status == "ACTIVE" or (session.status in SESSION_OVER and session.kwh > 0)
    if link.validity != Validity.RENAMED or not is_born:
        return False
    if link.attempt.ended_at is None and _gives_way(link.attempt):
        link.validity = Validity.VALID
    elif session.status == "ACTIVE":
        link.validity = Validity.DUPLICATE
    link.save(update_fields=["validity"])
    return link.validity == Validity.DUPLICATE
