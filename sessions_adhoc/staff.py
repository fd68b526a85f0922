"""What staff can do with a driver's money. Each leaves its actor in the timeline.

With held funds: check again, capture, release (rule 30). With what was captured: give back.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from billing import outstanding
from billing.models import OutstandingAmount, PaymentAuthorization
from billing.payments import services as billing
from billing.pricing import in_words, to_minor
from partners import incidents
from sessions_adhoc import symptoms, timeline
from sessions_adhoc.belonging import cdrs_of
from sessions_adhoc.decide import Decision, decide
from sessions_adhoc.decide.settle import DOUBTED
from sessions_adhoc.driver.presenting import newest_sample
from sessions_adhoc.engine import lifecycle, pulls
from sessions_adhoc.engine.snapshot import Snapshot, facts_of
from sessions_adhoc.models import AccountDue, AdHocSession, TimelineEvent
from sessions_adhoc.money import auditing, collecting, estimating
from sessions_adhoc.money.holds import Holds
from sessions_adhoc.money.offering import offer_of
from sessions_adhoc.states import TERMINAL, State

Held = PaymentAuthorization.State


class NotPossible(Exception):
    """This cannot be done with this session now; the text says why to staff."""


def check_again(session_id: UUID | str, actor: str) -> AdHocSession:
    """Ask the CPO for what is missing, a Session or a CDR, and do what follows from all that is known."""

    def work(rows: Snapshot, now: datetime) -> None:
        session, attempt = rows.session, rows.attempt
        if session.state == State.ESCALATED and attempt is not None:
            ask = pulls.ask_sessions if attempt.ended_at is None else pulls.ask_cdrs
            ask(session, attempt, now)
        if session.state not in TERMINAL:
            lifecycle.settle_down(rows, now)

    return _act(session_id, actor, "checked again.", work)


def capture_from_cdr(session_id: UUID | str, cdr_id: int, actor: str, note: str) -> AdHocSession:
    """Capture what one CDR of this session says, also where it does not count by itself (rule 27).

    Raises:
        NotPossible: nothing is held, no note, or the CDR names another session or currency.
    """

    def amount_of(session: AdHocSession) -> int:
        cdr = next((row for row in cdrs_of(session) if row.pk == cdr_id), None)
        if cdr is None:
            raise NotPossible("This CDR does not belong to this session.")
        if cdr.currency != session.currency:
            raise NotPossible(f"The CDR is in {cdr.currency}, the reservation in {session.currency}.")
        gross = offer_of(session).gross_of(cdr)
        if gross is None:
            raise NotPossible("The CDR states no tax, and the VAT of the charger's country is not known.")
        return to_minor(gross, session.currency)

    return _capture(session_id, actor, f"from a CDR: {_require_note(note)}", amount_of)


def capture_by_hand(session_id: UUID | str, actor: str, note: str, amount: int) -> AdHocSession:
    """Capture a sum that staff worked out, for a CDR that cannot be captured as it stands: in another currency, or
    without a VAT that anybody knows. `amount` in minor units of the reservation's currency.

    Raises:
        NotPossible: nothing is held, no note, no such CDR, or the sum is not between nothing and what is reserved.
    """

    def amount_of(session: AdHocSession) -> int:
        if not has_unusable_cdr(session):
            raise NotPossible("There is no CDR that has to be worked out by hand.")
        if not 0 < amount <= session.amount:
            raise NotPossible(f"The driver can pay at most {in_words(session.amount, session.currency)}.")
        return amount

    return _capture(session_id, actor, f"by hand: {_require_note(note)}", amount_of)


def has_unusable_cdr(session: AdHocSession) -> bool:
    """Whether a CDR names this session that is in another currency, of unknown gross, or that cannot be true."""
    if session.reason in DOUBTED:
        return True
    shown = offer_of(session)
    bills = [cdr for cdr in cdrs_of(session) if not cdr.credit]
    return any(cdr.currency != session.currency or shown.gross_of(cdr) is None for cdr in bills)


def capture_from_last_sample(session_id: UUID | str, actor: str, note: str) -> AdHocSession:
    """Capture what the last meter value comes to by the published tariff.

    Raises:
        NotPossible: nothing is held, no note, no energy was metered, or no tariff is known.
    """

    def amount_of(session: AdHocSession) -> int:
        sample = newest_sample(session)
        if sample is None or not sample.kwh:
            raise NotPossible("No energy was metered: there is nothing to capture.")
        amount = estimating.estimate(session, sample)
        if amount is None:
            raise NotPossible("No tariff is known for this connector: the last meter value cannot be priced.")
        return amount

    return _capture(session_id, actor, f"from the last meter value: {_require_note(note)}", amount_of)


def release(session_id: UUID | str, actor: str, note: str) -> AdHocSession:
    """Let go of everything, also of what was to be paid afterwards and neither comes nor goes. Where the gateway holds
    nothing any more, this ends the session.

    Raises:
        NotPossible: the session is not escalated and holds nothing, or no note was given.
    """

    def work(rows: Snapshot, now: datetime) -> None:
        payment = _holds(rows, now).first
        others = (*rows.more, *collecting.collections_of(rows.session))
        further = [row for row in others if row.state == Held.RESERVED]
        for row in further:
            billing.request_release(row, reason=note.strip())
        if payment.state == Held.RESERVED:
            billing.request_release(payment.pk, reason=note.strip())
        elif further:
            return
        elif payment.is_terminal and payment.state != Held.CAPTURED and rows.session.state == State.ESCALATED:
            if owed := outstanding.open_receivable(rows.session.authorization_id):
                outstanding.close(owed.pk, OutstandingAmount.State.WRITTEN_OFF, actor, note)
            lifecycle.give_up(rows, f"Ended by {actor}: the money is {payment.state}.", now)
        else:
            raise NotPossible(f"The payment is {payment.state}: nothing can be released.")

    return _act(session_id, actor, f"released the funds: {_require_note(note)}", work)


def leave_open(session_id: UUID | str, actor: str, note: str) -> AdHocSession:
    """End a session whose reservation expired, and have what its CDR asks paid by the driver: it stays a receivable.

    Raises:
        NotPossible: nothing is owed, something is held still, or no note was given.
    """

    def work(rows: Snapshot, now: datetime) -> None:
        owed = outstanding.open_receivable(rows.session.authorization_id)
        if not is_gone(rows.session, rows.holds) or owed is None:
            raise NotPossible("No CDR tells what the driver owes, or the money is not gone.")
        lifecycle.leave_open(rows, f"{in_words(owed.left, owed.currency)} is owed, and nothing is held for it.", now)
        text = f"{in_words(owed.left, owed.currency)} is owed by CDR {owed.cdr.ocpi_id}; the reservation has expired."
        report = symptoms.report(rows.session, symptoms.HOLD_EXPIRED, text)
        incidents.open_incident(rows.session.partner_id, report)

    return _act(session_id, actor, f"leaves it to the driver to pay: {_require_note(note)}", work)


def is_gone(session: AdHocSession, holds: Holds) -> bool:
    """Whether staff have to end it, and the bank has let go of the reservation."""
    return session.state == State.ESCALATED and holds.state == Held.EXPIRED


def _end_with(rows: Snapshot, state: str, actor: str, now: datetime) -> None:
    """The receivable that the session waited for was closed by staff: nothing else keeps it open."""
    if state == OutstandingAmount.State.WRITTEN_OFF:
        lifecycle.give_up(rows, f"Ended by {actor}: what is owed was written off.", now)
    else:
        lifecycle.leave_open(rows, f"Ended by {actor}: what is owed was settled elsewhere.", now)


def refund(session_id: UUID | str, actor: str, note: str, driver_pays: int | None = None) -> AdHocSession:
    """Give captured money back, so that the driver pays `driver_pays` in the end: minor units, by default what the
    CDRs come to now. Asking twice gives back once.

    Raises:
        NotPossible: nothing was captured or there is nothing to give back, no note, or what the CDRs come to is not
            known.
    """

    def work(rows: Snapshot, _now: datetime) -> None:
        session, holds = rows.session, rows.holds
        if holds.state not in (Held.CAPTURED, Held.REFUNDING):
            raise NotPossible(f"The payment is {holds.state}: nothing was captured that could be given back.")
        paid = [row for row in (*holds.all, *collecting.collections_of(session)) if row.captured_amount]
        pays = _require_owed(session) if driver_pays is None else driver_pays
        captured = sum(row.captured_amount for row in paid)
        if not 0 <= pays <= captured:
            most = in_words(captured, session.currency)
            raise NotPossible(f"The driver can pay anything between nothing and {most}.")
        too_much = sum(row.refundable_amount for row in paid) - pays
        if too_much <= 0:
            by_bank = any(row.refundable_amount < row.kept_amount for row in paid)
            meanwhile = ": the driver's bank took it back" if by_bank else ""
            raise NotPossible(f"There is nothing to give back{meanwhile}.")
        under_way = sum(row.refund_amount or 0 for row in paid)
        if under_way and under_way != too_much:
            raise NotPossible("Another refund is under way: wait until it is done.")
        if not under_way:
            _note_waived(session, pays)
            auditing.refund(paid, too_much, note.strip())

    return _act(session_id, actor, f"gave money back: {_require_note(note)}", work)


def _note_waived(session: AdHocSession, pays: int) -> None:
    """What is given back although the CDRs ask for it is not owed again, whatever the CPO corrects (rule 33)."""
    session.waived = max(0, (auditing.amount_owed(session) or 0) - pays)
    session.save(update_fields=["waived"])


def close_outstanding(row_id: int, state: str, actor: str, note: str) -> None:
    """Settle a claim or receivable, or write it off; the incident about it closes with it. No money moves, but that a
    driver who is paying it at this moment pays nothing, or gets it back.

    Raises:
        NotPossible: no note.
        outstanding.AlreadyClosed: somebody, or the CPO's correction, was first.
    """
    now = timezone.now()
    with transaction.atomic():
        payment = OutstandingAmount.objects.select_related("authorization__ad_hoc_session").get(pk=row_id).authorization
        rows = Snapshot.locked(payment.ad_hoc_session.pk)
        session = rows.session
        outstanding.close(row_id, state, actor, _require_note(note))
        collecting.follow(session)
        row = OutstandingAmount.objects.get(pk=row_id)
        what = f"{row.get_kind_display()}, {in_words(row.amount, row.currency)}: {row.get_state_display().lower()}"
        timeline.write(session, TimelineEvent.Kind.STAFF, f"{actor}: {what}. {note.strip()}", at=now, actor=actor)
        auditing.close_answered(session)
        if is_gone(session, rows.holds) and outstanding.open_receivable(session.authorization_id) is None:
            _end_with(rows, state, actor, now)
        elif session.state in TERMINAL:
            AccountDue.objects.create(session=session, next_check_at=now)


def _require_owed(session: AdHocSession) -> int:
    owed = auditing.amount_owed(session)
    if owed is None:
        text = "Every CDR was taken back and no new one has come, several bill the session, or none counts"
        raise NotPossible(f"{text}: say what the driver pays.")
    return owed


def _capture(session_id: UUID | str, actor: str, text: str, amount_of: Callable[[AdHocSession], int]) -> AdHocSession:
    def work(rows: Snapshot, now: datetime) -> None:
        session, holds = rows.session, _holds(rows, now)
        if holds.state != Held.RESERVED:
            raise NotPossible(f"The payment is {holds.state}: nothing can be captured.")
        amount = min(amount_of(session), session.amount)
        if amount <= 0:
            raise NotPossible("Nothing is owed: release the funds instead.")
        for row, share in holds.shares(amount):
            billing.request_capture(row, share, reason=text)

    return _act(session_id, actor, f"captured {text}", work)


def _act(session_id: UUID | str, actor: str, text: str, work: Callable[[Snapshot, datetime], None]) -> AdHocSession:
    """Do the work under the session's lock and write down who did it. All of it or nothing."""
    now = timezone.now()
    with transaction.atomic():
        rows = Snapshot.locked(session_id)
        timeline.write(rows.session, TimelineEvent.Kind.STAFF, f"{actor} {text}", at=now, actor=actor)
        work(rows, now)
    return rows.session


def _require_note(note: str) -> str:
    if not note.strip():
        raise NotPossible("Say why: the note stays with the session.")
    return note.strip()


def _holds(rows: Snapshot, now: datetime) -> Holds:
    """The payments of a session whose funds staff may decide on: nothing else will."""
    if rows.session.state != State.ESCALATED and rows.session.state not in TERMINAL:
        raise NotPossible("The session is not escalated: it still comes to its end by itself.")
    if decide(facts_of(rows, now), now) != Decision():
        # A CDR, or a Session, that staff cannot have seen when they pressed the button.
        raise NotPossible("News of the CPO has just come: the session goes on by itself. Look again.")
    return rows.holds
