"""The tables of billing: what we know about a payment, what gateways told, the simulated gateway's own books, rates of
VAT, and what is outstanding."""

from billing.models.authorization import PaymentAuthorization
from billing.models.event import PaymentEvent
from billing.models.inbox import GatewayEvent, WaitingEvent
from billing.models.outstanding import OutstandingAmount
from billing.models.simulated import SimulatedCharge, SimulatedOperation
from billing.models.vat import VatRate

__all__ = [
    "GatewayEvent",
    "OutstandingAmount",
    "PaymentAuthorization",
    "PaymentEvent",
    "SimulatedCharge",
    "SimulatedOperation",
    "VatRate",
    "WaitingEvent",
]
