"""What the energy so far costs, by the published tariff. For the driver's eyes: the CDR decides (rule 26)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone

from billing import pricing
from ocpi.models import Cdr, Connector, Tariff
from ocpi.versions import VERSIONS
from sessions_adhoc.models import AdHocSession, Sample
from sessions_adhoc.shown import shown_to


def tariff_of(
    connector: Connector | None, at: datetime | None = None, *, unchanged: bool = False
) -> pricing.Tariff | None:
    """Return the tariff that applies to an ad-hoc driver at this connector, or None when none was published.

    Of several, one for ad-hoc payment wins over a regular one (OCPI 2.2.1 §11.4.8 TariffType).

    Args:
        at: the moment; by default now.
        unchanged: None also where the CPO has changed or withdrawn it since that moment.
    """
    if connector is None or not connector.tariff_ids:
        return None
    evse = connector.evse
    keys = [str(tariff_id).lower() for tariff_id in connector.tariff_ids]
    moment = at or timezone.now()
    rows = Tariff.objects.filter(partner_id=evse.partner_id, ocpi_key__in=keys)
    there = rows.filter(Q(deleted_at=None) | Q(deleted_at__gt=moment)) if unchanged else rows.filter(deleted_at=None)
    for row in sorted(there, key=_preference):
        tariff = _priced(row.raw, row.version)
        if tariff is not None and tariff.is_active(moment):
            return None if unchanged and row.last_updated > moment else tariff
    return None


def tariff_in(cdr: Cdr) -> pricing.Tariff | None:
    """Return the tariff that a CDR carries (OCPI 2.2.1 §10.3.1), or None where none does or it is not clear which."""
    raw = cdr.raw.get("tariffs")
    carried = [item for item in (raw if isinstance(raw, list) else [raw]) if isinstance(item, dict)]
    periods = [period for period in cdr.raw.get("charging_periods") or [] if isinstance(period, dict)]
    named = {str(period["tariff_id"]).lower() for period in periods if period.get("tariff_id")}
    if named:
        carried = [item for item in carried if str(item.get("id")).lower() in named]
    return _priced(carried[0], cdr.version) if len(carried) == 1 else None


def _preference(row: Tariff) -> tuple[int, int]:
    kinds = {"AD_HOC_PAYMENT": 0, None: 1, "REGULAR": 1}
    return kinds.get(row.raw.get("type"), 2), row.pk


def _priced(raw: dict[str, Any], version: str) -> pricing.Tariff | None:
    try:
        return pricing.tariff_from_wire(raw, vat_stated=VERSIONS[version].has_roles)
    except ValueError:
        return None


def cost_of(session: AdHocSession, periods: Sequence[pricing.ChargingPeriod]) -> pricing.Cost | None:
    """Return what charging periods cost by the tariff that the driver was shown, or None where none is known."""
    shown = shown_to(session)
    if shown.tariff is None:
        return None
    return pricing.price(shown.tariff, periods, zone=shown.zone, vat_if_unstated=shown.vat)


def estimate(session: AdHocSession, sample: Sample | None) -> int | None:
    """Return what was charged until this sample costs, VAT included, in minor units of the session's currency.

    None where the price, or the VAT on it, is not known.
    """
    if sample is None or sample.kwh is None:
        return None
    started = sample.ocpi_session.start_at or sample.attempt.created_at
    hours = Decimal(max((sample.at - started).total_seconds(), 0)) / 3600
    cost = cost_of(session, [pricing.ChargingPeriod(started, {"ENERGY": sample.kwh, "TIME": hours})])
    if cost is None or cost.incl is None or cost.currency != session.currency:
        return None
    return pricing.to_minor(cost.incl, session.currency)
