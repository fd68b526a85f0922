"""Stripe's events: the signature checked, and read for what they are about. What they say of money is not believed."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import stripe
from django.conf import settings
from django.utils import timezone

from billing.gateways.base import News, NotFromGateway

SIGNATURE = "stripe-signature"
NAMED = ("payment_intent", "charge", "latest_charge")
"""Fields by which refunds, disputes and charges name what they belong to."""

KEPT = frozenset(
    {
        *("id", "object", "type", "created", "api_version", "livemode", "data", "status", "amount", "currency"),
        *("amount_captured", "amount_capturable", "amount_received", "amount_refunded", "amount_total"),
        *("payment_intent", "charge", "latest_charge", "capture_method", "captured", "refunded", "disputed", "reason"),
        *("cancellation_reason", "canceled_at", "client_reference_id", "metadata", "mode", "payment_status"),
        *("expires_at", "failure_reason", "failure_code", "account", "previous_attributes", "is_charge_refundable"),
    }
)
"""What is kept of an event: what tells of money. Names, addresses, cards, secrets and links are not."""


def read(headers: Mapping[str, str], body: bytes) -> News:
    """Return what an event tells of. Each of the secrets may have signed it: while one is replaced there are two.

    Raises:
        NotFromGateway
    """
    _check(headers.get(SIGNATURE, ""), body)
    try:
        event = json.loads(body)
        about: dict[str, Any] = event["data"]["object"]
        return News(
            id=str(event["id"])[:255],
            kind=str(event["type"])[:64],
            at=datetime.fromtimestamp(int(event["created"]), UTC),
            references=tuple(dict.fromkeys(references_of(about))),
            payment=payment_of(about),
            body=kept({**event, "data": {"object": about}}),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError):
        raise NotFromGateway("This is no event that we can read.") from None


def _check(signature: str, body: bytes) -> None:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise NotFromGateway("This is no event that we can read.") from None
    for secret in settings.STRIPE_WEBHOOK_SECRET:
        try:
            stripe.WebhookSignature.verify_header(text, signature, secret, None)
        except (stripe.SignatureVerificationError, ValueError, IndexError):
            continue
        if _is_recent(signature):
            return
    raise NotFromGateway("The signature is missing, wrong, or too old.")


def _is_recent(signature: str) -> bool:
    """Whether it was signed a few minutes ago at most: Stripe signs each delivery anew, also of an old event."""
    stamp = next((part[2:] for part in signature.split(",") if part.startswith("t=")), "0")
    return abs(timezone.now().timestamp() - float(stamp)) <= stripe.Webhook.DEFAULT_TOLERANCE


def references_of(about: Mapping[str, Any]) -> Iterator[str]:
    """The names under which we may know what this is about."""
    for name in ("id", *NAMED):
        value = about.get(name)
        value = value.get("id") if isinstance(value, Mapping) else value
        if isinstance(value, str) and value:
            yield value[:255]


def payment_of(about: Mapping[str, Any]) -> str:
    """Our own id of the payment, as it was opened with."""
    metadata = about.get("metadata") or {}
    return str(metadata.get("payment") or about.get("client_reference_id") or "")[:36]


def kept(value: Any) -> Any:
    """The part of an event that is kept."""
    if isinstance(value, Mapping):
        return {name: part if name == "metadata" else kept(part) for name, part in value.items() if name in KEPT}
    return value if isinstance(value, str | int | float | bool) or value is None else None
