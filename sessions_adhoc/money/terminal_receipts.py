"""Telling a CPO what was captured for a charge that was paid at a payment terminal (OCPI 2.3.0 Payments §5.2).

The CPO makes the receipt, so it has to know. Where it takes no such confirmation nobody is to be told.
"""

from decimal import Decimal
from typing import Any

from billing.models import PaymentAuthorization
from billing.pricing.money import from_minor
from ocpi.calls import payments
from ocpi.calls.outgoing import Unsupported
from ocpi.models import Cdr
from sessions_adhoc.models import AdHocSession, ChargingAttempt
from sessions_adhoc.money.eligibility import Bill
from sessions_adhoc.money.offering import Offer, offer_of
from sessions_adhoc.money.paid import kept_of, payments_of

SUCCESS, PARTIAL_SUCCESS, FAILED = "SUCCESS", "PARTIAL_SUCCESS", "FAILED"
State = PaymentAuthorization.State
SETTLED = (State.CAPTURED, State.REFUNDING)
NOT_CAPTURED = (State.FAILED, State.EXPIRED)
PERCENT = Decimal("0.01")


def payment_changed(authorization: PaymentAuthorization) -> None:
    """Send the confirmation once the money is settled, and again when it became more or less.

    More is brought by a further payment: a second hold, or what was paid afterwards. Inside the transaction that
    records the change; what is told already is not told again.
    """
    first = authorization.main or authorization
    failed = first.state in NOT_CAPTURED and first.capture_amount is not None
    if first.state not in SETTLED and not failed:
        return
    session: AdHocSession | None = getattr(first, "ad_hoc_session", None)
    if session is None or session.channel != AdHocSession.Channel.TERMINAL:
        return
    attempt = session.attempts.order_by("failure", "-number").first()
    payments_made = payments_of(session)
    if attempt is None or any(row.state == State.CAPTURING for row in payments_made):
        return
    _tell(session, attempt, payments_made, failed=failed)


def _tell(
    session: AdHocSession, attempt: ChargingAttempt, payments_made: list[PaymentAuthorization], *, failed: bool
) -> None:
    bill, first = Bill(session), session.authorization
    cdrs = _with_gross(session, _standing(bill))
    taken = [row for row in payments_made if row.captured_amount] or [first]
    gross = from_minor(kept_of(taken), first.currency)
    captured = from_minor(sum(row.captured_amount for row in taken), first.currency)
    before_taxes, taxes = _split(gross, cdrs, offer_of(session))
    try:
        payments.send_financial_advice(
            partner=session.partner,
            authorization_reference=attempt.authorization_reference,
            before_taxes=before_taxes,
            taxes=taxes,
            currency=first.currency,
            eft_data=[f"{row.gateway} {row.gateway_reference or row.pk}" for row in taken],
            capture_status=FAILED if failed and not captured else _status(captured, cdrs),
            capture_message=first.failure_message[:255],
        )
    except Unsupported:
        return


def _standing(bill: Bill) -> list[Cdr]:
    """The CDR that was billed: of several that say the same it is one. Where none was, all that count."""
    counting = [cdr for cdr, counts in bill.verdicts if counts]
    billed = bill.settlement.billed if bill.settlement else ""
    return [cdr for cdr in counting if cdr.ocpi_id == billed and not cdr.credit] or counting


def _with_gross(session: AdHocSession, cdrs: list[Cdr]) -> list[Cdr]:
    """The CDRs, not to be saved, with the total that the driver owes where they state no tax (rule 34)."""
    shown = offer_of(session)
    for cdr in cdrs:
        cdr.total_gross = shown.gross_of(cdr)
    return cdrs


def _status(captured: Decimal, cdrs: list[Cdr]) -> str:
    """All that the CDRs ask for was captured, or the part that had been reserved."""
    totals = [(cdr.credit, cdr.total_gross or Decimal(0)) for cdr in cdrs]
    # A credit is below zero by the specification, and above it where a CPO reads that differently.
    asked = sum((-abs(total) if credit else total for credit, total in totals), Decimal(0))
    return SUCCESS if captured >= asked.quantize(captured) else PARTIAL_SUCCESS


def _split(gross: Decimal, cdrs: list[Cdr], shown: Offer) -> tuple[Decimal, list[dict[str, Any]]]:
    """(before taxes, taxes), in the proportion of the CDR; one without taxes says nothing of them.

    At a price of our own, and by our own calculation before any CDR, it is the rate that the driver was shown.
    """
    if shown.is_retail or not cdrs:
        if not shown.vat:
            return gross, []
        return _with_tax(gross, (gross * 100 / (100 + shown.vat)).quantize(gross), shown.vat)
    cdr = next((cdr for cdr in cdrs if not cdr.credit and cdr.total_net and cdr.total_gross), None)
    if cdr is None or cdr.total_net is None or cdr.total_gross is None or cdr.total_net >= cdr.total_gross:
        return gross, []
    before = (gross * cdr.total_net / cdr.total_gross).quantize(gross)
    return _with_tax(gross, before, ((cdr.total_gross / cdr.total_net - 1) * 100).quantize(PERCENT))


def _with_tax(gross: Decimal, before: Decimal, rate: Decimal) -> tuple[Decimal, list[dict[str, Any]]]:
    return before, [{"name": "VAT", "percentage": rate, "amount": gross - before}]
