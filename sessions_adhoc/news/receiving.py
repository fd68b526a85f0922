"""What other apps tell us: Sessions, EVSE statuses, CDRs, commands, payments.

Called inside the transaction that stores the news. Each writes down what it means for an attempt, makes the session
due, and has it advanced after commit; the deciding is done there. News that changes nothing is written down too.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.text import capfirst

from billing.models import PaymentAuthorization
from billing.payments.services import is_stuck
from billing.pricing import in_words
from ocpi.log import quirks
from ocpi.models import Cdr, Command
from ocpi.receivers import EvseNews, SessionNews
from ocpi.versions import Lenience
from partners import incidents
from partners.ground.writes import Writes
from sessions_adhoc import belonging, symptoms, timeline
from sessions_adhoc.decide.session_facts import CONNECTOR_READY
from sessions_adhoc.decide.settle import MONEY_STUCK
from sessions_adhoc.decide.start import may_send
from sessions_adhoc.engine.lifecycle import hear
from sessions_adhoc.engine.queueing import is_as_decided, wake, wake_locked
from sessions_adhoc.engine.snapshot import Snapshot, facts_of
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt, TimelineEvent
from sessions_adhoc.money import auditing, elsewhere
from sessions_adhoc.news import linking, metering, whose
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
    told = whose.lock_owner(news.session)
    if told is None:
        return
    now, writes = timezone.now(), Writes()
    wake_locked(told.session, now, writes)
    link = linking.link(told, news, writes)
    if link is not None:
        metering.take(link, told.newest, news, now, writes)
        if news.created or link.status_told != news.session.status:
            # Its samples tell of a Session that goes on; the timeline, of a new one and of a new status.
            link.status_told = news.session.status
            writes.change(link, "status_told")
            text = _session_text(news, link)
            writes.add(timeline.event(told.session, Kind.SESSION, text, at=now, message_id=news.message_id))
    writes.run()


def _session_text(news: SessionNews, link: AttemptSession) -> str:
    text = f"{news.source} Session {news.session.ocpi_id}: {news.session.status}, {news.session.kwh:f} kWh"
    if link.validity not in linking.SAME_CHARGE:
        text += f" ({link.get_validity_display().lower()}: not valid for billing)"
    return text


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
    rows = Snapshot.locked(session_id)
    session, now = rows.session, timezone.now()
    leniences = belonging.disagreements(session, rows.bill.attempts, cdr)
    if rows.bill.links and belonging.names_unknown(cdr, rows.bill.links):
        leniences += (Lenience("other_session", "session_id", "no Session with this id was ever told"),)
    quirks.note(cdr.partner, cdr.version, "cdrs", leniences)
    wake_locked(session, now, rows.writes)
    kind = "credit CDR" if cdr.credit else "CDR"
    text = f"{kind} {cdr.ocpi_id}: {cdr.total_energy:f} kWh, {cdr.total_told}"
    if session.state in TERMINAL:
        text += f" (the session is {session.state}: not eligible for settlement by itself)"
    rows.writes.add(timeline.event(session, Kind.CDR, capfirst(text), at=now))
    rows.writes.run()
    auditing.note_foreign(rows.bill, cdr)
    auditing.compare_with_cdrs(rows.bill, rows.payment)


def command_news(command: Command) -> None:
    """A command of ours was answered, got lost, or got its result (rules 3-5)."""
    rows = _locked(command.reference)
    if rows is not None:
        now, text = timezone.now(), _command_text(command)
        hear(rows, now, timeline.event(rows.session, Kind.COMMAND, text, at=now, message_id=command.message_id))


def _command_text(command: Command) -> str:
    if command.result and command.result_at and (not command.answered_at or command.result_at >= command.answered_at):
        return f"{command.kind}: result {command.result}. {command.result_text}".strip()
    if command.state == Command.State.ANSWERED:
        return f"{command.kind}: {command.response}. {command.response_text}".strip()
    return f"{command.kind}: {command.get_state_display()}. {command.failure}".strip()


def may_be_sent(command: Command, writes: Writes) -> bool:
    """Whether a command that a worker is about to send is still wanted. Locks its ad-hoc session (rules 1, 5, 19).

    The session's row is written with the command's: whoever waits for it has to see that the command goes out.
    """
    rows = _locked(command.reference)
    if rows is None:
        return True
    writes.change(rows.session, "next_check_at")
    return _is_wanted(command, rows)


def _is_wanted(command: Command, rows: Snapshot) -> bool:
    if command.kind == Command.Kind.STOP_SESSION:
        if rows.attempt is not None and rows.attempt.stop_command_id == command.pk:
            return True
        by_link = AttemptSession.objects.filter(stop_command=command)
        return by_link.exists() or ChargingAttempt.objects.filter(stop_command=command).exists()
    if rows.attempt is None or rows.attempt.command_id != command.pk:
        return False
    if rows.session.state == State.STARTING and is_as_decided(rows.session):
        return True  # by the decision that made the command, a moment ago
    return may_send(facts_of(rows), timezone.now())


@dataclass(frozen=True)
class PaidSession:
    """An ad-hoc session that owns a payment, both locked."""

    rows: Snapshot

    @property
    def payment(self) -> PaymentAuthorization:
        return self.rows.payment

    @property
    def writes(self) -> Writes:
        return self.rows.writes

    def payment_changed(self) -> None:
        payment_news(self.rows)


def lock_paid(reference: str) -> PaidSession | None:
    """Lock the ad-hoc session, then its payment: the order that everybody keeps."""
    rows = _locked(reference)
    return PaidSession(rows) if rows is not None else None


def payment_news(rows: Snapshot) -> None:
    """The gateway answered, or warns. A warning that repeats itself is told once."""
    session, payment, now = rows.session, rows.payment, timezone.now()
    text = f"Payment {payment.get_state_display().lower()}"
    if payment.refunded_amount:
        text += f", {in_words(payment.refunded_amount, payment.currency)} of it given back"
        rows.writes.run()
        auditing.note_given_back(rows.bill, payment)
    if payment.dispute:
        text += f", a dispute is {payment.get_dispute_display().lower()}"
    if payment.failure_message:
        text += f": {payment.failure_message}"
    if payment.state == payment.State.CAPTURED and not payment.refunded_amount:
        _note_captured(rows)
    _tell_staff(session, payment)
    elsewhere.tell_staff(session, payment)
    if _may_repeat_itself(payment) and _told_last(session) == text:
        hear(rows, now)
    else:
        hear(rows, now, timeline.event(session, Kind.PAYMENT, text, at=now))


def _may_repeat_itself(payment: PaymentAuthorization) -> bool:
    """What goes well is told once by itself: another state is between it and the next time."""
    return bool(payment.failure_code or payment.expiry_warned_at or is_stuck(payment))


def _told_last(session: AdHocSession) -> str | None:
    told = session.timeline.filter(kind=Kind.PAYMENT).order_by("-pk")
    return told.values_list("text", flat=True).first()


def _note_captured(rows: Snapshot) -> None:
    """What a credit CDR asked for while the gateway was capturing is given back now (rule 26)."""
    if rows.payment.failure_code or rows.bill.is_credited:
        rows.writes.run()  # what is asked of the gateway next comes after its answer
    if rows.payment.failure_code:
        auditing.compare_with_cdrs(rows.bill, rows.payment)
    else:
        auditing.give_back(rows.bill, rows.payment)


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


def _locked(reference: str) -> Snapshot | None:
    """Lock the session that a command or an authorization refers to by its id; others may have them one day."""
    try:
        return Snapshot.locked(UUID(reference))
    except (ValueError, AdHocSession.DoesNotExist):
        return None
