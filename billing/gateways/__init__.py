"""Payment gateways by name: a folder each, which has a `PaymentGateway`. `PAYMENT_GATEWAY` names the usual one."""

import pkgutil
from collections.abc import Callable
from functools import cache

from django.utils.module_loading import import_string

from billing.gateways.base import (
    Dispute,
    DriverAction,
    Gateway,
    GatewayAnswer,
    GatewayUnreachable,
    News,
    NotFromGateway,
    Opened,
    OpenRequest,
    Outcome,
    Question,
    Standing,
    Verb,
)

__all__ = [
    "Dispute",
    "DriverAction",
    "Gateway",
    "GatewayAnswer",
    "GatewayUnreachable",
    "News",
    "NotFromGateway",
    "OpenRequest",
    "Opened",
    "Outcome",
    "Question",
    "Standing",
    "Verb",
    "gateway_named",
    "gateway_names",
    "register_gateway",
    "unregister_gateway",
]

_registered: dict[str, Callable[[], Gateway]] = {}


@cache
def _folders() -> frozenset[str]:
    return frozenset(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def register_gateway(name: str, factory: Callable[[], Gateway] | str) -> None:
    """Make a gateway from elsewhere available as `name` (up to 32 characters). A string is a path, imported on use."""
    _registered[name] = factory if callable(factory) else lambda: import_string(factory)()


def unregister_gateway(name: str) -> None:
    """Undo `register_gateway`."""
    del _registered[name]


def gateway_named(name: str) -> Gateway:
    """Return the gateway called `name`; LookupError if there is none."""
    if name in _registered:
        return _registered[name]()
    if name not in _folders():
        raise LookupError(f"no payment gateway is called {name!r}; known: {', '.join(gateway_names())}")
    gateway: Gateway = import_string(f"{__name__}.{name}.PaymentGateway")()
    return gateway


def gateway_names() -> list[str]:
    """The names of all gateways, sorted."""
    return sorted(_folders() | _registered.keys())
