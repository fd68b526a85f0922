"""What is owed to the CPO for a session: its CDR that counts, as long as no credit CDR takes it back."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from billing.books.posting import Amounts, Place, bring_to
from billing.models import Account, LedgerTransaction
from billing.pricing import to_minor
from billing.receipts.lines import Line, vat_of
from billing.settlement import Decision
from ocpi.models import Cdr
from sessions_adhoc.accounts.composing import Sale, country_of, rate_of_cdr
from sessions_adhoc.money.auditing import is_own
from sessions_adhoc.money.eligibility import Bill

NOTHING: Amounts = {}
ZERO, CENT = Decimal(0), Decimal("0.01")


def billed_cdr(bill: Bill) -> Cdr | None:
    """The CDR that was billed, be it that staff decided about it; None where none was, or it was taken back.

    One in doubt that came after our own calculation was accepted by nobody.
    """
    settlement = bill.settlement
    if settlement is None or not settlement.billed or settlement.decision is Decision.WAIT:
        return None
    if settlement.decision is Decision.HOLD and is_own(bill):
        return None
    named = settlement.billed.casefold()
    return next((cdr for cdr in bill.cdrs if cdr.ocpi_id.casefold() == named and not cdr.credit), None)


def post_payables(sale: Sale, now: datetime) -> None:
    """Have the books say what is owed for each CDR of the session. The caller holds its lock."""
    for cdr, wanted in amounts_wanted(sale):
        bring_to(
            wanted,
            subject="cdr",
            row=cdr,
            kind=LedgerTransaction.Kind.CDR,
            at=now,
            currency=cdr.currency,
            partner_id=cdr.partner_id,
        )


def amounts_wanted(sale: Sale) -> Iterator[tuple[Cdr, Amounts]]:
    """Each CDR with what the books are to have of it."""
    for cdr in sale.bill.cdrs:
        yield cdr, _payable(sale, cdr) if cdr == sale.cdr else NOTHING


def _payable(sale: Sale, cdr: Cdr) -> Amounts:
    """Net, VAT and gross. Where staff decided about a CDR that was held, what the driver paid is what they accepted."""
    gross = sale.bill.shown.gross_of(cdr)
    if gross is None:
        return NOTHING
    total, settlement = to_minor(gross, cdr.currency), sale.bill.settlement
    if settlement is not None and settlement.decision is Decision.HOLD:
        total = min(total, sum(payment.captured_amount for payment in sale.payments))
    rate = rate_of_cdr(sale, cdr)
    vat = vat_of([Line("charging", "", total, None if rate is None else f"{rate:f}")])[0].vat or 0
    amounts = {Place(Account.PAYABLE): -total, Place(Account.COST): total - vat}
    if vat:
        amounts[Place(Account.INPUT_VAT, country_of(sale), (rate or ZERO).quantize(CENT))] = vat
    return amounts
