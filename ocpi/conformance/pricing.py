"""What a CDR should come to by its own tariff. Who can calculate that is a higher layer, and registers here."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from ocpi.models import Cdr


@dataclass(frozen=True)
class Priced:
    """A calculated total in the CDR's currency; None where taxes are not known. `words` tells how it came about."""

    net: Decimal | None
    gross: Decimal | None
    words: str


Calculator = Callable[[Cdr], Priced | None]
_calculators: list[Calculator] = []
on_price = _calculators.append


def priced(cdr: Cdr) -> Priced | None:
    """The first calculation that can be made; None where the CDR does not tell enough."""
    found = (calculate(cdr) for calculate in _calculators)
    return next((one for one in found if one is not None), None)
