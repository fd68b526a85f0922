"""Stored wire objects as pricing sees them, and what a CDR comes to by the tariff that it carries."""

from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from typing import Any

from billing import pricing
from ocpi.models import Cdr, Location, Tariff
from ocpi.versions import VERSIONS, Invalid
from ocpi.versions.v2_2_1 import cdrs as wire


@dataclass(frozen=True)
class Priced:
    """A calculated total in the CDR's currency; None where taxes are not known. `words` tells how it came about."""

    net: Decimal | None
    gross: Decimal | None
    words: str


def tariff_of(row: Tariff) -> pricing.Tariff | None:
    """Return a stored tariff, or None where it cannot be read at all."""
    return tariff_in(row.raw, row.version, (row.country_code, row.party_id))


def tariff_in(
    raw: dict[str, Any], version: str, owner: tuple[str, str], most_per_kwh: Decimal | None = None
) -> pricing.Tariff | None:
    """Return the tariff that this JSON of a version is, or None where it cannot be read at all."""
    try:
        return pricing.tariff_of(VERSIONS[version].parse("tariff", raw, owner=owner).obj, most_per_kwh)
    except (Invalid, ValueError):
        return None


def cdr_of(row: Cdr) -> wire.CDR:
    """Return a stored CDR as its wire model. Raises Invalid where it cannot be read any more."""
    found: wire.CDR = VERSIONS[row.version].parse("cdr", row.raw, owner=(row.country_code, row.party_id)).obj
    return found


def tariff_carried_by(row: Cdr) -> pricing.Tariff | None:
    """Return the one tariff that a CDR carries for all its periods, or None where it does not or it cannot be read."""
    try:
        found = pricing.carried_tariff(cdr_of(row))
    except (Invalid, ValueError):
        return None
    return None if found is None or found.unreadable else found


def price_by_its_own_tariff(row: Cdr) -> Priced | None:
    """Calculate a CDR's total, for the connection check; None where it does not carry the one tariff that prices it."""
    tariff = tariff_carried_by(row)
    if tariff is None:
        return None
    cost = pricing.price(tariff, pricing.periods_of_cdr(cdr_of(row)), zone=_zone(row))
    return Priced(cost.excl, cost.incl, "; ".join(line.text for line in cost.lines))


def _zone(cdr: Cdr) -> tzinfo:
    place = Location.objects.filter(partner=cdr.partner_id, ocpi_key=cdr.location_id.lower()).first()
    return pricing.time_zone(place.time_zone if place else None)
