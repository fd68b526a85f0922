"""Payment gateways by name. `PAYMENT_GATEWAY` names the one that new authorizations use."""

from collections.abc import Callable

from django.utils.module_loading import import_string

from billing.gateways.base import Gateway, GatewayAnswer, GatewayUnreachable, Outcome

__all__ = [
    "Gateway",
    "GatewayAnswer",
    "GatewayUnreachable",
    "Outcome",
    "gateway_named",
    "gateway_names",
    "register_gateway",
    "unregister_gateway",
]

_factories: dict[str, Callable[[], Gateway]] = {}


def register_gateway(name: str, factory: Callable[[], Gateway] | str) -> None:
    """Make a gateway available as `name` (up to 32 characters). A string is a path, imported on use."""
    _factories[name] = factory if callable(factory) else lambda: import_string(factory)()


def unregister_gateway(name: str) -> None:
    """Undo `register_gateway`."""
    del _factories[name]


def gateway_named(name: str) -> Gateway:
    """Return the gateway called `name`; LookupError if there is none."""
    if name not in _factories:
        raise LookupError(f"no payment gateway is called {name!r}; known: {', '.join(gateway_names())}")
    return _factories[name]()


def gateway_names() -> list[str]:
    """The names of all gateways, sorted."""
    return sorted(_factories)


register_gateway("simulated", "billing.gateways.simulated.SimulatedGateway")
