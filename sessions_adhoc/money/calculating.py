"""What a charge comes to by our own calculation: the offer, and what the meter said; no CDR (rules 21-23, 32, 35)."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from billing import plausibility, pricing
from billing.pricing import from_minor, money
from ocpi.models import OcpiSession
from partners.agreed.policies import DEFAULTS
from partners.ground.numbers import plain
from sessions_adhoc.decide import OwnFacts
from sessions_adhoc.models import AdHocSession, ChargingAttempt
from sessions_adhoc.money import estimating
from sessions_adhoc.money.offering import Offer

COMPLETED, INVALID = "COMPLETED", "INVALID"


def calculate(session: AdHocSession, attempt: ChargingAttempt, row: OcpiSession, offer: Offer) -> OwnFacts | None:
    """Return what the charge of an attempt costs by its meter values, and from when on that is taken without a CDR.

    None where nothing was metered, or no price is known; before that moment nothing is calculated. `row`: its valid
    OCPI session.
    """
    if session.charging_ended_at is None or offer.tariff is None:
        return None
    due_at = due(session.charging_ended_at, session, row, offer)
    if timezone.now() < due_at:
        return OwnFacts(None, "", due_at)
    sample = estimating.last_sample(attempt)
    cost = estimating.estimate(session, sample, offer)
    if sample is None or cost is None:
        return None
    kwh = sample.kwh or Decimal(0)
    if why := _why_doubted(session, attempt, row, kwh):
        return OwnFacts(None, why, due_at)
    amount = min(cost, session.amount)
    return OwnFacts(amount, _in_words(kwh, amount, session, offer), due_at)


def due(ended_at: datetime, session: AdHocSession, row: OcpiSession, offer: Offer) -> datetime:
    """When the driver is billed by our own calculation.

    Of a price of our own, as soon as the Session is told to its end; where it is not, after one more look for it. Else
    the CPO's bill is waited for.
    """
    policy = {**DEFAULTS, **session.policy}
    if not offer.is_retail:
        return ended_at + timedelta(seconds=policy["own_calculation_after"])
    wait = 0 if row.status == COMPLETED else policy["cdr_timeout"]
    return ended_at + timedelta(seconds=wait)


def _why_doubted(session: AdHocSession, attempt: ChargingAttempt, row: OcpiSession, kwh: Decimal) -> str:
    """Why the meter values cannot be billed by themselves, in words; "" where they can."""
    if row.status == INVALID:
        return "The CPO called the Session INVALID: it is not billed without a CDR."
    if not plausibility.agrees_in_energy(row.kwh, kwh):
        return f"The Session says {plain(row.kwh)} kWh, its last meter value was {plain(kwh)} kWh."
    reach = _reach(session, attempt)
    if reach is not None and not plausibility.can_be_delivered(kwh, reach):
        return f"The meter said {plain(kwh)} kWh, and the connector could deliver {reach:.3f} kWh in that time."
    return ""


def _reach(session: AdHocSession, attempt: ChargingAttempt) -> Decimal | None:
    """kWh that the connector can deliver from our START to the end as we knew of it; None: its power is not known."""
    power = session.connector.max_kw if session.connector else None
    if power is None or session.charging_ended_at is None:
        return None
    seconds = max(session.charging_ended_at - attempt.created_at, timedelta(0)).total_seconds()
    return Decimal(power) * Decimal(seconds) / 3600


def _in_words(kwh: Decimal, amount: int, session: AdHocSession, offer: Offer) -> str:
    price = money(from_minor(amount, session.currency), session.currency)
    why = "the price is ours" if offer.is_retail else "no CDR came in time"
    return f"Our own calculation, as {why}: {pricing.plain(kwh)} kWh metered, {price} by the offer."
