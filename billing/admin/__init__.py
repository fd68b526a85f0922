"""The admin pages of billing. They show, but for the rates of VAT: money moves through `billing.services`."""

from billing.admin import authorization, outstanding, simulated, vat

__all__ = ["authorization", "outstanding", "simulated", "vat"]
