"""The embedded payment gateway: an acquirer that is asked by idempotency key and forgets none."""

from billing.gateways.simulated.gateway import SimulatedGateway
from billing.gateways.simulated.tokens import TEST_TOKENS, TestToken

__all__ = ["TEST_TOKENS", "PaymentGateway", "SimulatedGateway", "TestToken"]

PaymentGateway = SimulatedGateway
