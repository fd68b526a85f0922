"""Amounts: decimals, rounded half up to the cent, VAT shown apart."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")
_HUNDRED = Decimal(100)


def cents(amount: Decimal) -> Decimal:
    """Round half up to two decimals: 0.125 becomes 0.13."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Price:
    """A cost with and without VAT, both rounded; ``vat`` in percent (OCPI 2.2.1 §16.5).

    Where no VAT is to be ``stated``, the wire says what it is without it, and no more.
    """

    excl_vat: Decimal
    incl_vat: Decimal
    vat: Decimal
    stated: bool = True

    @classmethod
    def of(cls, net: Decimal, vat: Decimal) -> "Price":
        """Both amounts are rounded from the same exact ``net``, never one from the other."""
        return cls(cents(net), cents(net * (_HUNDRED + vat) / _HUNDRED), vat)
