"""A payment-terminal operator's own back end: what a terminal holds is taken over, captured, released, given back."""

from billing.gateways.terminal.gateway import TerminalGateway

__all__ = ["PaymentGateway", "TerminalGateway"]

PaymentGateway = TerminalGateway
