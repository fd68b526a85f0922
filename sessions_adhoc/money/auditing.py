"""Looking at money that is or was taken: does it agree with the CDRs? (rules 24, 26, 27, 32)

Whether a CDR can be true, and what the driver pays for it, `sessions_adhoc.money.judging` says, before the
capture and after it. What a CDR asks beyond is kept as a row, what does not agree is an incident, and staff decide
(`sessions_adhoc.staff.refund`). Only what the CPO corrects downwards is given back by itself.
"""

from collections.abc import Sequence

from django.utils import timezone

from billing import outstanding
from billing.models import OutstandingAmount, PaymentAuthorization
from billing.payments import services as billing
from billing.plausibility import Doubt, agrees_in_price
from billing.pricing import from_minor, in_words
from billing.settlement import Decision, Settlement
from ocpi.models import Cdr
from partners import incidents
from partners.models import Incident
from sessions_adhoc import belonging, symptoms, timeline
from sessions_adhoc.models import AdHocSession, TimelineEvent
from sessions_adhoc.money import collecting
from sessions_adhoc.money.eligibility import Bill
from sessions_adhoc.money.holds import TAKEN, Holds
from sessions_adhoc.states import State as Progress

State = PaymentAuthorization.State
NOT_DECIDED = frozenset({State.CREATED, State.RESERVING, State.RESERVED})
"""The money has not moved: the CDRs still decide by themselves."""

OWING = frozenset({Progress.AWAITING_CDR, Progress.ESCALATED, Progress.SETTLED})
"""Where nothing is held any more, what a CDR asks is owed all the same: staff, or the driver, have not ended it."""

ALL_TAKEN_BACK = "credited_without_replacement"
TOLD_AS = {Doubt.OTHER_PRICE: symptoms.PRICE_DIFFERS, Doubt.LESS_ENERGY: symptoms.ENERGY_DIFFERS}
"""What staff are told of a CDR that is billed all the same."""

ABOUT = {
    symptoms.PRICE_DIFFERS: outstanding.Kind.CLAIM,
    symptoms.BEYOND_RESERVATION: outstanding.Kind.RECEIVABLE,
    symptoms.HOLD_EXPIRED: outstanding.Kind.RECEIVABLE,
}
TAKEN_BACK = (
    "the CPO took its CDR back and asks for less with CDR {}",
    "CDR {} replaces the one that was billed and asks for less: the difference is given back to the driver.",
)
CORRECTED_BY_CDR = (
    "CDR {} asks for less than our own calculation",
    "CDR {} asks for less than our own calculation: the difference is given back to the driver.",
)
"""Why money is given back, for the payment's history and for the timeline."""


def amount_owed(session: AdHocSession) -> int | None:
    """Return what the CDRs come to now, in minor units, and at most what was reserved or paid afterwards; None where
    they do not tell."""
    settlement = Bill(session).settlement
    if settlement is None or settlement.decision is Decision.HOLD:
        return None
    return min(_amount_asked(settlement), settlement.capture + outstanding.paid_afterwards(session.authorization_id))


def _is_told(settlement: Settlement | None) -> bool:
    """Whether the CDRs tell what is owed: a sum, or nothing any more."""
    return settlement is not None and (settlement.decision is not Decision.HOLD or settlement.reason == ALL_TAKEN_BACK)


def compare_with_cdrs(bill: Bill, holds: Holds) -> None:
    """A CDR has come. If the money was taken or let go before it, tell staff what does not agree any more.

    The caller holds the session's lock; `holds` are as they are now.
    """
    session = bill.session
    if holds.state in NOT_DECIDED:
        return
    if holds.state == State.EXPIRED:
        if session.state in OWING:
            note_bill(bill, holds)
        return
    about = session.partner_id, str(session.pk)
    if give_back(bill, holds):
        return
    problem = _problem(bill, holds)
    incidents.close_about(*about, problem or "The CDRs come to what the driver paid.", {symptoms.BILL_CHANGED})
    if problem:
        incidents.open_incident(session.partner_id, symptoms.report(session, symptoms.BILL_CHANGED, problem))
    settlement = bill.settlement
    if settlement is not None and settlement.reason == ALL_TAKEN_BACK:
        outstanding.withdraw(holds.first)
        collecting.follow(session)
        close_answered(session)
    if holds.state in TAKEN and settlement is not None and settlement.decision is Decision.CAPTURE:
        keep_outstanding(bill, settlement, holds)
        if is_own(bill):
            _tell_doubts(bill, settlement)


def note_foreign(bill: Bill, cdr: Cdr) -> None:
    """A CDR of another charger, or of a second OCPI session for one START_SESSION: never billed, on the staff queue
    (rules 7, 12, 26)."""
    session = bill.session
    if not belonging.is_at_its_charger(session, cdr):
        place = f"{cdr.location_id}/{cdr.evse_uid} of {cdr.country_code}*{cdr.party_id}"
        text = f"CDR {cdr.ocpi_id} is about {place}, which is not where it was started: it is not billed."
        report = symptoms.report(session, symptoms.FOREIGN_CDR, text)
        incidents.open_incident(session.partner_id, report)
        return
    failed = all(attempt.failure for attempt in bill.attempts)
    if cdr.credit or failed or not cdr.session_key:
        return
    linked = any(link.ocpi_session.ocpi_id.lower() == cdr.session_key for link in bill.links)
    if linked or dict(bill.verdicts).get(cdr, True):
        return
    text = f"CDR {cdr.ocpi_id} is about Session {cdr.session_id}, which is not the one that was started: "
    report = symptoms.report(session, symptoms.FOREIGN_CDR, f"{text}it is not billed.")
    incidents.open_incident(session.partner_id, report)


def note_given_back(bill: Bill, holds: Holds) -> None:
    """Staff gave money back: that answers what was asked of them, unless the CDRs tell that it was not enough."""
    session = bill.session
    mine = Incident.objects.filter(partner_id=session.partner_id, reference=str(session.pk), closed_at=None)
    answered = set[str]()
    if mine.filter(symptom=symptoms.BILL_CHANGED).exists():
        if _is_told(bill.settlement):
            compare_with_cdrs(bill, holds)
        else:
            answered.add(symptoms.BILL_CHANGED)
    incidents.close_about(session.partner_id, str(session.pk), "Money was given back.", answered)


def _problem(bill: Bill, holds: Holds) -> str:
    """What does not agree, in words."""
    settlement = bill.settlement
    if is_own(bill) and (settlement is None or settlement.reason == ALL_TAKEN_BACK):
        return ""  # our own calculation stands, as it did before any CDR came
    taken = holds.paid
    was_taken = f"{in_words(taken, bill.session.currency)} was taken"
    if settlement is None:
        return f"{was_taken}. A credit CDR came, and no CDR counts." if taken and bill.is_credited else ""
    if not _is_told(settlement):
        return f"{was_taken}. {settlement.explanation}"
    return _difference(bill, settlement, taken, holds)


def _difference(bill: Bill, settlement: Settlement, taken: int, holds: Holds) -> str:
    asked = settlement.capture + settlement.shortfall

    def words(minor: int) -> str:
        return in_words(minor, bill.session.currency)

    come_to = f"The CDRs come to {words(asked)} now, {words(taken)} was taken:"
    later = outstanding.paid_afterwards(bill.session.authorization_id)
    if settlement.capture < taken and not _is_same(bill, settlement.capture, taken):
        back = taken - holds.lost - settlement.capture
        meanwhile = " The driver's bank disputes it: nothing is given back by itself." if holds.is_disputed else ""
        return f"{come_to} {words(back)} is to be given back.{meanwhile}" if back > 0 else ""
    if later > (kept := _kept_of_later(settlement, taken)):
        return f"{come_to} of {words(later)}, paid afterwards, {words(later - kept)} is to be given back."
    left = _still_owed(bill, asked, taken) - later - sum(row.amount for row in holds.untaken)
    if settlement.capture > taken and left > 0:
        return f"{come_to} {words(left)} more is asked for, which cannot be captured."
    return ""


def note_lost(bill: Bill, holds: Holds, lost: PaymentAuthorization) -> None:
    """The gateway did not take what was to be taken of a further hold: staff are told, as nothing else tells of it at a
    price of our own. The caller holds the session's lock."""
    session = bill.session
    if lost not in holds.untaken or not (holds.state in TAKEN or holds.first.state in TAKEN):
        return
    held, taken = (in_words(sum_, session.currency) for sum_ in (lost.amount, holds.paid))
    why = f" The gateway says: {lost.failure_message}" if lost.failure_message else ""
    text = f"{held} was held as a second reservation, and nothing is taken of it. The driver pays {taken}.{why}"
    incidents.open_incident(session.partner_id, symptoms.report(session, symptoms.ADDITION_LOST, text))


def _kept_of_later(settlement: Settlement, taken: int) -> int:
    """What of a payment that was made afterwards the CDRs call for, beyond what was taken of the reservation."""
    return max(0, _amount_asked(settlement) - min(taken, settlement.capture))


def is_own(bill: Bill) -> bool:
    """Whether the driver's money was taken by our own calculation, and not for a CDR."""
    return bill.session.billed_by == AdHocSession.BilledBy.OWN


def may_give_back(bill: Bill) -> bool:
    """Whether a CDR that asks for less than was taken gives the difference back by itself."""
    return bill.is_credited or is_own(bill)


def _is_same(bill: Bill, asked: int, taken: int) -> bool:
    """Whether a CDR at a price of our own comes to what the meter values came to: it tells of the same charge."""
    if not is_own(bill) or not bill.shown.is_retail:
        return asked == taken
    return _agrees(bill, asked, taken)


def _agrees(bill: Bill, asked: int, taken: int) -> bool:
    """Whether two amounts are the same, by what rule 32 bears."""
    currency = bill.session.currency
    return agrees_in_price(from_minor(asked, currency), from_minor(taken, currency))


def _still_owed(bill: Bill, asked: int, taken: int) -> int:
    """What the driver owes beyond what was taken, and what staff gave back although the CDRs asked for it. By our own
    calculation it is nothing at a price of our own, or where the CDR agrees with it."""
    if is_own(bill) and (bill.shown.is_retail or _agrees(bill, asked, taken)):
        return 0
    return max(0, asked - taken - bill.session.waived)


def note_bill(bill: Bill, holds: Holds) -> None:
    """The CDR is being captured, or nothing is owed for it: write down what it asks beyond that, and tell staff."""
    session, settlement = bill.session, bill.settlement
    if settlement is None or settlement.decision not in (Decision.CAPTURE, Decision.RELEASE):
        return
    keep_outstanding(bill, settlement, holds)
    _tell_doubts(bill, settlement)
    if settlement.shortfall and not is_own(bill) and holds.state != State.EXPIRED:
        owed, have = (in_words(sum_, session.currency) for sum_ in (_amount_asked(settlement), session.amount))
        text = f"CDR {settlement.billed}: {owed} is owed, {have} was reserved."
        incidents.open_incident(session.partner_id, symptoms.report(session, symptoms.BEYOND_RESERVATION, text))


def _tell_doubts(bill: Bill, settlement: Settlement) -> None:
    session = bill.session
    for doubt, text in settlement.doubts:
        if doubt in TOLD_AS:
            incidents.open_incident(session.partner_id, symptoms.report(session, TOLD_AS[doubt], text))


def _amount_asked(settlement: Settlement) -> int:
    return settlement.capture + settlement.shortfall


def keep_outstanding(bill: Bill, settlement: Settlement, holds: Holds) -> None:
    """Have what the billed CDR asks beyond what is taken as rows, and no other (rules 32, 33)."""
    billed = next((cdr for cdr in bill.cdrs if cdr.ocpi_id == settlement.billed and not cdr.credit), None)
    if billed is not None:
        taken = settlement.capture if holds.state in NOT_DECIDED else min(holds.paid, settlement.capture)
        amounts: dict[str, int] = {
            outstanding.Kind.CLAIM: settlement.claim,
            outstanding.Kind.RECEIVABLE: _still_owed(bill, _amount_asked(settlement), taken),
        }
        if not outstanding.keep(holds.first, billed, amounts):
            return
        collecting.follow(bill.session)
    close_answered(bill.session)


def close_answered(session: AdHocSession) -> None:
    """Nothing is outstanding any more: the incidents about it are answered."""
    mine = OutstandingAmount.objects.filter(authorization_id=session.authorization_id, state=outstanding.State.OPEN)
    kinds = set(mine.values_list("kind", flat=True))
    answered = {symptom for symptom, kind in ABOUT.items() if kind not in kinds}
    known = OutstandingAmount.objects.filter(authorization_id=session.authorization_id)
    if outstanding.Kind.RECEIVABLE not in kinds and known.filter(kind=outstanding.Kind.RECEIVABLE).exists():
        answered.add(symptoms.ADDITION_LOST)
    if answered and known.exists():
        incidents.close_about(session.partner_id, str(session.pk), "Nothing is outstanding any more.", answered)


def give_back(bill: Bill, holds: Holds) -> bool:
    """Rule 26: a credit CDR took the billed one back, and the new one asks for less: the driver gets the difference.

    So it is where no CDR was billed, but our own calculation, and the CDR asks for less.

    What was taken last is given back first. Return whether a refund was asked for. The caller holds the session's lock;
    `holds` are as they are now.
    """
    if holds.state not in TAKEN or not may_give_back(bill):
        return False
    session, settlement = bill.session, bill.settlement
    if settlement is None or settlement.decision not in (Decision.CAPTURE, Decision.RELEASE):
        return False
    reason, told = CORRECTED_BY_CDR if is_own(bill) and not bill.is_credited else TAKEN_BACK
    reason = reason.format(settlement.billed)
    later = collecting.give_back(session, _kept_of_later(settlement, holds.paid), reason)
    if not _is_too_much(bill, settlement, holds):
        if later:
            timeline.write(session, TimelineEvent.Kind.NOTE, told.format(settlement.billed), at=timezone.now())
        return False
    refund(holds.all, holds.kept - settlement.capture, reason)
    timeline.write(session, TimelineEvent.Kind.NOTE, told.format(settlement.billed), at=timezone.now())
    keep_outstanding(bill, settlement, holds)
    incidents.close_about(session.partner_id, str(session.pk), "The difference is given back.", {symptoms.BILL_CHANGED})
    return True


def _is_too_much(bill: Bill, settlement: Settlement, holds: Holds) -> bool:
    """Whether more was captured than the CDRs come to, and can be given back now."""
    taken = [row for row in holds.all if row.state in TAKEN]
    if holds.is_disputed or any(row.state != State.CAPTURED or row.failure_code for row in taken):
        return False
    return holds.kept > settlement.capture and not _is_same(bill, settlement.capture, holds.kept)


def refund(payments: Sequence[PaymentAuthorization], amount: int, reason: str) -> None:
    """Have `amount`, minor units, given back: of what was taken last first. The caller has locked them all."""
    for row in reversed(payments):
        if share := min(amount, row.refundable_amount):
            billing.request_refund(row, share, reason=reason)
            amount -= share
