"""The lines of a receipt and its VAT. Pure: costs in, minor units out, and they always come to the total.

Their words are kept in English, and said in the language of whoever reads the receipt.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext_noop

from billing.pricing import Cost, CostLine, Dimension, to_minor

HUNDRED = Decimal(100)
UNITS = {Dimension.ENERGY: "kWh", Dimension.TIME: "h", Dimension.PARKING_TIME: "h", Dimension.FLAT: ""}
WORDS = {
    Dimension.ENERGY: gettext_noop("Energy"),
    Dimension.TIME: gettext_noop("Charging time"),
    Dimension.PARKING_TIME: gettext_noop("Parking time"),
    Dimension.FLAT: gettext_noop("Fee per session"),
}
ROUNDING = gettext_noop("Rounding")
AS_BILLED = gettext_noop("Charging, as the operator billed it")
RESERVATION = gettext_noop("Reservation")


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `gross` in minor units; `quantity` and `unit_price` (gross) in text, "" where there is none; `rate` of
    VAT in percent and in text, None where it is not known."""

    what: str
    text: str
    gross: int
    rate: str | None
    quantity: str = ""
    unit: str = ""
    unit_price: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class VatLine:
    """All lines of one rate: `gross` is `net` and `vat` together, in minor units; both None for a rate not known."""

    rate: str | None
    net: int | None
    vat: int | None
    gross: int


def lines_of(cost: Cost | None, total: int, currency: str, rate: Decimal | None, why: str) -> list[Line]:
    """The lines that come to `total`, what the driver paid in minor units.

    `cost` is the charge by the price that was shown. Where that comes to something else, the difference is a line with
    the reason `why`, or one of rounding. Without it there is one line, at `rate` percent.
    """
    if cost is None or cost.currency != currency or not cost.lines or any(line.incl is None for line in cost.lines):
        return [Line("charging", AS_BILLED, total, _text(rate))]
    lines = [_line(one, currency) for one in cost.lines]
    rest = total - sum(line.gross for line in lines)
    if rest:
        largest = max(lines, key=lambda line: abs(line.gross))
        rounding = abs(rest) <= len(lines)
        lines.append(Line("rounding" if rounding else "difference", ROUNDING if rounding else why, rest, largest.rate))
    return lines


def _line(one: CostLine, currency: str) -> Line:
    incl = one.incl or Decimal(0)
    text = RESERVATION if one.reservation else WORDS[one.dimension]
    each = (incl / one.quantity).quantize(Decimal("0.0001"), ROUND_HALF_UP) if one.quantity else Decimal(0)
    return Line(
        one.dimension.value.lower(),
        text,
        to_minor(incl, currency),
        _text(one.vat),
        _plain(one.quantity.quantize(Decimal("0.001"), ROUND_HALF_UP)),
        UNITS[one.dimension],
        _plain(each),
    )


def given_back(lines: Sequence[Line], amount: int, text: str) -> list[Line]:
    """`amount` taken back of what these lines come to, in proportion to their rates of VAT: below zero each."""
    by_rate = _by_rate(lines)
    whole = sum(by_rate.values())
    parts = {rate: -(amount * gross // whole) for rate, gross in by_rate.items()}
    parts[max(by_rate, key=lambda rate: by_rate[rate])] -= amount + sum(parts.values())
    return [Line("given_back", text, part, rate) for rate, part in parts.items() if part]


def vat_of(lines: Iterable[Line]) -> list[VatLine]:
    """Net and VAT by rate, worked out of the gross sum, rounded half up."""
    found = []
    for rate, gross in sorted(_by_rate(lines).items(), key=lambda pair: Decimal(pair[0] or -1), reverse=True):
        if rate is None:
            found.append(VatLine(None, None, None, gross))
            continue
        share = Decimal(rate) / (HUNDRED + Decimal(rate))
        vat = int((abs(gross) * share).quantize(Decimal(1), ROUND_HALF_UP)) * (1 if gross >= 0 else -1)
        found.append(VatLine(rate, gross - vat, vat, gross))
    return found


def _by_rate(lines: Iterable[Line]) -> dict[str | None, int]:
    sums = defaultdict[str | None, int](int)
    for line in lines:
        sums[line.rate] += line.gross
    return dict(sums)


def _text(rate: Decimal | None) -> str | None:
    return None if rate is None else _plain(rate)


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
