"""System checks: the configured payment gateway exists, and production does not pretend to take money."""

from typing import Any

from django.conf import settings
from django.core import checks

from billing.gateways import gateway_names


@checks.register()
def payment_gateway_is_known(**_kwargs: Any) -> list[checks.CheckMessage]:
    """`PAYMENT_GATEWAY` names a gateway that exists (E001)."""
    name = settings.PAYMENT_GATEWAY
    if name not in gateway_names():
        return [
            checks.Error(
                f"PAYMENT_GATEWAY is {name!r}, which is no payment gateway.",
                hint=f"Use one of: {', '.join(gateway_names())}.",
                id="billing.E001",
            )
        ]
    return []


@checks.register(deploy=True)
def money_is_what_it_says(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Real money is taken in production (E002), and none while staging (E003)."""
    name = settings.PAYMENT_GATEWAY
    if settings.STAGING and name != "simulated":
        return [
            checks.Error(
                f"STAGING is on and PAYMENT_GATEWAY is {name!r}: every page would say that no real money is meant.",
                hint="Set PAYMENT_GATEWAY=simulated, or STAGING=off.",
                id="billing.E003",
            )
        ]
    if settings.PRODUCTION and name == "simulated" and not settings.STAGING:
        return [
            checks.Error(
                "PAYMENT_GATEWAY is the simulated gateway: no money is reserved or captured.",
                hint="Set PAYMENT_GATEWAY to a gateway that takes real money, or STAGING=on where none is meant.",
                id="billing.E002",
            )
        ]
    return []
