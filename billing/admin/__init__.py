"""Pages about prices and the simulated gateway. They show: money moves through `billing.payments.services`."""

from billing.admin import price_plan, simulated, tariff, vat

__all__ = ["price_plan", "simulated", "tariff", "vat"]
