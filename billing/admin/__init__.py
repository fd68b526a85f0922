"""The admin pages of billing. All of them only show: money moves through `billing.services`."""

from billing.admin import authorization, simulated

__all__ = ["authorization", "simulated"]
