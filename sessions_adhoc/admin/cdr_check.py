"""A CDR's total beside what we make of it: its charging periods, priced by its tariff."""

from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.pricing import money
from billing.stored import price_by_its_own_tariff
from ocpi.models import Cdr, Tariff

# A cent of rounding is nobody's mistake.
TOLERANCE = Decimal("0.01")


@dataclass(frozen=True)
class Check:
    """Theirs, ours and the difference, as text; `why` where nothing can be calculated."""

    rows: tuple[tuple[str, str, str, str, bool], ...] = ()
    lines: tuple[str, ...] = ()
    tariff: str = ""
    differs: bool = False
    why: str = ""


def check(cdr: Cdr) -> Check:
    """Calculate the total anew. By the tariff in the CDR; where it has none, by the one of that name that we hold."""
    if cdr.credit:
        return Check(why="A credit CDR takes back what another one said: there is nothing to calculate.")
    priced, source = price_by_its_own_tariff(cdr), "the tariff in the CDR"
    if priced is None:
        stored = _stored_tariff(cdr)
        if stored is None:
            return Check(why="The CDR carries no single tariff, and we hold none of that name.")
        priced, source = (
            price_by_its_own_tariff(_with_tariff(cdr, stored)),
            f"tariff {stored.ocpi_id}, as we hold it now",
        )
    if priced is None:
        return Check(why="Its tariff or its charging periods cannot be read.")
    rows = (
        _row("Total, VAT included", cdr.total_gross, priced.gross, cdr.currency),
        _row("Total, without VAT", cdr.total_net, priced.net, cdr.currency),
    )
    shown = tuple(row for row in rows if row[1] != "-" or row[2] != "-")
    return Check(shown, tuple(priced.words.split("; ")) if priced.words else (), source, any(row[4] for row in shown))


def _row(name: str, theirs: Decimal | None, ours: Decimal | None, currency: str) -> tuple[str, str, str, str, bool]:
    known = theirs is not None and ours is not None
    difference = (theirs or Decimal(0)) - (ours or Decimal(0)) if known else Decimal(0)
    said = f"{'+' if difference > 0 else ''}{difference.quantize(TOLERANCE)}" if known else "-"
    return name, _money(theirs, currency), _money(ours, currency), said, abs(difference) > TOLERANCE


def _money(value: Decimal | None, currency: str) -> str:
    if value is None:
        return "-"
    try:
        return str(money(value, currency))
    except ValueError:
        return f"{value} {currency}"


def _stored_tariff(cdr: Cdr) -> Tariff | None:
    """The only tariff that its periods name. OCPI 2.2.1 §10.3.1: `tariffs` may be left out where it was free."""
    periods: list[Any] = cdr.raw.get("charging_periods") or []
    named = {str(one.get("tariff_id")).lower() for one in periods if isinstance(one, dict) and one.get("tariff_id")}
    if len(named) != 1:
        return None
    return Tariff.objects.filter(partner=cdr.partner_id, ocpi_key=named.pop()).first()


def _with_tariff(cdr: Cdr, tariff: Tariff) -> Cdr:
    """The CDR as if it had carried the tariff. Never saved."""
    other = copy(cdr)
    other.raw = {**cdr.raw, "tariffs": [tariff.raw]}
    return other
