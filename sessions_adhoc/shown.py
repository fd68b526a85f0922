"""The tariff that a driver was shown, frozen with the session: later changes are none of this charge's (rule 35)."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone

from billing import pricing
from billing.vat import rate_at
from ocpi.models import Connector, Evse, Tariff
from ocpi.versions import VERSIONS
from sessions_adhoc.models import AdHocSession


@dataclass(frozen=True)
class Shown:
    """What was shown. `vat` in percent, used where the wire states none; None where no rate is known.

    `includes_vat`: by policy, prices and totals that state no tax are gross already. `tariff` is None where the CPO
    published none, or one that cannot be read at all.
    """

    tariff: pricing.Tariff | None
    vat: Decimal | None
    includes_vat: bool
    zone: tzinfo
    country: str


def freeze(evse: Evse, connector: Connector | None, policy: dict[str, Any]) -> dict[str, Any]:
    """Return what an ad-hoc driver is shown at this connector now, as `AdHocSession.shown_tariff` keeps it.

    `tariff` (wire JSON as stored, or null), `version`, `party`, `vat` (percent in text, or null), `includes_vat`,
    `time_zone`, `country` (as the Location names it).
    """
    row = tariff_row(connector)
    place = evse.location
    zone = pricing.time_zone(place.time_zone or None)
    country = place.country or place.country_code
    vat = rate_at(country, timezone.now().astimezone(zone).date())
    return {
        "tariff": row.raw if row else None,
        "version": row.version if row else "",
        "party": [row.country_code, row.party_id] if row else [],
        "vat": None if vat is None else f"{vat:f}",
        "includes_vat": bool(policy.get("totals_include_vat")),
        "time_zone": place.time_zone,
        "country": country,
    }


def read(kept: dict[str, Any]) -> Shown:
    """Return what `freeze` kept as pricing understands it."""
    vat = None if kept["vat"] is None else Decimal(kept["vat"])
    return Shown(
        tariff=_priced(kept, vat) if kept["tariff"] else None,
        vat=vat,
        includes_vat=kept["includes_vat"],
        zone=pricing.time_zone(kept["time_zone"] or None),
        country=kept["country"],
    )


def shown_to(session: AdHocSession) -> Shown:
    """Return what the driver of this session was shown; for a session older than this record, what is shown now."""
    return read(session.shown_tariff or freeze(session.evse, session.connector, session.policy))


def tariff_row(connector: Connector | None, at: datetime | None = None) -> Tariff | None:
    """Return the tariff that applies to an ad-hoc driver at this connector, or None when none was published.

    Of several, one for ad-hoc payment wins over a regular one (OCPI 2.2.1 §11.4.8 TariffType).
    """
    if connector is None or not connector.tariff_ids:
        return None
    keys = [str(tariff_id).lower() for tariff_id in connector.tariff_ids]
    moment = at or timezone.now()
    rows = Tariff.objects.filter(partner_id=connector.evse.partner_id, ocpi_key__in=keys)
    there = rows.filter(Q(deleted_at=None) | Q(deleted_at__gt=moment))
    return next((row for row in sorted(there, key=_preference) if _is_active(row, moment)), None)


def _preference(row: Tariff) -> tuple[int, int]:
    kinds = {"AD_HOC_PAYMENT": 0, None: 1, "REGULAR": 1}
    return kinds.get(row.raw.get("type"), 2), row.pk


def _is_active(row: Tariff, at: datetime) -> bool:
    tariff = _tariff(row.raw, row.version)
    return tariff is not None and tariff.is_active(at)


def _priced(kept: dict[str, Any], vat: Decimal | None) -> pricing.Tariff | None:
    return _tariff(kept["tariff"], kept["version"])


def _tariff(raw: dict[str, Any], version: str) -> pricing.Tariff | None:
    try:
        return pricing.tariff_from_wire(raw, vat_stated=VERSIONS[version].has_roles)
    except ValueError:
        return None
