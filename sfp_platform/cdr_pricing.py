"""What a CDR should come to by its own tariff and charging periods, for the connection check."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from billing import pricing
from ocpi.conformance.pricing import Priced
from ocpi.models import Cdr, Location
from ocpi.versions import VERSIONS, Invalid


def price_of(cdr: Cdr) -> Priced | None:
    """Calculate the total; None where the CDR does not carry the one tariff that all its periods are priced by."""
    version = VERSIONS[cdr.version]
    raw = _tariff(cdr.raw)
    if raw is None:
        return None
    try:
        tariff = pricing.tariff_from_wire(raw, vat_stated=version.has_roles)
        parsed = version.parse("cdr", cdr.raw, owner=(cdr.country_code, cdr.party_id)).obj
    except (ValueError, Invalid):
        return None
    cost = pricing.price(tariff, _periods(parsed.charging_periods), zone=_zone(cdr))
    return Priced(cost.excl, cost.incl, "; ".join(line.text for line in cost.lines))


def _tariff(raw: dict[str, Any]) -> dict[str, Any] | None:
    tariffs = [one for one in raw.get("tariffs") or [] if isinstance(one, dict)]
    periods = [one for one in raw.get("charging_periods") or [] if isinstance(one, dict)]
    named = {str(one["tariff_id"]).lower() for one in periods if one.get("tariff_id")}
    if len(named) > 1:
        return None
    fitting = [one for one in tariffs if not named or str(one.get("id", "")).lower() in named]
    return fitting[0] if len(fitting) == 1 else None


def _periods(periods: Sequence[Any]) -> list[pricing.ChargingPeriod]:
    return [
        pricing.ChargingPeriod(one.start_date_time, {part.type: part.volume for part in one.dimensions})
        for one in periods
    ]


def _zone(cdr: Cdr) -> tzinfo:
    place = Location.objects.filter(partner=cdr.partner_id, ocpi_key=cdr.location_id.lower()).first()
    return pricing.time_zone(place.time_zone if place else None)
