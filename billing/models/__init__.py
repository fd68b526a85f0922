"""The tables of billing: what we know about a payment, what gateways told, the simulated gateway's own books, rates of
VAT, price plans, what is outstanding, the ledger, receipts, payouts and restores."""

from billing.models.authorization import PaymentAuthorization
from billing.models.books import Account, FinanceMonth, LedgerEntry, LedgerTransaction, UnpostedPayment
from billing.models.event import PaymentEvent
from billing.models.inbox import GatewayEvent, WaitingEvent
from billing.models.outstanding import OutstandingAmount
from billing.models.payout import Payout, PayoutLine
from billing.models.plan import PlanIsUsed, PricePlan
from billing.models.receipt import Receipt, ReceiptSeries
from billing.models.restore import Restore, RestoreFinding
from billing.models.simulated import SimulatedCharge, SimulatedOperation
from billing.models.vat import VatRate

__all__ = [
    "Account",
    "FinanceMonth",
    "GatewayEvent",
    "LedgerEntry",
    "LedgerTransaction",
    "OutstandingAmount",
    "PaymentAuthorization",
    "PaymentEvent",
    "Payout",
    "PayoutLine",
    "PlanIsUsed",
    "PricePlan",
    "Receipt",
    "ReceiptSeries",
    "Restore",
    "RestoreFinding",
    "SimulatedCharge",
    "SimulatedOperation",
    "UnpostedPayment",
    "VatRate",
    "WaitingEvent",
]
