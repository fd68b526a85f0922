"""One judge of CDRs, before money moves and after: `billing.plausibility` is told what is known of the charge."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from django.utils import timezone

from billing import plausibility, pricing
from billing.plausibility import Claimed, Doubt, Judgement, Known, Verdict
from billing.stored import cdr_of
from ocpi.models import Cdr, OcpiSession
from ocpi.versions import Invalid
from partners import clocks
from partners.agreed.policies import DEFAULTS
from sessions_adhoc.decide.session_facts import SESSION_OVER
from sessions_adhoc.models import AdHocSession, ChargingAttempt, Sample
from sessions_adhoc.money import estimating
from sessions_adhoc.money.offering import Offer

log = structlog.get_logger(__name__)
USUAL_CURRENCY = "EUR"
"""Of the default `max_price_per_kwh`: what is usual elsewhere only a policy can say."""


@dataclass(frozen=True)
class Seen:
    """What was seen of an attempt's charge: its Session, its newest sample, and how far the CPO's clock is ahead."""

    session: OcpiSession | None
    sample: Sample | None
    ahead: timedelta


def seen_of(attempt: ChargingAttempt, row: OcpiSession | None) -> Seen:
    """Read what was seen of an attempt, of which this is the valid OCPI session: the same for all CDRs of it."""
    ahead = clocks.offset_of(row.partner_id) if row else timedelta(0)
    return Seen(row, estimating.last_sample(attempt), ahead)


def judgement_of(session: AdHocSession, attempt: ChargingAttempt, cdr: Cdr, shown: Offer, seen: Seen) -> Judgement:
    """Return whether a CDR of this attempt can be true, and what the driver, who was shown this, pays for it."""
    claimed = _claimed(cdr, shown)
    judged = plausibility.judge(claimed, _gather_known(session, attempt, cdr, claimed, shown.of_cpo, seen))
    if shown.is_retail:
        return _at_our_price(session, attempt, cdr, shown, seen, judged)
    if shown.margin is None or judged.verdict is not Verdict.BILL:
        return judged
    offered, _charged = _price(shown, claimed, cdr, session, seen)
    if offered is None:
        return judged
    return replace(judged, pays=plausibility.agreed(shown.margin.on(judged.pays, claimed.energy), offered))


def _claimed(cdr: Cdr, shown: Offer) -> Claimed:
    return Claimed(
        id=cdr.ocpi_id,
        energy=cdr.total_energy,
        total=shown.gross_of(cdr),
        currency=cdr.currency,
        start=cdr.start_at,
        end=cdr.end_at,
    )


def _at_our_price(
    session: AdHocSession, attempt: ChargingAttempt, cdr: Cdr, shown: Offer, seen: Seen, asked: Judgement
) -> Judgement:
    """The driver pays our price for the CDR's energy and times, whatever the CDR asks. What it asks of us beyond the
    CPO's own tariff, as `asked` says, is a claim all the same."""
    claimed = replace(_claimed(cdr, shown), currency=session.currency)
    known = _gather_known(session, attempt, cdr, claimed, shown, seen)
    judged = plausibility.judge(replace(claimed, total=known.price), known)
    if judged.verdict is not Verdict.BILL or asked.verdict is not Verdict.BILL or cdr.currency != session.currency:
        return judged
    doubts = tuple(one for one in asked.doubts if one[0] is Doubt.OTHER_PRICE)
    return replace(judged, claim=asked.claim, doubts=(*judged.doubts, *doubts))


def _gather_known(
    session: AdHocSession, attempt: ChargingAttempt, cdr: Cdr, claimed: Claimed, shown: Offer, seen: Seen
) -> Known:
    ocpi_session, sample = seen.session, seen.sample
    metered = sample.kwh if sample else ocpi_session.kwh if ocpi_session else None
    over = ocpi_session is None or (_is_over(session, attempt, ocpi_session) and not _may_be_interim(session, cdr))
    start = ocpi_session.start_at if ocpi_session else None
    end = ocpi_session.end_at if ocpi_session and ocpi_session.status in SESSION_OVER else None
    told = shown if shown.tariff else shown.with_tariff_in(cdr)
    price, charged = _price(told, claimed, cdr, session, seen)
    return Known(
        metered=metered,
        reach=_reach(session, attempt, cdr, since=sample.at if sample else cdr.start_at, end=end or cdr.end_at),
        over=over,
        start=start,
        end=end,
        shift=_clock_moved(seen),
        price=price,
        charged=charged,
        carried=told.tariff.id if told.tariff and not shown.tariff else "",
        most_per_kwh=_most_per_kwh(session),
        place=_other_connector(session, cdr),
    )


def _is_over(session: AdHocSession, attempt: ChargingAttempt, row: OcpiSession) -> bool:
    """By its status, by the connector that is free again (rule 15), or because it is no longer heard of (rule 17)."""
    if row.status in SESSION_OVER or attempt.connector_fell_at is not None:
        return True
    silence = timedelta(seconds={**DEFAULTS, **session.policy}["silence_timeout"])
    return timezone.now() >= row.news_at + silence


def _may_be_interim(session: AdHocSession, cdr: Cdr) -> bool:
    """It came while the charge went on: the final one has until the second GET /cdrs to come (rule 27)."""
    ended_at = session.charging_ended_at
    if ended_at is None or cdr.created_at >= ended_at:
        return False
    borne = timedelta(seconds={**DEFAULTS, **session.policy}["cdr_timeout"])
    return timezone.now() < ended_at + 2 * borne


def _reach(
    session: AdHocSession, attempt: ChargingAttempt, cdr: Cdr, *, since: datetime, end: datetime
) -> Decimal | None:
    """kWh that the connector could deliver from `since` to `end`, and between our START and the CDR's arrival at most;
    None where its power is not known."""
    power = session.connector.max_kw if session.connector else None
    if power is None:
        return None
    ours = max(cdr.created_at - attempt.created_at, timedelta(0))
    seconds = min(max(end - since, timedelta(0)), ours).total_seconds()
    return Decimal(power) * Decimal(seconds) / 3600


def _clock_moved(seen: Seen) -> timedelta:
    """How far the CPO's clock has gone back since the Session began, by what was measured of it (rule 31)."""
    row = seen.session
    if row is None or row.start_at is None:
        return timedelta(0)
    return (row.start_at - row.first_seen_at) - seen.ahead


def _to_our_time(session: AdHocSession, cdr: Cdr, row: OcpiSession | None) -> tuple[timedelta, timedelta]:
    """How far its times are from when the driver charged, by zones and beyond them: no wrong clock turns a cheap hour
    into a dear one."""
    until = row.first_seen_at if row else cdr.created_at
    zone = plausibility.zone_between(cdr.start_at, session.created_at, until)
    return zone, plausibility.rest_between(cdr.start_at + zone, session.created_at, until)


def _price(
    shown: Offer, claimed: Claimed, cdr: Cdr, session: AdHocSession, seen: Seen
) -> tuple[Decimal | None, Decimal]:
    """What its own energy, periods and times cost by a tariff, gross, in our time; and how many hours that it calls
    parking are none by the meter, where that costs less."""
    by, rest = _to_our_time(session, cdr, seen.session)
    try:
        periods = plausibility.shift_periods(plausibility.believable(pricing.periods_of_cdr(cdr_of(cdr)), claimed), by)
        flows = _flows_of(session, seen) if any(period.volume("PARKING_TIME") for period in periods) else ()
        metered, charged = plausibility.parked_as_metered(periods, claimed.end + by, flows)
        cost = estimating.cheapest(shown, periods, rest)
        less = estimating.cheapest(shown, metered, rest) if charged else None
    except (Invalid, ValueError, ArithmeticError):
        log.exception("a CDR could not be priced", cdr=cdr.pk)
        return None, Decimal(0)
    if cost is None or cost.currency != session.currency:
        return None, Decimal(0)
    if less is None or less.incl is None or cost.incl is None or less.incl >= cost.incl:
        return cost.incl, Decimal(0)
    return less.incl, charged


def _flows_of(session: AdHocSession, seen: Seen) -> tuple[tuple[datetime, datetime], ...]:
    """When energy surely flowed by what the meter said, in our time."""
    readings = estimating.readings_of(session, seen.session) if seen.session else []
    most_kw = session.connector.max_kw if session.connector else None
    return plausibility.flowing(readings, None if most_kw is None else Decimal(most_kw))


def _most_per_kwh(session: AdHocSession) -> Decimal | None:
    """The policy's limit in the session's currency; the platform's default is meant in euros."""
    agreed = session.policy.get("max_price_per_kwh")
    if agreed is None or session.policy_sources.get("max_price_per_kwh", "default") == "default":
        return Decimal(str(DEFAULTS["max_price_per_kwh"])) if session.currency == USUAL_CURRENCY else None
    return Decimal(str(agreed))


def _other_connector(session: AdHocSession, cdr: Cdr) -> str:
    """The place that a CDR names, in words, where it is another connector than the attempt's; else "" (rule 7)."""
    evse = session.evse
    pairs = (
        ("location", cdr.location_id, evse.location.ocpi_id),
        ("EVSE", cdr.evse_uid, evse.uid),
        ("connector", _connector_in(cdr), session.connector_number),
    )
    for name, said, known in pairs:
        if said and known and said != "#NA" and said.lower() != known.lower():
            return f"{name} {said}"
    return ""


def _connector_in(cdr: Cdr) -> str:
    """The connector that a CDR names, or ""."""
    try:
        return str(cdr_of(cdr).cdr_location.connector_id or "")
    except (Invalid, ValueError):
        return ""
