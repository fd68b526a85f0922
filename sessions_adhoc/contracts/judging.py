"""Whether a contract CDR can be true, and what of it we owe (rule 32): as of an ad-hoc driver's, by the same rules."""

from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any

import structlog

from billing import plans, plausibility, pricing
from billing.plausibility import Claimed, Judgement, Known, Verdict
from billing.stored import cdr_of
from billing.vat import rate_at
from ocpi.models import Cdr, Connector, OcpiSession
from ocpi.versions import Invalid
from partners.agreed.policies import DEFAULTS, effective_policy
from sessions_adhoc.contracts.receiving import evse_at
from sessions_adhoc.contracts.recognising import OVER
from sessions_adhoc.money.estimating import cheapest
from sessions_adhoc.money.offering import Offer, read

log = structlog.get_logger(__name__)
NONE = timedelta(0)
USUAL_CURRENCY = "EUR"


@dataclass(frozen=True)
class Priced:
    """What came of it, gross and in the CDR's currency: the judgement, the CDR's total, the price by the CPO's tariff,
    and what our own price plan comes to; each None where it is not known."""

    judged: Judgement
    asked: Decimal | None
    price: Decimal | None
    offered: Decimal | None


def price_and_judge(cdr: Cdr, row: OcpiSession | None, kept: dict[str, Any], *, late: bool) -> Priced:
    """Judge a CDR of a contract.

    Args:
        row: its Session, if it was told.
        kept: the offer that was frozen when the charge was first heard of; empty where the place was not known.
        late: no more of its Session is waited for.
    """
    shown = read(kept) if kept else _unknown_place(cdr)
    told = shown.of_cpo if shown.base else shown.with_tariff_in(cdr).of_cpo
    claimed = Claimed(cdr.ocpi_id, cdr.total_energy, shown.gross_of(cdr), cdr.currency, cdr.start_at, cdr.end_at)
    price = _price(told, cdr, claimed)
    judged = plausibility.judge(claimed, _known(cdr, row, price, carried=not shown.base, late=late))
    return Priced(judged, claimed.total, price, _offered(shown, cdr, claimed, judged))


def _unknown_place(cdr: Cdr) -> Offer:
    """What is known of a charge at a place that we were never told of: the VAT of the country in the CDR."""
    try:
        country = str(cdr_of(cdr).cdr_location.country or "")
    except (Invalid, ValueError):
        country = ""
    return Offer(None, rate_at(country, cdr.start_at.date()), False, UTC, country)


def _price(told: Offer, cdr: Cdr, claimed: Claimed) -> Decimal | None:
    try:
        periods = plausibility.believable(pricing.periods_of_cdr(cdr_of(cdr)), claimed)
        cost = cheapest(told, periods, NONE)
    except (Invalid, ValueError, ArithmeticError):
        log.exception("a contract's CDR could not be priced", cdr=cdr.pk)
        return None
    return cost.incl if cost is not None and cost.currency == cdr.currency else None


def _offered(shown: Offer, cdr: Cdr, claimed: Claimed, judged: Judgement) -> Decimal | None:
    """What our own price plan comes to for the CDR's energy and times."""
    if shown.kind == plans.Kind.PASS_THROUGH:
        return None
    if shown.margin is not None and judged.verdict is Verdict.BILL:
        return shown.margin.on(judged.pays, claimed.energy)
    return _price(shown, cdr, replace(claimed, currency=cdr.currency)) if shown.is_retail else None


def _known(cdr: Cdr, row: OcpiSession | None, price: Decimal | None, *, carried: bool, late: bool) -> Known:
    policy = effective_policy(cdr.partner_id, cdr.location_id, cdr.evse_uid)
    over = row is None or row.status in OVER or late
    return Known(
        metered=row.kwh if row else None,
        reach=_reach(cdr, row),
        over=over,
        start=row.start_at if row else None,
        end=row.end_at if row and row.status in OVER else None,
        price=price,
        carried="of the CDR" if carried and price is not None else "",
        most_per_kwh=_most_per_kwh(cdr, policy.values, policy.sources),
        place=_other_place(cdr, row),
    )


def _reach(cdr: Cdr, row: OcpiSession | None) -> Decimal | None:
    """kWh that the connector could deliver beyond what was metered, by the CDR's own times; None: not known."""
    power = _power_at(cdr)
    if power is None:
        return None
    since = row.last_updated if row and row.last_updated > cdr.start_at else cdr.start_at
    return Decimal(power) * Decimal(max(cdr.end_at - since, NONE).total_seconds()) / 3600


def _power_at(cdr: Cdr) -> Decimal | None:
    evse = evse_at(cdr.partner_id, cdr.location_id, cdr.evse_uid)
    known = Connector.objects.filter(evse=evse).exclude(max_kw=None) if evse else Connector.objects.none()
    return max((row.max_kw for row in known if row.max_kw is not None), default=None)


def _most_per_kwh(cdr: Cdr, values: dict[str, Any], sources: dict[str, str]) -> Decimal | None:
    if sources.get("max_price_per_kwh", "default") == "default":
        return Decimal(str(DEFAULTS["max_price_per_kwh"])) if cdr.currency == USUAL_CURRENCY else None
    return Decimal(str(values["max_price_per_kwh"]))


def _other_place(cdr: Cdr, row: OcpiSession | None) -> str:
    if row is None:
        return ""
    pairs = (("location", cdr.location_id, row.location_id), ("EVSE", cdr.evse_uid, row.evse_uid))
    for name, said, known in pairs:
        if said and known and "#NA" not in (said, known) and said.lower() != known.lower():
            return f"{name} {said}"
    return ""
