"""What a driver still owed and agreed to pay: a further payment, captured as soon as it is reserved (ADR 22).

Nothing is asked of a card without the driver. What the payment is for may be gone when its money comes: then nothing is
taken, or it is given back.
"""

from django.utils import timezone

from billing import outstanding
from billing.models import OutstandingAmount, PaymentAuthorization
from billing.payments import services as billing
from billing.payments.answers import CONTRADICTION, REFUND_FAILED, TAKEN_ELSEWHERE
from billing.pricing import in_words
from partners import incidents
from sessions_adhoc import symptoms, timeline
from sessions_adhoc.models import AdHocSession, TimelineEvent
from sessions_adhoc.money.holds import DISPUTED, NOT_TAKEN

State, Purpose = PaymentAuthorization.State, PaymentAuthorization.Purpose
UNDER_WAY = frozenset({State.CREATED, State.RESERVING, State.RESERVED, State.CAPTURING})
CLOSED_MEANWHILE = "not owed any more"
TAKING = "the driver pays what was still owed"
AS_CAPTURED = frozenset({"", TAKEN_ELSEWHERE, CONTRADICTION})
"""Codes of a captured payment of which nothing was tried to be given back since, or it went well."""


def collections_of(session: AdHocSession) -> list[PaymentAuthorization]:
    """The payments with which the driver pays, or wanted to pay, what was still owed: oldest first, locked.

    The caller holds the session's lock, in a transaction.
    """
    rows = PaymentAuthorization.objects.select_for_update().filter(main=session.authorization_id)
    return list(rows.filter(purpose=Purpose.COLLECTION).order_by("created_at", "pk"))


def follow(session: AdHocSession) -> None:
    """Do with each what is due by what is owed now. The caller holds the session's lock; doing it again changes
    nothing."""
    for payment in collections_of(session):
        _follow(session, payment)


def _follow(session: AdHocSession, payment: PaymentAuthorization) -> None:
    if payment.state == State.CAPTURED:
        _take_in(session, payment)
    elif payment.state == State.RESERVED and payment.failure_code:
        if payment.refused_verb == "capture":
            billing.request_release(payment, reason=NOT_TAKEN)
    elif payment.state in UNDER_WAY - {State.CAPTURING}:
        owed = outstanding.open_receivable(session.authorization_id)
        if owed is None and _was_owed(session):
            _note(session, f"{_sum(payment)} is {CLOSED_MEANWHILE}: the driver's payment of it is released.")
            billing.request_release(payment, reason=CLOSED_MEANWHILE)
        elif owed is not None and payment.state == State.RESERVED:
            billing.request_capture(payment, min(owed.left, payment.may_be_captured), reason=TAKING)


def _was_owed(session: AdHocSession) -> bool:
    """Whether there ever was something that it could be for. If not, it was forgotten by a restore, and comes again."""
    known = OutstandingAmount.objects.filter(authorization=session.authorization_id)
    return known.filter(kind=OutstandingAmount.Kind.RECEIVABLE).exists()


def _take_in(session: AdHocSession, payment: PaymentAuthorization) -> None:
    """The driver has paid: count it for what is owed, and give back what is not."""
    if payment.collects_id is None and payment.kept_amount and payment.failure_code in AS_CAPTURED:
        owed = outstanding.open_receivable(session.authorization_id)
        if owed is None and not _was_owed(session):
            return
        took = outstanding.collect(owed, payment) if owed else 0
        if took:
            _note(session, f"The driver has paid {in_words(took, session.currency)} that was still owed.")
        if (too_much := min(payment.kept_amount - took, payment.refundable_amount)) > 0:
            _note(session, f"{in_words(too_much, session.currency)} of it is {CLOSED_MEANWHILE}: it is given back.")
            billing.request_refund(payment, too_much, reason=CLOSED_MEANWHILE)
    if payment.failure_code not in AS_CAPTURED | {REFUND_FAILED}:  # of that one `money.elsewhere` tells
        text = f"{_sum(payment)}, paid afterwards, could not be given back: {payment.failure_message}".strip()
        incidents.open_incident(session.partner_id, symptoms.report(session, symptoms.REFUND_FAILED, text))


def give_back(session: AdHocSession, kept: int, reason: str) -> bool:
    """Give back what was paid afterwards beyond `kept`, minor units, the newest first; return whether anything is.

    The caller holds the session's lock. What a payment that moves has beyond it is given back when it rests.
    """
    too_much = outstanding.paid_afterwards(session.authorization_id) - kept
    asked = False
    for payment in reversed(collections_of(session)):
        if too_much <= 0:
            break
        row = payment.collects
        rests = payment.state == State.CAPTURED and payment.failure_code in AS_CAPTURED
        if row is None or not rests or payment.dispute in DISPUTED:
            continue
        amount = min(too_much, payment.refundable_amount, row.collected)
        if amount > 0:
            billing.request_refund(payment, amount, reason=reason)
            outstanding.uncollect(row, amount)
            too_much -= amount
            asked = True
    return asked


def _sum(payment: PaymentAuthorization) -> str:
    return in_words(payment.amount, payment.currency)


def _note(session: AdHocSession, text: str) -> None:
    timeline.write(session, TimelineEvent.Kind.PAYMENT, text, at=timezone.now())
