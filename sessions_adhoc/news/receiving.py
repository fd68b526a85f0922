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
from billing.payments.services import FURTHER, is_stuck
from billing.pricing import in_words
from ocpi.log import quirks
from ocpi.models import Cdr, Command
from ocpi.receivers import SessionNews
from ocpi.versions import Lenience
from partners import incidents
from partners.ground.numbers import plain
from partners.ground.writes import Writes
from sessions_adhoc import belonging, symptoms, timeline
from sessions_adhoc.contracts import receiving as contracts
from sessions_adhoc.decide.settle import MONEY_STUCK
from sessions_adhoc.decide.start import may_send
from sessions_adhoc.engine import raising
from sessions_adhoc.engine.lifecycle import hear
from sessions_adhoc.engine.queueing import is_as_decided, wake_locked
from sessions_adhoc.engine.snapshot import Snapshot, facts_of
from sessions_adhoc.models import AccountDue, AdHocSession, AttemptSession, ChargingAttempt, TimelineEvent
from sessions_adhoc.money import adding, auditing, collecting, elsewhere
from sessions_adhoc.money.paid import payments_of
from sessions_adhoc.news import linking, metering, whose
from sessions_adhoc.states import TERMINAL, State

Kind = TimelineEvent.Kind


def session_news(news: SessionNews) -> None:
    """A Session of ours: link it to its attempt, take its sample, wake its ad-hoc session (rules 6, 7, 21)."""
    if metering.is_known(news):
        return
    told = whose.lock_owner(news.session)
    if told is None:
        contracts.session_news(news)
        return
    if told.session.contract_token_id:
        contracts.session_news(news, told.session)
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
    if link.validity in linking.SAME_CHARGE:
        return timeline.session_text(news)
    return timeline.session_text(news, f" ({link.get_validity_display().lower()}: not valid for billing)")


def cdr_news(cdr: Cdr) -> None:
    """A CDR about a session of ours (rules 7, 26, 27)."""
    session_id = belonging.owner_of_cdr(cdr)
    if session_id is None:
        contracts.cdr_news(cdr)
        return
    rows = Snapshot.locked(session_id)
    session, now = rows.session, timezone.now()
    if session.contract_token_id:
        contracts.cdr_news(cdr, session)
    leniences = belonging.disagreements(session, rows.bill.attempts, cdr)
    if rows.bill.links and belonging.names_unknown(cdr, rows.bill.links):
        leniences += (Lenience("other_session", "session_id", "no Session with this id was ever told"),)
    quirks.note(cdr.partner, cdr.version, "cdrs", leniences)
    wake_locked(session, now, rows.writes)
    kind = "credit CDR" if cdr.credit else "CDR"
    text = f"{kind} {cdr.ocpi_id}: {plain(cdr.total_energy)} kWh, {cdr.total_told}"
    if session.state in TERMINAL:
        rows.writes.add(AccountDue(session=session, next_check_at=now))
        text += f" (the session is {session.state}: not eligible for settlement by itself)"
    rows.writes.add(timeline.event(session, Kind.CDR, capfirst(text), at=now))
    rows.writes.run()
    auditing.note_foreign(rows.bill, cdr)
    auditing.compare_with_cdrs(rows.bill, rows.holds)


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
    now = timezone.now()
    return may_send(facts_of(rows, now), now)


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


@dataclass(frozen=True)
class PaidFurther:
    """An ad-hoc session, and a further payment of it; both locked, and its first payment between them."""

    rows: Snapshot
    payment: PaymentAuthorization

    @property
    def writes(self) -> Writes:
        return self.rows.writes

    def payment_changed(self) -> None:
        further_news(self.rows, self.payment)


def lock_paid(reference: str) -> PaidSession | PaidFurther | None:
    """Lock the ad-hoc session, then its payment: the order that everybody keeps."""
    identifier, _, number = reference.partition(FURTHER)
    rows = _locked(identifier)
    if rows is None or not number:
        return PaidSession(rows) if rows is not None else None
    further = PaymentAuthorization.objects.select_for_update().filter(reference=reference).first()
    return PaidFurther(rows, further) if further is not None else None


def further_news(rows: Snapshot, payment: PaymentAuthorization) -> None:
    """The gateway answered about a further payment of the session."""
    session, now = rows.session, timezone.now()
    if session.state in TERMINAL:
        rows.writes.add(AccountDue(session=session, next_check_at=now))
    sum_ = in_words(payment.amount, payment.currency)
    text = f"{payment.get_purpose_display()}, {sum_}: {payment.get_state_display().lower()}"
    if payment.failure_message:
        text += f": {payment.failure_message}"
    _tell_staff(session, payment)
    elsewhere.tell_staff(session, payment)
    rows.writes.add(timeline.event(session, Kind.PAYMENT, text, at=now))
    rows.writes.run()  # what is asked of the gateway next comes after its answer
    if payment.purpose == payment.Purpose.ADDITION:
        _addition_news(rows, payment, now)
    if payment.purpose == payment.Purpose.COLLECTION:
        collecting.follow(session)
        auditing.compare_with_cdrs(rows.bill, rows.holds)
        auditing.close_answered(session)
    hear(rows, now)


def _addition_news(rows: Snapshot, payment: PaymentAuthorization, now: datetime) -> None:
    """The same of a further hold: the limit follows it, and what it brought, or did not bring, is looked at."""
    known_again = not rows.session.has_additions
    rows.look_for_more()
    rows.writes.change(rows.session, "has_additions")
    raising.note_answer(rows, now, known_again=known_again)
    adding.follow(rows.session, rows.holds, rows.writes)
    rows.writes.run()
    if payment.refunded_amount:
        auditing.note_given_back(rows.bill, rows.holds)
    elif payment.state == payment.State.CAPTURED and not payment.failure_code:
        auditing.give_back(rows.bill, rows.holds)
    else:
        auditing.note_lost(rows.bill, rows.holds, payment)
        auditing.compare_with_cdrs(rows.bill, rows.holds)
        auditing.close_answered(rows.session)


def payment_news(rows: Snapshot) -> None:
    """The gateway answered, or warns. A warning that repeats itself is told once."""
    session, payment, now = rows.session, rows.payment, timezone.now()
    if session.state in TERMINAL:
        rows.writes.add(AccountDue(session=session, next_check_at=now))
    text = f"Payment {payment.get_state_display().lower()}"
    if payment.refunded_amount:
        text += f", {in_words(payment.refunded_amount, payment.currency)} of it given back"
        rows.writes.run()
        auditing.note_given_back(rows.bill, rows.holds)
    if payment.dispute:
        text += f", a dispute is {payment.get_dispute_display().lower()}"
    if payment.failure_message:
        text += f": {payment.failure_message}"
    if payment.state == payment.State.CAPTURED and not payment.refunded_amount:
        _note_captured(rows)
    raising.note_answer(rows, now)
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
    """What a CDR asked to be given back while the gateway was capturing is given back now (rule 26)."""
    payment = rows.payment
    if payment.failure_code or payment.dispute or auditing.may_give_back(rows.bill):
        rows.writes.run()  # what is asked of the gateway next comes after its answer
    if payment.failure_code or payment.dispute:
        auditing.compare_with_cdrs(rows.bill, rows.holds)
    else:
        auditing.give_back(rows.bill, rows.holds)


def _tell_staff(session: AdHocSession, payment: PaymentAuthorization) -> None:
    """Rule 24: money that is held after the end, or neither comes nor goes, is on the staff queue. Rule 28 warns."""
    over = session.state in TERMINAL
    if payment.is_terminal:
        if answered := _answered_by(session, payment):
            incidents.close_about(session.partner_id, str(session.pk), f"The money is {payment.state}.", answered)
    elif is_stuck(payment) or (_is_refused(payment) and over):
        text = f"The payment is {payment.state}. {payment.failure_message}".strip()
        incidents.open_incident(session.partner_id, symptoms.report(session, MONEY_STUCK, text))
    elif _is_about_to_expire(payment) and not _is_refused(payment):
        text = f"The reservation expires at {payment.expires_at:%Y-%m-%d %H:%M} UTC."
        incidents.open_incident(session.partner_id, symptoms.report(session, symptoms.RESERVATION_ENDS, text))


def _answered_by(session: AdHocSession, payment: PaymentAuthorization) -> set[str]:
    """The symptoms that the end of a payment answers: none that another payment of the session still has."""
    over = session.state in TERMINAL
    if not over and not payment.expiry_warned_at:
        return set()
    others = [row for row in payments_of(session) if row.pk != payment.pk]
    answered = set[str]()
    if over and not any(_is_refused(row) or is_stuck(row) for row in others):
        answered.add(MONEY_STUCK)
    if payment.expiry_warned_at and not any(map(_is_about_to_expire, others)):
        answered.add(symptoms.RESERVATION_ENDS)
    return answered


def _is_refused(payment: PaymentAuthorization) -> bool:
    """The gateway holds it, and did not do what was asked."""
    return payment.state == payment.State.RESERVED and bool(payment.failure_code)


def _is_about_to_expire(payment: PaymentAuthorization) -> bool:
    return payment.state == payment.State.RESERVED and payment.expiry_warned_at is not None


def _locked(reference: str) -> Snapshot | None:
    """Lock the session that a command or an authorization refers to by its id; others may have them one day."""
    try:
        return Snapshot.locked(UUID(reference))
    except (ValueError, AdHocSession.DoesNotExist):
        return None
