"""Amounts of money: decimal units and integer minor units (ISO 4217)."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

# Currencies of ISO 4217 whose minor unit is not a hundredth.
_EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
# Quotients such as a third of an hour end in 28 digits: what they miss must not decide at the half.
_NOISE = Decimal("1e-12")
# A price, a tax and an amount of the wire have up to 15 digits each, and their product has its decimals too.
_WIDE = Context(prec=100)


def minor_exponent(currency: str) -> int:
    """How many decimals the currency's minor unit has: EUR 2, JPY 0, KWD 3.

    Any three letters not listed count as a hundredth, as all but a few currencies do. ValueError otherwise.
    """
    code = currency.upper()
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        raise ValueError(f"{currency!r} is no currency code of ISO 4217")
    return _EXPONENTS.get(code, 2)


def round_to(number: Decimal, unit: Decimal, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """The nearest multiple of a power of ten, also of numbers that are no real price: they are shown, not failed on."""
    return number.quantize(unit, rounding, _WIDE)


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the currency's minor unit: 2.345 EUR is 2.35, 2.5 JPY is 3."""
    return round_to(round_to(amount, _NOISE), _minor_unit(currency), ROUND_HALF_UP)


@lru_cache(maxsize=256)
def _minor_unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-minor_exponent(currency))


def to_minor(amount: Decimal, currency: str) -> int:
    """Minor units of a decimal amount, rounded half up: 12.345 EUR is 1235."""
    return int(round_money(amount, currency).scaleb(minor_exponent(currency)))


def from_minor(minor: int, currency: str) -> Decimal:
    """Decimal amount of minor units: 1235 in EUR is Decimal('12.35')."""
    return Decimal(minor).scaleb(-minor_exponent(currency))


def in_words(minor: int, currency: str) -> str:
    """Minor units as people read them: 1235 in EUR is `12.35 EUR`."""
    return money(from_minor(minor, currency), currency)


def money(amount: Decimal, currency: str) -> str:
    """The amount as people read it: `12.35 EUR`."""
    return f"{round_money(amount, currency)} {currency.upper()}"
