"""Amounts of money in the language that is spoken."""

from decimal import Decimal

from billing.pricing import from_minor, minor_exponent
from partners.ground import languages

SYMBOLS = {"EUR": "€", "GBP": "£", "CZK": "Kč", "PLN": "zł", "HUF": "Ft", "CHF": "CHF", "USD": "$"}


def amount(minor: int, currency: str) -> str:
    """Minor units with the currency's sign: `40.00 €`, never broken over two lines."""
    return f"{_plain(minor, currency)}{languages.NO_BREAK}{symbol(currency)}"


def in_words(minor: int, currency: str) -> str:
    """Minor units with the currency's code, as on documents: `12.35 EUR`, `1.234,50 EUR` in German."""
    return f"{_plain(minor, currency)} {currency.upper()}"


def unit_price(value: Decimal, currency: str) -> str:
    """A price per unit with two to four decimals: `0.5904 €`, never broken over two lines."""
    return f"{languages.number(value, 2, 4)}{languages.NO_BREAK}{symbol(currency)}"


def symbol(currency: str) -> str:
    return SYMBOLS.get(currency.upper(), currency.upper())


def _plain(minor: int, currency: str) -> str:
    return languages.number(from_minor(minor, currency), minor_exponent(currency))
