"""How much is reserved before charging, and in which currency: the page offers what the API accepts (rule 33)."""

from dataclasses import dataclass
from typing import Any

from billing.pricing import Tariff


@dataclass(frozen=True)
class Offer:
    """To reserve by default, and at least, in minor units of the currency that the operator bills in."""

    minor: int
    least: int
    currency: str


def billing_currency(tariff: Tariff | None, policy: dict[str, Any]) -> str:
    """Return the currency that the operator bills in: a CDR in another one could not be captured by itself."""
    return str(tariff.currency if tariff else policy["reservation_currency"])


def offer(tariff: Tariff | None, policy: dict[str, Any]) -> Offer | None:
    """Return what is reserved at this charger, or None where the policy knows no amount in its currency."""
    currency, main = billing_currency(tariff, policy), policy["reservation_currency"]
    amounts = {**policy["reservation_amounts"], main: policy["reservation_amount"]}
    minor = amounts.get(currency)
    if minor is None:
        return None
    least = -(-policy["reservation_minimum"] * minor // policy["reservation_amount"])
    return Offer(minor, min(least, minor), currency)
