"""Stripe: hosted Checkout with cards and wallets, or a payment method that an app has made; captured by hand."""

from billing.gateways.stripe.gateway import StripeGateway

__all__ = ["PaymentGateway", "StripeGateway"]

PaymentGateway = StripeGateway
