"""Looking at money that was taken: does it agree with the CDRs, and the CDRs with the tariff? (rules 24, 26, 27)

Nothing here moves money: a CDR is billed as it stands. What does not agree is an incident, and staff decide
(`sessions_adhoc.staff.refund`).
"""

from decimal import Decimal

from billing import pricing
from billing.models import PaymentAuthorization
from billing.pricing import in_words
from billing.settlement import Decision, Settlement
from ocpi.models import Cdr
from partners import incidents
from partners.models import Incident
from sessions_adhoc import eligibility, symptoms
from sessions_adhoc.belonging import cdrs_of
from sessions_adhoc.models import AdHocSession, AttemptSession
from sessions_adhoc.shown import shown_to

State = PaymentAuthorization.State
NOT_DECIDED = frozenset({State.CREATED, State.RESERVING, State.RESERVED})
"""The money has not moved: the CDRs still decide by themselves."""

ALL_TAKEN_BACK = "credited_without_replacement"
LEAST_DIFFERENCE = Decimal("0.05")
DIFFERENCE = Decimal("0.01")
"""A total may differ from ours by this share, and by the least difference: operators round each period in their way."""


def settlement_now(session: AdHocSession) -> Settlement | None:
    """Return what the CDRs come to now, or None while none of them counts."""
    return eligibility.settlement_of(session, eligibility.judged(session, cdrs_of(session)))


def owed(session: AdHocSession) -> int | None:
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
    problem = _problem(session, payment)
    incidents.close_about(*about, problem or "The CDRs come to what the driver paid.", {symptoms.BILL_CHANGED})
    if problem:
        incidents.open_incident(session.partner_id, symptoms.report(session, symptoms.BILL_CHANGED, problem))


def note_foreign(session: AdHocSession, cdr: Cdr) -> None:
    """A CDR of another charger, or of a second OCPI session for one START_SESSION: never billed, on the staff queue
    (rules 7, 12, 26)."""
    if not eligibility.at_its_charger(session, cdr):
        text = f"CDR {cdr.ocpi_id} is about {cdr.location_id}/{cdr.evse_uid}, which is not where it was started: "
        report = symptoms.report(session, symptoms.FOREIGN_SESSION, f"{text}it is not billed.")
        incidents.open_incident(session.partner_id, report)
        return
    cdrs = cdrs_of(session)
    counts = dict(eligibility.judged(session, cdrs))
    linked = AttemptSession.objects.filter(attempt__session=session, ocpi_session__ocpi_id__iexact=cdr.session_id)
    failed = not session.attempts.filter(failure="").exists()
    if cdr.credit or failed or not cdr.session_key or counts.get(cdr, True) or linked.exists():
        return
    text = f"CDR {cdr.ocpi_id} is about Session {cdr.session_id}, which is not the one that was started: "
    report = symptoms.report(session, symptoms.FOREIGN_SESSION, f"{text}it is not billed.")
    incidents.open_incident(session.partner_id, report)


def given_back(session: AdHocSession) -> None:
    """Staff gave money back: that answers what was asked of them, unless the CDRs tell that it was not enough."""
    mine = Incident.objects.filter(partner_id=session.partner_id, reference=str(session.pk), closed_at=None)
    answered = {symptoms.PRICE_DIFFERS}
    if mine.filter(symptom=symptoms.BILL_CHANGED).exists():
        if _is_told(settlement_now(session)):
            compare_with_cdrs(session)
        else:
            answered.add(symptoms.BILL_CHANGED)
    incidents.close_about(session.partner_id, str(session.pk), "Staff gave money back.", answered)


def paid(payment: PaymentAuthorization) -> int:
    """What the driver will have paid when what is under way is done, in minor units."""
    if payment.state == State.CAPTURING:
        return payment.capture_amount or 0
    return payment.kept_amount - (payment.refund_amount or 0)


def _problem(session: AdHocSession, payment: PaymentAuthorization) -> str:
    """What does not agree, in words."""
    verdicts = eligibility.judged(session, cdrs_of(session))
    settlement = eligibility.settlement_of(session, verdicts)
    taken = paid(payment)
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


def compare_with_tariff(session: AdHocSession) -> None:
    """The CDR is being captured: tell staff if the tariff does not explain its total."""
    verdicts = eligibility.judged(session, cdrs_of(session))
    settlement = eligibility.settlement_of(session, verdicts)
    if settlement is None or settlement.decision is not Decision.CAPTURE:
        return
    billed = next(cdr for cdr, counts in verdicts if counts and cdr.ocpi_id == settlement.billed)
    if text := _unexplained(session, billed):
        report = symptoms.report(session, symptoms.PRICE_DIFFERS, text)
        incidents.open_incident(session.partner_id, report)


def _unexplained(session: AdHocSession, cdr: Cdr) -> str:
    """How the CDR's total differs from what the tariff that was shown makes of it; "" if it does not or none is known.

    Where no tariff was shown, the one that the CDR carries.
    """
    shown, named = shown_to(session), "the published tariff {}"
    if shown.tariff is None:
        shown, named = shown.with_tariff_in(cdr), "the tariff in it, {},"
    cost = shown.price_of(cdr)
    if shown.tariff is None or cost is None or cost.currency != cdr.currency:
        return ""
    said, ours = (cdr.total_net, cost.excl) if cost.incl is None else (shown.gross_of(cdr), cost.incl)
    if said is None or ours is None or abs(said - ours) <= max(LEAST_DIFFERENCE, DIFFERENCE * ours):
        return ""
    comes_to = f"By {named.format(shown.tariff.id)} it comes to {pricing.money(ours, cdr.currency)}"
    return f"CDR {cdr.ocpi_id} says {pricing.money(said, cdr.currency)}. {comes_to}."
