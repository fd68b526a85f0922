"""The tables of billing: what we know about a payment, and the simulated gateway's own books."""

from billing.models.authorization import PaymentAuthorization
from billing.models.event import PaymentEvent
from billing.models.simulated import SimulatedCharge, SimulatedOperation

__all__ = ["PaymentAuthorization", "PaymentEvent", "SimulatedCharge", "SimulatedOperation"]
