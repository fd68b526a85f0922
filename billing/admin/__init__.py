"""Pages about prices, books and the simulated gateway. They show: money moves through `billing.payments.services`."""

from billing.admin import ledger, payout, price_plan, restore, simulated, tariff, vat

__all__ = ["ledger", "payout", "price_plan", "restore", "simulated", "tariff", "vat"]
