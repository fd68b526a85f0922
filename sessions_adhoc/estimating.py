"""What the energy so far costs, by the tariff that was shown. For the driver's eyes: the CDR decides (rule 26)."""

from decimal import Decimal

from billing import pricing
from sessions_adhoc.models import AdHocSession, Sample
from sessions_adhoc.shown import shown_to


def estimate(session: AdHocSession, sample: Sample | None) -> int | None:
    """Return what was charged until this sample costs, VAT included, in minor units of the session's currency.

    None where the price, or the VAT on it, is not known.
    """
    if sample is None or sample.kwh is None:
        return None
    started = sample.ocpi_session.start_at or sample.attempt.created_at
    hours = Decimal(max((sample.at - started).total_seconds(), 0)) / 3600
    cost = shown_to(session).price([pricing.ChargingPeriod(started, {"ENERGY": sample.kwh, "TIME": hours})])
    if cost is None or cost.incl is None or cost.currency != session.currency:
        return None
    return pricing.to_minor(cost.incl, session.currency)
