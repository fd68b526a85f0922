"""What the charge so far costs by the tariff that was shown: what a CDR of this moment would come to (rule 35)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from billing import pricing
from billing.plausibility import rest_between, shift_periods, zone_between
from ocpi.models import OcpiSession
from ocpi.store import stamps
from ocpi.store.stamps import Stamp
from ocpi.versions import VERSIONS, Invalid
from sessions_adhoc.models import AdHocSession, ChargingAttempt, Sample
from sessions_adhoc.money.offering import Offer, offer_of

MOST_KW = Decimal(1000)
"""More than this no car is charged with."""


def estimate(session: AdHocSession, sample: Sample | None, shown: Offer | None = None) -> int | None:
    """Return what was charged until this sample costs, VAT included, in minor units of the session's currency.

    None where the price, or the VAT on it, is not known.

    Args:
        shown: what the driver was shown, where the caller has read it.
    """
    return _gross(cost_until(session, sample, shown))


def cost_until(session: AdHocSession, sample: Sample | None, shown: Offer | None = None) -> pricing.Cost | None:
    """The same, with its lines."""
    if sample is None or sample.kwh is None:
        return None
    shown = shown or offer_of(session)
    if shown.tariff is None or shown.tariff.currency != session.currency:
        return None
    row = sample.ocpi_session
    start, readings = _readings(session, row, _samples(row, sample))
    return cost_so_far(shown, start, readings, _told_periods(session, row), _rest(session, row, start))


def now_and_soon(session: AdHocSession, row: OcpiSession) -> tuple[int, int] | None:
    """Return what the charge costs by its newest sample, and what it will when the next is due, if its power stays.

    Minor units of the session's currency, VAT included. None where no sample came or no price is known.
    """
    shown = offer_of(session)
    if shown.tariff is None or shown.tariff.currency != session.currency:
        return None
    rows = _samples(row)
    if not rows:
        return None
    start, readings = _readings(session, row, rows)
    told, newest, rest = _told_periods(session, row), rows[-1], _rest(session, row, start)
    cost = price_so_far(shown, start, readings, told, rest)
    following = _next(readings[-1], _power_of(newest), session.policy["meter_interval"])
    soon = price_so_far(shown, start, [*readings, following], told, rest)
    return None if cost is None or soon is None else (cost, soon)


def _power_of(newest: Sample) -> Decimal:
    """The power now in kW: never more than any connector has. Some tell W, and two values that come together tell of
    none."""
    return min(max(newest.kw or Decimal(0), Decimal(0)), MOST_KW)


def _next(last: pricing.Reading, kw: Decimal, seconds: int) -> pricing.Reading:
    """The reading that the power now leads to."""
    return pricing.Reading(last.at + timedelta(seconds=seconds), last.kwh + kw * seconds / 3600, last.kw)


def price_so_far(
    shown: Offer,
    start: datetime,
    readings: Sequence[pricing.Reading],
    told: Sequence[pricing.ChargingPeriod],
    rest: timedelta = timedelta(0),
) -> int | None:
    """Return the gross price of a charge so far in minor units, or None where it is not known.

    `rest`: how far the times may be off; the lower price counts.
    """
    return _gross(cost_so_far(shown, start, readings, told, rest))


def _gross(cost: pricing.Cost | None) -> int | None:
    return None if cost is None or cost.incl is None else pricing.to_minor(cost.incl, cost.currency)


def cost_so_far(
    shown: Offer,
    start: datetime,
    readings: Sequence[pricing.Reading],
    told: Sequence[pricing.ChargingPeriod],
    rest: timedelta = timedelta(0),
) -> pricing.Cost | None:
    """The same with its lines: the lower one of two; None where either gross price is not known."""
    if shown.tariff is None:
        return None
    found = list[pricing.Cost]()
    for by in {timedelta(0), rest}:
        later = [replace(one, at=one.at + by) for one in readings]
        cost = shown.price(pricing.course(start + by, later, shift_periods(told, by), shown.tariff, shown.zone))
        if cost is None or cost.incl is None:
            return None
        found.append(cost)
    return min(found, key=lambda cost: cost.incl or Decimal(0))


def cheapest(shown: Offer, periods: Sequence[pricing.ChargingPeriod], rest: timedelta) -> pricing.Cost | None:
    """Return what charging periods cost as they are, or where their times are off by so much, whichever is lower."""
    found = [shown.price(shift_periods(periods, by)) for by in {timedelta(0), rest}]
    known = [cost for cost in found if cost is not None]
    return min(known, key=lambda cost: cost.incl or Decimal(0), default=None)


def periods_of(row: OcpiSession) -> tuple[pricing.ChargingPeriod, ...]:
    """Return the charging periods that the Session itself tells; none where it cannot be read any more."""
    try:
        told = VERSIONS[row.version].parse("session", row.raw, owner=(row.country_code, row.party_id)).obj
    except Invalid:
        return ()
    return pricing.periods_of(told.charging_periods)


def last_sample(attempt: ChargingAttempt) -> Sample | None:
    """The newest reading of an attempt that counts, in the order of arrival: a clock that jumped back dates the newer
    one earlier (rule 31)."""
    if attempt.pk is None:
        return None
    return Sample.objects.filter(attempt=attempt, ignored="").exclude(kwh=None).order_by("-id").first()


def readings_of(session: AdHocSession, row: OcpiSession) -> list[pricing.Reading]:
    """Return what the meter said of a Session, in our time; nothing where no sample came."""
    rows = _samples(row)
    return _readings(session, row, rows)[1] if rows else []


def _told_periods(session: AdHocSession, row: OcpiSession) -> tuple[pricing.ChargingPeriod, ...]:
    """The Session's own periods in our time, as its CDR will be judged."""
    told = periods_of(row)
    return shift_periods(told, _zone(session, row, row.start_at or told[0].start)) if told else told


def _rest(session: AdHocSession, row: OcpiSession, start: datetime) -> timedelta:
    return rest_between(start, session.created_at, row.first_seen_at)


def _zone(session: AdHocSession, row: OcpiSession, told: datetime) -> timedelta:
    return zone_between(told, session.created_at, row.first_seen_at)


def _samples(row: OcpiSession, until: Sample | None = None) -> list[Sample]:
    """The readings of a Session that count, in the order of arrival."""
    rows = Sample.objects.filter(ocpi_session=row, ignored="").exclude(kwh=None).order_by("pk")
    rows = rows.filter(pk__lte=until.pk) if until else rows
    return list(rows.only("at", "received_at", "kwh", "kw", "kw_derived"))


def _readings(
    session: AdHocSession, row: OcpiSession, rows: Sequence[Sample]
) -> tuple[datetime, list[pricing.Reading]]:
    """When charging began, and what the meter said since then, in our time.

    A clock that is set meanwhile changes no distance between two of them (rule 31).
    """
    previous = rows[0]
    start, at = min(row.start_at or previous.at, previous.at), previous.at
    by = _zone(session, row, start)
    start, at = start + by, at + by
    readings = list[pricing.Reading]()
    for one in rows:
        gone = stamps.apart(Stamp(previous.at, previous.received_at), Stamp(one.at, one.received_at))
        at, previous = at + max(gone, timedelta(0)), one
        readings.append(pricing.Reading(at, one.kwh or Decimal(0), None if one.kw_derived else one.kw))
    return start, readings
