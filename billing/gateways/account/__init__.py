"""Smart Fuel Pass's own app and cards: money is reserved on a driver's account by the back office."""

from billing.gateways.account.gateway import AccountGateway

__all__ = ["AccountGateway", "PaymentGateway"]

PaymentGateway = AccountGateway
