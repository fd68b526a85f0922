"""How much is reserved before charging, and in which currency: the page offers what the API accepts (rule 33)."""

from dataclasses import dataclass
from typing import Any

from billing.pricing import Tariff


@dataclass(frozen=True)
class Reservable:
    """To reserve by default, and at least, in minor units of the currency that the operator bills in.

    `choices`: the limits that a driver chooses from, smallest first; the default is one of them.
    """

    minor: int
    least: int
    currency: str
    choices: tuple[int, ...] = ()


def billing_currency(tariff: Tariff | None, policy: dict[str, Any]) -> str:
    """Return the currency that the operator bills in: a CDR in another one could not be captured by itself."""
    return str(tariff.currency if tariff else policy["reservation_currency"])


def reservable(tariff: Tariff | None, policy: dict[str, Any]) -> Reservable | None:
    """Return what is reserved at this charger, or None where the policy knows no amount in its currency."""
    currency, main = billing_currency(tariff, policy), policy["reservation_currency"]
    amounts = {**policy["reservation_amounts"], main: policy["reservation_amount"]}
    minor = amounts.get(currency)
    if minor is None:
        return None
    least = -(-policy["reservation_minimum"] * minor // policy["reservation_amount"])
    least = min(least, minor)
    return Reservable(minor, least, currency, _choices(policy, minor, least))


def _choices(policy: dict[str, Any], minor: int, least: int) -> tuple[int, ...]:
    """The limits to choose from: the policy's, in proportion to what is reserved by default in this currency."""
    usual = policy["reservation_amount"]
    agreed = policy.get("limit_choices") or [usual // 2, usual, 2 * usual]
    return tuple(sorted({minor, *(one for each in agreed if (one := each * minor // usual) >= least)}))
