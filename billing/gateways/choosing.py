"""Which gateway a payment goes through: by channel, currency and partner (`PAYMENT_ROUTES`), else the usual one."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

CONDITIONS = frozenset({"channel", "currency", "partner"})


@dataclass(frozen=True)
class Route:
    """`channel=terminal&currency=CZK:acquirer`: all its conditions have to fit."""

    conditions: Mapping[str, str]
    gateway: str

    def fits(self, facts: Mapping[str, str]) -> bool:
        return all(facts.get(name, "").lower() == value.lower() for name, value in self.conditions.items())


def route_of(text: str) -> Route:
    """Read a route. Raises ValueError."""
    conditions, colon, gateway = text.strip().rpartition(":")
    pairs = [part.partition("=") for part in conditions.split("&")]
    read = {name.strip(): value.strip() for name, _, value in pairs}
    if not colon or not gateway.strip() or not read.keys() <= CONDITIONS or not all(read.values()):
        raise ValueError(f"{text!r} is no route: write `channel=terminal:name`, or currency or partner likewise")
    return Route(read, gateway.strip())


def gateway_for(*, channel: str, currency: str, partner: str) -> str:
    """Return the name of the gateway for a charge. `channel`: qr, web, terminal or contract; `partner`: the CPO's."""
    facts = {"channel": channel, "currency": currency, "partner": partner}
    routes = (route_of(text) for text in settings.PAYMENT_ROUTES)
    return next((route.gateway for route in routes if route.fits(facts)), settings.PAYMENT_GATEWAY)


def gateways_in_use() -> list[str]:
    """The names of all that new payments may go through, sorted. Raises ValueError for a route that cannot be read."""
    return sorted({settings.PAYMENT_GATEWAY, *(route_of(text).gateway for text in settings.PAYMENT_ROUTES)})
