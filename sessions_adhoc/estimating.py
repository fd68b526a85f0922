"""What the charge so far costs by the tariff that was shown: what a CDR of this moment would come to (rule 35)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from billing import pricing
from ocpi.models import OcpiSession
from ocpi.store import stamps
from ocpi.store.stamps import Stamp
from ocpi.versions import VERSIONS, Invalid
from sessions_adhoc.models import AdHocSession, Sample
from sessions_adhoc.shown import Shown, shown_to


def estimate(session: AdHocSession, sample: Sample | None) -> int | None:
    """Return what was charged until this sample costs, VAT included, in minor units of the session's currency.

    None where the price, or the VAT on it, is not known.
    """
    if sample is None or sample.kwh is None:
        return None
    shown = shown_to(session)
    if shown.tariff is None or shown.tariff.currency != session.currency:
        return None
    start, readings = _readings(sample)
    return priced(shown, start, readings, periods_of(sample.ocpi_session))


def priced(
    shown: Shown, start: datetime, readings: Sequence[pricing.Reading], told: Sequence[pricing.ChargingPeriod]
) -> int | None:
    """Return the gross price of a charge so far in minor units, or None where it is not known."""
    if shown.tariff is None:
        return None
    cost = shown.price(pricing.course(start, readings, told, shown.tariff, shown.zone))
    return None if cost is None or cost.incl is None else pricing.to_minor(cost.incl, cost.currency)


def periods_of(row: OcpiSession) -> tuple[pricing.ChargingPeriod, ...]:
    """Return the charging periods that the Session itself tells; none where it cannot be read any more."""
    try:
        told = VERSIONS[row.version].parse("session", row.raw, owner=(row.country_code, row.party_id)).obj
    except Invalid:
        return ()
    return pricing.periods_of(told.charging_periods)


def _readings(newest: Sample) -> tuple[datetime, list[pricing.Reading]]:
    """When charging began, and what the meter said since then until a sample, in the order of arrival.

    A clock that is set meanwhile changes no distance between two of them (rule 31).
    """
    rows = list(
        Sample.objects.filter(ocpi_session=newest.ocpi_session_id, ignored="", pk__lte=newest.pk)
        .exclude(kwh=None)
        .order_by("pk")
        .only("at", "received_at", "kwh", "kw", "kw_derived")
    )
    first = rows[0] if rows else newest
    start = min(newest.ocpi_session.start_at or first.at, first.at)
    at, readings, previous = first.at, list[pricing.Reading](), first
    for row in rows:
        gone = stamps.apart(Stamp(previous.at, previous.received_at), Stamp(row.at, row.received_at))
        at, previous = at + max(gone, timedelta(0)), row
        readings.append(pricing.Reading(at, row.kwh, None if row.kw_derived else row.kw))  # type: ignore[arg-type]
    return start, readings
