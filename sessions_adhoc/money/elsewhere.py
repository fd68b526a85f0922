"""Money that was moved by others: the driver's bank, staff at the gateway's own pages. Staff are told, no CPO is."""

from billing.models import PaymentAuthorization
from billing.payments.answers import REFUND_FAILED, TAKEN_ELSEWHERE
from billing.pricing import in_words
from partners import incidents
from sessions_adhoc import symptoms
from sessions_adhoc.models import AdHocSession

BY_CODE = {REFUND_FAILED: symptoms.REFUND_FAILED, TAKEN_ELSEWHERE: symptoms.TAKEN_ELSEWHERE}


def tell_staff(session: AdHocSession, payment: PaymentAuthorization) -> None:
    """Open or close the incidents about what others did. The caller holds the session's lock.

    A plain capture, which most payments are, asks for nothing.
    """
    if payment.state not in (payment.State.CAPTURED, payment.State.REFUNDING):
        return
    if symptom := BY_CODE.get(payment.failure_code):
        _open(session, symptom, payment.failure_message)
    elif payment.refunded_amount:
        _close(session, "Money was given back.", set(BY_CODE.values()))
    if payment.dispute:
        _tell_of_dispute(session, payment)


def _tell_of_dispute(session: AdHocSession, payment: PaymentAuthorization) -> None:
    disputed = in_words(payment.disputed_amount, payment.currency)
    match payment.dispute:
        case "open":
            _open(session, symptoms.DISPUTED, f"{disputed} is disputed.")
        case "lost":
            _close(session, "The dispute was lost.", {symptoms.DISPUTED})
            _open(session, symptoms.DISPUTE_LOST, f"{disputed} went back to the driver.")
        case _:
            _close(session, "The dispute was won: the money stays.", {symptoms.DISPUTED, symptoms.DISPUTE_LOST})


def _open(session: AdHocSession, symptom: str, text: str) -> None:
    incidents.open_incident(session.partner_id, symptoms.report(session, symptom, text))


def _close(session: AdHocSession, reason: str, symptoms_: set[str]) -> None:
    incidents.close_about(session.partner_id, str(session.pk), reason, symptoms_)
