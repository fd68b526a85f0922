"""Amounts as Stripe counts them: not for every currency in the minor units of ISO 4217."""

from billing.pricing import minor_exponent

# Stripe's own list: without minor units by ISO, with two decimals there, the last two of which are zero.
# https://docs.stripe.com/currencies#special-cases
TWO_DECIMALS = frozenset({"ISK", "UGX"})
# By ISO with minor units, at Stripe without, or with three, of which the last has to be zero.
NOT_TAKEN = frozenset({"MGA", "BHD", "JOD", "KWD", "OMR", "TND", "IQD", "LYD"})
LEAST = {
    "CHF": 50,
    "CZK": 1500,
    "DKK": 250,
    "EUR": 50,
    "GBP": 30,
    "HUF": 17500,
    "NOK": 300,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "USD": 50,
}
"""The smallest charge, in minor units: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts"""
HUNDRED = 100


class NotTaken(Exception):
    """We take no payments in this currency through Stripe."""


def to_stripe(minor: int, currency: str) -> int:
    """Return our minor units as Stripe's. Raises NotTaken."""
    code = currency.upper()
    if code in NOT_TAKEN or minor_exponent(code) not in (0, 2):
        raise NotTaken(f"{code} is not taken through Stripe.")
    return minor * HUNDRED if code in TWO_DECIMALS else minor


def from_stripe(amount: int, currency: str) -> int:
    """Return Stripe's units as our minor ones; what is less than one is dropped."""
    return amount // HUNDRED if currency.upper() in TWO_DECIMALS else amount
