"""Pages about prices and the simulated gateway. They show: money moves through `billing.payments.services`."""

from billing.admin import simulated, tariff, vat

__all__ = ["simulated", "tariff", "vat"]
