"""Looking at money that is or was taken: does it agree with the CDRs? (rules 24, 26, 27, 32)

Whether a CDR can be true, and what the driver pays for it, `sessions_adhoc.money.judging` says, before the
capture and after it. What a CDR asks beyond is kept as a row, what does not agree is an incident, and staff decide
(`sessions_adhoc.staff.refund`). Only what the CPO corrects downwards is given back by itself.
"""

from django.utils import timezone

from billing import outstanding
from billing.models import OutstandingAmount, PaymentAuthorization
from billing.payments import services as billing
from billing.plausibility import Doubt
from billing.pricing import in_words
from billing.settlement import Decision, Settlement
from ocpi.models import Cdr
from partners import incidents
from partners.models import Incident
from sessions_adhoc import symptoms, timeline
from sessions_adhoc.belonging import cdrs_of
from sessions_adhoc.models import AdHocSession, AttemptSession, TimelineEvent
from sessions_adhoc.money import eligibility

State = PaymentAuthorization.State
TAKEN = frozenset({State.CAPTURING, State.CAPTURED, State.REFUNDING})
NOT_DECIDED = frozenset({State.CREATED, State.RESERVING, State.RESERVED})
"""The money has not moved: the CDRs still decide by themselves."""

ALL_TAKEN_BACK = "credited_without_replacement"
TOLD_AS = {Doubt.OTHER_PRICE: symptoms.PRICE_DIFFERS, Doubt.LESS_ENERGY: symptoms.ENERGY_DIFFERS}
"""What staff are told of a CDR that is billed all the same."""

ABOUT = {
    symptoms.PRICE_DIFFERS: outstanding.Kind.CLAIM,
    symptoms.BEYOND_RESERVATION: outstanding.Kind.RECEIVABLE,
}
GIVEN_BACK = "CDR {} replaces the one that was billed and asks for less: the difference is given back to the driver."


def settlement_now(session: AdHocSession) -> Settlement | None:
    """Return what the CDRs come to now, or None while none of them counts."""
    return eligibility.settlement_of(session, eligibility.judge(session, cdrs_of(session)))


def amount_owed(session: AdHocSession) -> int | None:
    """Return what the CDRs come to now, in minor units and at most what was reserved; None where they do not tell."""
    settlement = settlement_now(session)
    return None if settlement is None or settlement.decision is Decision.HOLD else settlement.capture


def _is_told(settlement: Settlement | None) -> bool:
    """Whether the CDRs tell what is owed: a sum, or nothing any more."""
    return settlement is not None and (settlement.decision is not Decision.HOLD or settlement.reason == ALL_TAKEN_BACK)


def compare_with_cdrs(session: AdHocSession) -> None:
    """A CDR has come. If the money was taken or let go before it, tell staff what does not agree any more.

    The caller holds the session's lock.
    """
    payment = PaymentAuthorization.objects.get(pk=session.authorization_id)
    if payment.state in NOT_DECIDED:
        return
    about = session.partner_id, str(session.pk)
    if give_back(session):
        return
    problem = _problem(session, payment)
    incidents.close_about(*about, problem or "The CDRs come to what the driver paid.", {symptoms.BILL_CHANGED})
    if problem:
        incidents.open_incident(session.partner_id, symptoms.report(session, symptoms.BILL_CHANGED, problem))
    settlement = settlement_now(session)
    if payment.state in TAKEN and settlement is not None and settlement.decision is Decision.CAPTURE:
        keep_outstanding(session, settlement)


def note_foreign(session: AdHocSession, cdr: Cdr) -> None:
    """A CDR of another charger, or of a second OCPI session for one START_SESSION: never billed, on the staff queue
    (rules 7, 12, 26)."""
    if not eligibility.at_its_charger(session, cdr):
        text = f"CDR {cdr.ocpi_id} is about {cdr.location_id}/{cdr.evse_uid}, which is not where it was started: "
        report = symptoms.report(session, symptoms.FOREIGN_SESSION, f"{text}it is not billed.")
        incidents.open_incident(session.partner_id, report)
        return
    cdrs = cdrs_of(session)
    counts = dict(eligibility.judge(session, cdrs))
    linked = AttemptSession.objects.filter(attempt__session=session, ocpi_session__ocpi_id__iexact=cdr.session_id)
    failed = not session.attempts.filter(failure="").exists()
    if cdr.credit or failed or not cdr.session_key or counts.get(cdr, True) or linked.exists():
        return
    text = f"CDR {cdr.ocpi_id} is about Session {cdr.session_id}, which is not the one that was started: "
    report = symptoms.report(session, symptoms.FOREIGN_SESSION, f"{text}it is not billed.")
    incidents.open_incident(session.partner_id, report)


def note_given_back(session: AdHocSession) -> None:
    """Staff gave money back: that answers what was asked of them, unless the CDRs tell that it was not enough."""
    mine = Incident.objects.filter(partner_id=session.partner_id, reference=str(session.pk), closed_at=None)
    answered = set[str]()
    if mine.filter(symptom=symptoms.BILL_CHANGED).exists():
        if _is_told(settlement_now(session)):
            compare_with_cdrs(session)
        else:
            answered.add(symptoms.BILL_CHANGED)
    incidents.close_about(session.partner_id, str(session.pk), "Money was given back.", answered)


def amount_paid(payment: PaymentAuthorization) -> int:
    """What the driver will have paid when what is under way is done, in minor units."""
    if payment.state == State.CAPTURING:
        return payment.capture_amount or 0
    return payment.kept_amount - (payment.refund_amount or 0)


def _problem(session: AdHocSession, payment: PaymentAuthorization) -> str:
    """What does not agree, in words."""
    verdicts = eligibility.judge(session, cdrs_of(session))
    settlement = eligibility.settlement_of(session, verdicts)
    taken = amount_paid(payment)
    was_taken = f"{in_words(taken, payment.currency)} was taken"
    if settlement is None:
        credited = any(cdr.credit for cdr, _counts in verdicts)
        return f"{was_taken}. A credit CDR came, and no CDR counts." if taken and credited else ""
    if not _is_told(settlement):
        return f"{was_taken}. {settlement.explanation}"
    return _difference(settlement, taken, payment)


def _difference(settlement: Settlement, taken: int, payment: PaymentAuthorization) -> str:
    asked = settlement.capture + settlement.shortfall

    def words(minor: int) -> str:
        return in_words(minor, payment.currency)

    come_to = f"The CDRs come to {words(asked)} now, {words(taken)} was taken:"
    if settlement.capture < taken:
        return f"{come_to} {words(taken - settlement.capture)} is to be given back."
    if settlement.capture > taken:
        return f"{come_to} {words(asked - taken)} more is asked for, which cannot be captured."
    return ""


def note_bill(session: AdHocSession) -> None:
    """The CDR is being captured, or nothing is owed for it: write down what it asks beyond that, and tell staff."""
    settlement = settlement_now(session)
    if settlement is None or settlement.decision not in (Decision.CAPTURE, Decision.RELEASE):
        return
    keep_outstanding(session, settlement)
    told = [(TOLD_AS[doubt], text) for doubt, text in settlement.doubts if doubt in TOLD_AS]
    if settlement.shortfall:
        owed, have = (in_words(sum_, session.currency) for sum_ in (_amount_asked(settlement), session.amount))
        told.append((symptoms.BEYOND_RESERVATION, f"CDR {settlement.billed}: {owed} is owed, {have} was reserved."))
    for symptom, text in told:
        incidents.open_incident(session.partner_id, symptoms.report(session, symptom, text))


def _amount_asked(settlement: Settlement) -> int:
    return settlement.capture + settlement.shortfall


def keep_outstanding(session: AdHocSession, settlement: Settlement) -> None:
    """Have what the billed CDR asks beyond what is taken as rows, and no other (rules 32, 33)."""
    billed = next(
        (cdr for cdr in cdrs_of(session) if cdr.ocpi_id == settlement.billed and not cdr.credit),
        None,
    )
    if billed is not None:
        payment = PaymentAuthorization.objects.get(pk=session.authorization_id)
        taken = settlement.capture if payment.state in NOT_DECIDED else min(amount_paid(payment), settlement.capture)
        amounts: dict[str, int] = {
            outstanding.Kind.CLAIM: settlement.claim,
            outstanding.Kind.RECEIVABLE: _amount_asked(settlement) - taken,
        }
        outstanding.keep(payment, billed, amounts)
    close_answered(session)


def close_answered(session: AdHocSession) -> None:
    """Nothing is outstanding any more: the incidents about it are answered."""
    mine = OutstandingAmount.objects.filter(authorization_id=session.authorization_id, state=outstanding.State.OPEN)
    kinds = set(mine.values_list("kind", flat=True))
    answered = {symptom for symptom, kind in ABOUT.items() if kind not in kinds}
    known = OutstandingAmount.objects.filter(authorization_id=session.authorization_id)
    if answered and known.exists():
        incidents.close_about(session.partner_id, str(session.pk), "Nothing is outstanding any more.", answered)


def give_back(session: AdHocSession) -> bool:
    """Rule 26: a credit CDR took the billed one back, and the new one asks for less: the driver gets the difference.

    Return whether a refund was asked for. The caller holds the session's lock.
    """
    payment = PaymentAuthorization.objects.get(pk=session.authorization_id)
    cdrs = eligibility.judge(session, cdrs_of(session))
    settlement = eligibility.settlement_of(session, cdrs)
    credited = any(cdr.credit for cdr, _counts in cdrs)
    if payment.state != State.CAPTURED or payment.failure_code or settlement is None or not credited:
        return False
    if settlement.decision not in (Decision.CAPTURE, Decision.RELEASE) or payment.kept_amount <= settlement.capture:
        return False
    reason = f"the CPO took its CDR back and asks for less with CDR {settlement.billed}"
    billing.request_refund(payment.pk, payment.kept_amount - settlement.capture, reason=reason)
    timeline.write(session, TimelineEvent.Kind.NOTE, GIVEN_BACK.format(settlement.billed), at=timezone.now())
    keep_outstanding(session, settlement)
    incidents.close_about(session.partner_id, str(session.pk), "The difference is given back.", {symptoms.BILL_CHANGED})
    return True
