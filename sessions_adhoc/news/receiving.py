"""What other apps tell us: Sessions, EVSE statuses, CDRs, commands, payments.

Called inside the transaction that stores the news. Each writes down what it means for an attempt, makes the session
due, and has it advanced after commit; the deciding is done there. News that changes nothing is written down too.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import capfirst

from billing.models import PaymentAuthorization
from billing.payments.services import is_stuck
from billing.pricing import in_words
from ocpi.log import quirks
from ocpi.models import Cdr, Command
from ocpi.receivers import EvseNews, SessionNews
from partners import incidents
from sessions_adhoc import belonging, symptoms, timeline
from sessions_adhoc.decide.session_facts import CONNECTOR_READY
from sessions_adhoc.decide.settle import MONEY_STUCK
from sessions_adhoc.decide.start import may_send
from sessions_adhoc.engine.queueing import is_as_decided, wake
from sessions_adhoc.engine.snapshot import Snapshot, facts_of
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt, TimelineEvent
from sessions_adhoc.money import auditing
from sessions_adhoc.news import linking, metering
from sessions_adhoc.states import TERMINAL, State

Kind = TimelineEvent.Kind
CONNECTOR_MOMENTS = ["connector_charging_at", "connector_fell_at", "connector_contradicts_at"]
FREE = CONNECTOR_READY | {"AVAILABLE"}


LIVE_AT_EVSE = (
    f"SELECT 1 FROM {AdHocSession._meta.db_table} s WHERE s.evse_id = CAST(%s AS bigint) AND s.ended_at IS NULL"  # noqa: S608
    f" AND s.state NOT IN ({', '.join(repr(str(state)) for state in sorted(TERMINAL))})"
)
"""Whose news a status is (`evse_news`), for the statement that stores it."""


def session_news(news: SessionNews) -> None:
    """A Session of ours: link it to its attempt, take its sample, wake its ad-hoc session (rules 6, 7, 21)."""
    if metering.is_known(news):
        return
    session_id = belonging.ad_hoc_session_of(news.session)
    if session_id is None:
        return
    now = timezone.now()
    wake([session_id], now)
    link = linking.link(session_id, news, now)
    if link is None:
        return
    metering.take(link, news, now)
    if _worth_telling(news, link):
        text = f"{news.source} Session {news.session.ocpi_id}: {news.session.status}, {news.session.kwh:f} kWh"
        if link.validity not in linking.SAME_CHARGE:
            text += f" ({link.get_validity_display().lower()}: not valid for billing)"
        session = AdHocSession(pk=session_id)
        timeline.write(session, Kind.SESSION, text, at=now, message_id=news.message_id)


def _worth_telling(news: SessionNews, link: AttemptSession) -> bool:
    """Its samples tell of a Session that goes on; the timeline, of a new one and of a new status."""
    if news.created or link.status_told != news.session.status:
        AttemptSession.objects.filter(pk=link.pk).update(status_told=news.session.status)
        return True
    return False


def evse_news(news: EvseNews) -> None:
    """The connector of a live session: note CHARGING and the fall from it (rules 13-16), wake who waits."""
    repeated = news.evse.status == news.previous
    if not news.previous or (repeated and news.evse.status != "CHARGING"):
        return  # the EVSE itself is new, and nobody can be waiting at it; or it says nothing new
    live = AdHocSession.objects.filter(evse_id=news.evse.pk, ended_at=None).exclude(state__in=TERMINAL)
    ids = list(live.values_list("pk", flat=True))
    if not ids:
        return
    now = timezone.now()
    wake(ids, now)
    said = news.evse.status_received or news.evse.status
    text = f"Connector {said}, as before" if repeated else f"Connector {news.previous} → {said}"
    for session_id in ids:
        if not _note_connector(session_id, news) and repeated:
            continue
        timeline.write(
            AdHocSession(pk=session_id),
            Kind.CONNECTOR,
            text,
            at=now,
            state_from=news.previous,
            state_to=news.evse.status,
            message_id=news.message_id,
        )


def _note_connector(session_id: UUID, news: EvseNews) -> bool:
    """Note what the connector says during an attempt; whether that is anything new. What is true counts, not only
    what changes: CHARGING before the START and again after it is CHARGING (rule 14)."""
    attempt = ChargingAttempt.objects.filter(session_id=session_id, ended_at=None).first()
    if attempt is None:
        return False
    before = _connector_moments(attempt)
    # By our own clock, and by the order of arrival: theirs may differ (rules 15, 16).
    at, status = timezone.now(), news.evse.status
    if status == "CHARGING":
        attempt.connector_charging_at = attempt.connector_charging_at or at
        attempt.connector_fell_at = attempt.connector_contradicts_at = None
    elif status in FREE and _is_fall(attempt, news):
        attempt.connector_fell_at = attempt.connector_fell_at or at
    elif status not in FREE and status != "UNKNOWN":
        attempt.connector_contradicts_at = attempt.connector_contradicts_at or at
    if _connector_moments(attempt) == before:
        return False
    attempt.save(update_fields=CONNECTOR_MOMENTS)
    return True


def _connector_moments(attempt: ChargingAttempt) -> list[datetime | None]:
    return [getattr(attempt, name) for name in CONNECTOR_MOMENTS]


def _is_fall(attempt: ChargingAttempt, news: EvseNews) -> bool:
    """Rule 14: BLOCKED before CHARGING is the way in. Without any CHARGING only AVAILABLE is a fall."""
    if attempt.connector_charging_at is not None:
        return True
    return news.evse.status == "AVAILABLE" and attempt.energy_at is not None


def cdr_news(cdr: Cdr) -> None:
    """A CDR about a session of ours (rules 7, 26, 27)."""
    session_id = belonging.owner_of_cdr(cdr)
    if session_id is None:
        return
    session = AdHocSession.objects.select_related("token").get(pk=session_id)
    quirks.note(cdr.partner, cdr.version, "cdrs", belonging.disagreements(session, session.attempts.all(), cdr))
    now = timezone.now()
    wake([session.pk], now)
    kind = "credit CDR" if cdr.credit else "CDR"
    text = f"{kind} {cdr.ocpi_id}: {cdr.total_energy:f} kWh, {cdr.total_told}"
    if session.state in TERMINAL:
        text += f" (the session is {session.state}: not eligible for settlement by itself)"
    timeline.write(session, Kind.CDR, capfirst(text), at=now)
    lock_session(str(session.pk))
    auditing.note_foreign(session, cdr)
    auditing.compare_with_cdrs(session)


def command_news(command: Command) -> None:
    """A command of ours was answered, got lost, or got its result (rules 3-5)."""
    session = _session_of(command.reference)
    if session is None:
        return
    now = timezone.now()
    wake([session.pk], now)
    timeline.write(session, Kind.COMMAND, _command_text(command), at=now, message_id=command.message_id)


def _command_text(command: Command) -> str:
    if command.result and command.result_at and (not command.answered_at or command.result_at >= command.answered_at):
        return f"{command.kind}: result {command.result}. {command.result_text}".strip()
    if command.state == Command.State.ANSWERED:
        return f"{command.kind}: {command.response}. {command.response_text}".strip()
    return f"{command.kind}: {command.get_state_display()}. {command.failure}".strip()


def may_be_sent(command: Command) -> bool:
    """Whether a command that a worker is about to send is still wanted. Locks its ad-hoc session (rules 1, 5, 19)."""
    session = lock_session(command.reference)
    if session is None:
        return True
    if command.kind == Command.Kind.STOP_SESSION:
        by_link = AttemptSession.objects.filter(stop_command=command)
        return by_link.exists() or ChargingAttempt.objects.filter(stop_command=command).exists()
    if session.state == State.STARTING and is_as_decided(session):
        return True  # by the decision that made the command, a moment ago
    rows = Snapshot(session)
    mine = rows.attempt is not None and rows.attempt.command_id == command.pk
    return mine and may_send(facts_of(rows), timezone.now())


def payment_news(authorization: PaymentAuthorization) -> None:
    """The gateway answered, or warns. A warning that repeats itself is told once."""
    session = _session_of(authorization.reference)
    if session is None:
        return
    now = timezone.now()
    wake([session.pk], now)
    text = f"Payment {authorization.get_state_display().lower()}"
    if authorization.refunded_amount:
        text += f", {in_words(authorization.refunded_amount, authorization.currency)} of it given back"
        auditing.note_given_back(session)
    if authorization.failure_message:
        text += f": {authorization.failure_message}"
    if authorization.state == authorization.State.CAPTURED and not authorization.refunded_amount:
        _note_captured(session, authorization)
    _tell_staff(session, authorization)
    told = session.timeline.filter(kind=Kind.PAYMENT).order_by("-pk").values_list("text", flat=True).first()
    if told != text:
        timeline.write(session, Kind.PAYMENT, text, at=now)


def _note_captured(session: AdHocSession, payment: PaymentAuthorization) -> None:
    """What a credit CDR asked for while the gateway was capturing is given back now (rule 26)."""
    if payment.failure_code:
        auditing.compare_with_cdrs(session)
    else:
        auditing.give_back(session)


def _tell_staff(session: AdHocSession, payment: PaymentAuthorization) -> None:
    """Rule 24: money that is held after the end, or neither comes nor goes, is on the staff queue. Rule 28 warns."""
    over = session.state in TERMINAL
    refused = payment.state == payment.State.RESERVED and bool(payment.failure_code)
    if payment.is_terminal:
        if over:
            reason = f"The money is {payment.state}."
            incidents.close_about(session.partner_id, str(session.pk), reason, {MONEY_STUCK})
    elif is_stuck(payment) or (refused and over):
        text = f"The payment is {payment.state}. {payment.failure_message}".strip()
        incidents.open_incident(session.partner_id, symptoms.report(session, MONEY_STUCK, text))
    elif payment.expiry_warned_at and payment.state == payment.State.RESERVED and not refused:
        text = f"The reservation expires at {payment.expires_at:%Y-%m-%d %H:%M} UTC."
        incidents.open_incident(session.partner_id, symptoms.report(session, symptoms.RESERVATION_ENDS, text))


def _session_of(reference: str) -> AdHocSession | None:
    return _find_by_reference(AdHocSession.objects.all(), reference)


def lock_session(reference: str) -> AdHocSession | None:
    """Lock the ad-hoc session before its payment: the order that everybody keeps."""
    return _find_by_reference(AdHocSession.objects.select_for_update(of=("self",)), reference)


def _find_by_reference(sessions: "QuerySet[AdHocSession]", reference: str) -> AdHocSession | None:
    """Commands and authorizations refer to their ad-hoc session by its id; others may have them one day."""
    try:
        return sessions.filter(pk=UUID(reference)).first()
    except ValueError:
        return None
