"""System checks: the configured payment gateways exist, and production does not pretend to take money."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

from billing.gateways import gateway_named, gateway_names
from billing.gateways.back_office import BackOffice
from billing.gateways.choosing import gateways_in_use
from partners.ground import signing


@checks.register()
def payment_gateways_are_known(**_kwargs: Any) -> list[checks.CheckMessage]:
    """`PAYMENT_GATEWAY` and `PAYMENT_ROUTES` name gateways that exist (E001)."""
    try:
        unknown = [name for name in gateways_in_use() if name not in gateway_names()]
    except ValueError as error:
        return [checks.Error(f"PAYMENT_ROUTES: {error}.", id="billing.E001")]
    return [
        checks.Error(
            f"PAYMENT_GATEWAY is {name!r}, which is no payment gateway."
            if name == settings.PAYMENT_GATEWAY
            else f"PAYMENT_ROUTES names {name!r}, which is no payment gateway.",
            hint=f"Use one of: {', '.join(gateway_names())}.",
            id="billing.E001",
        )
        for name in unknown
    ]


@checks.register(deploy=True)
def money_is_what_it_says(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Real money is taken in production (E002), and none while staging (E003)."""
    used = _used()
    real_ones = [name for name in used if name != "simulated" and not _only_pretends(name)]
    if settings.STAGING and real_ones:
        real = ", ".join(map(repr, real_ones))
        return [
            checks.Error(
                f"STAGING is on and payments go through {real}: every page would say that no real money is meant.",
                hint="Set PAYMENT_GATEWAY=simulated and no PAYMENT_ROUTES, a test key of Stripe, or STAGING=off.",
                id="billing.E003",
            )
        ]
    if settings.PRODUCTION and "simulated" in used and not settings.STAGING:
        return [
            checks.Error(
                "Payments go through the simulated gateway: no money is reserved or captured.",
                hint="Set PAYMENT_GATEWAY to a gateway that takes real money, or STAGING=on where none is meant.",
                id="billing.E002",
            )
        ]
    return []


@checks.register(deploy=True)
def stripe_is_stripe(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Where Stripe is used it has its secrets (E004); in production it is no stand-in (E005) and no test (E006)."""
    if "stripe" not in _used():
        return []
    found: list[checks.CheckMessage] = []
    if not settings.STRIPE_SECRET_KEY or not settings.STRIPE_WEBHOOK_SECRET:
        hint = "Both are in Stripe's dashboard: Developers, API keys; Developers, Webhooks, the endpoint's own page."
        found.append(checks.Error("STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET are not set.", hint, id="billing.E004"))
    if settings.PRODUCTION and settings.STRIPE_API_BASE:
        hint = "Unset it: no money is moved there."
        found.append(checks.Error("STRIPE_API_BASE points to a stand-in for Stripe.", hint, id="billing.E005"))
    if settings.PRODUCTION and not settings.STAGING and _only_pretends("stripe"):
        hint = "Set a live key, or STAGING=on where no real money is meant."
        found.append(checks.Error("STRIPE_SECRET_KEY is a test key: no money is moved.", hint, id="billing.E006"))
    return found


@checks.register(deploy=True)
def back_ends_can_be_trusted(**_kwargs: Any) -> list[checks.CheckMessage]:
    """A back end that is used has a URL and secrets (E007), and is called over https in production (E008)."""
    found: list[checks.CheckMessage] = []
    for name in _used():
        gateway = gateway_named(name) if name in gateway_names() else None
        if not isinstance(gateway, BackOffice):
            continue
        peer, prefix = gateway.peer(), name.upper()
        if not peer.url or not peer.secrets or not all(map(_is_secret, peer.secrets)):
            text = f"{prefix}_URL and {prefix}_SECRETS are not set, or hold no secrets of Standard Webhooks."
            hint = "A secret is whsec_ and base64 of 24 to 64 random bytes: `openssl rand -base64 32`."
            found.append(checks.Error(text, hint, id="billing.E007"))
        if settings.PRODUCTION and peer.url and urlsplit(peer.url).scheme.lower() != "https":
            text = f"{prefix}_URL is not https: payments are refused."
            found.append(checks.Error(text, "Give the URL that begins with https://.", id="billing.E008"))
    return found


def _is_secret(text: str) -> bool:
    try:
        return bool(signing.key_of(text))
    except ValueError:
        return False


def _only_pretends(name: str) -> bool:
    """Whether a gateway that moves money is used with a key that moves none."""
    if name != "stripe":
        return False
    from billing.gateways.stripe.calling import is_test_key  # Stripe's package: only where it is used

    return is_test_key(settings.STRIPE_SECRET_KEY)


def _used() -> list[str]:
    """The gateways in use; a route that cannot be read is E001's."""
    try:
        return gateways_in_use()
    except ValueError:
        return [settings.PAYMENT_GATEWAY]
