"""What a driver is offered, frozen with the session: later changes are none of this charge's (rule 35).

An offer has two forms: JSON, as it is kept and hashed (`freeze`, `hash_of`), and `Offer`, as it is priced (`read`).
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

import structlog
from django.db.models import Exists, Q
from django.utils import timezone

from billing import plans, pricing
from billing.models import PricePlan
from billing.plans.retail import VERSION as OUR_VERSION
from billing.stored import cdr_of, tariff_carried_by, tariff_in, tariff_of
from billing.vat import rate_since
from ocpi.models import Cdr, Connector, Evse, Tariff
from ocpi.versions import Invalid
from partners.agreed.policies import most_plausible
from sessions_adhoc.models import AdHocSession

log = structlog.get_logger(__name__)
PRICED_BY = ("totals_include_vat", "max_price_per_kwh", "at_limit", "own_calculation_after")
"""The values of the policy that say what is paid, and by what it is calculated."""

BESIDE = ("limit",)
"""Kept with an offer and no part of the price: the driver may have more reserved without being offered anew."""


@dataclass(frozen=True)
class Offer:
    """What was shown. `vat` in percent, used where the wire states none; None where no rate is known.

    `includes_vat`: by policy, prices and totals that state no tax are gross already. `tariff` is what the driver pays
    by, and has that tax in it; it is None where the CPO published none, or one that we do not understand in full or
    cannot believe (`unreadable`), and no price of our own applies.

    `kind`: of the price plan. `base`: the CPO's own tariff with its tax. `margin`: what is on top of it.
    """

    tariff: pricing.Tariff | None
    vat: Decimal | None
    includes_vat: bool
    zone: tzinfo
    country: str
    unreadable: bool = False
    kind: str = plans.Kind.PASS_THROUGH.value
    base: pricing.Tariff | None = None
    margin: pricing.Margin | None = None

    @property
    def is_retail(self) -> bool:
        """The driver pays a price of our own, whatever the CPO asks."""
        return self.kind == plans.Kind.RETAIL

    @property
    def of_cpo(self) -> "Offer":
        """The same charge by the CPO's own tariff: what the CPO may ask of us."""
        return replace(self, tariff=self.base)

    def price(self, periods: Iterable[pricing.ChargingPeriod]) -> pricing.Cost | None:
        """Return what charging periods cost by what was shown, gross and net; None where no price was."""
        return pricing.price(self.tariff, periods, zone=self.zone) if self.tariff else None

    def price_of(self, cdr: Cdr) -> pricing.Cost | None:
        """Return what a CDR's own energy, periods and times cost by what was shown (rule 32): `incl` gross, `excl` net,
        in the tariff's currency.

        None where no price was shown, or the CDR cannot be priced.
        """
        try:
            return self.price(pricing.periods_of_cdr(cdr_of(cdr)))
        except (Invalid, ValueError, ArithmeticError):
            # What we cannot price we cannot doubt, and the session must come to its end.
            log.exception("a CDR could not be priced by the tariff that was shown", cdr=cdr.pk)
            return None

    def with_tariff_in(self, cdr: Cdr) -> "Offer":
        """Return it with the tariff that a CDR carries, for a charge for which none was shown."""
        carried = tariff_carried_by(cdr)
        if carried is None:
            return self
        taxed = pricing.fill_in_tax(carried, self.vat, included=self.includes_vat)
        return replace(self, tariff=taxed, base=taxed)

    def gross_of(self, cdr: Cdr) -> Decimal | None:
        """Return the total of a CDR with its taxes (rule 34); None where they are not known, never the net.

        Where the CDR states none: by agreement gross already, or with the rate that the shown tariff states, or with
        that of the charger's country.
        """
        if cdr.total_gross is not None or cdr.total_net is None:
            return cdr.total_gross
        rate = self._rate()
        if self.includes_vat or rate is None:
            return cdr.total_net if self.includes_vat else None
        return cdr.total_net * (100 + rate) / 100

    def _rate(self) -> Decimal | None:
        stated = pricing.rates_of(self.base) if self.base else set[Decimal | None]()
        return stated.pop() if len(stated) == 1 else self.vat


def freeze(evse: Evse, connector: Connector | None, policy: dict[str, Any]) -> dict[str, Any]:
    """Return what an ad-hoc driver is offered at this connector now, as `AdHocSession.offer` keeps it.

    `tariff` (the CPO's wire JSON as stored, or null), `version`, `party`, `vat` (percent in text, or null) and since
    when (`vat_since`, a date, or null), `includes_vat`, `time_zone`, `country` (as the Location names it),
    `most_per_kwh` (what a published kWh can cost, in text, or null), `plan` (kind and version of the price plan),
    `policy` (the values that say what is paid), `currency`, `lines` (the price in words, in English).
    """
    row = tariff_row(connector)
    place = evse.location
    zone = pricing.time_zone(place.time_zone or None)
    country = place.country or place.country_code
    vat = rate_since(country, timezone.now().astimezone(zone).date())
    most = most_plausible(policy, row.currency) if row else None
    kept = {
        "tariff": row.raw if row else None,
        "version": row.version if row else "",
        "party": [row.country_code, row.party_id] if row else [],
        "vat": None if vat is None else f"{vat[0]:f}",
        "vat_since": None if vat is None else vat[1].isoformat(),
        "includes_vat": bool(policy.get("totals_include_vat")),
        "time_zone": place.time_zone,
        "country": country,
        "most_per_kwh": None if most is None else f"{most:f}",
        "plan": plans.as_kept(_plan_at(evse, connector, row)),
        "policy": {name: policy[name] for name in PRICED_BY},
    }
    tariff = read(kept).tariff
    currency = tariff.currency if tariff else policy["reservation_currency"]
    return {**kept, "currency": currency, "lines": [pricing.describe(tariff)] if tariff else []}


def _plan_at(evse: Evse, connector: Connector | None, row: Tariff | None) -> PricePlan | None:
    """The price plan that applies. Whether there is any was asked with the tariff."""
    if row is not None and not getattr(row, "is_planned", True):
        return None
    return plans.plan_for(place_of(evse, connector, row.currency if row else ""))


def hash_of(kept: dict[str, Any]) -> str:
    """Return the SHA-256, in hex, of an offer's canonical JSON: sorted keys, no spaces, UTF-8.

    The same price has the same hash whenever and in whatever language it was looked at. The limit is no part of it.
    """
    told = {name: value for name, value in kept.items() if name not in BESIDE}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def current_offer(evse: Evse, connector: Connector | None, policy: dict[str, Any]) -> Offer:
    """Return what an ad-hoc driver is shown at this connector now."""
    return read(freeze(evse, connector, policy))


def read(kept: dict[str, Any]) -> Offer:
    """Return what `freeze` kept as pricing understands it."""
    vat = None if kept["vat"] is None else Decimal(kept["vat"])
    published = bool(kept["tariff"])
    most = kept.get("most_per_kwh")
    believed = Decimal(most) if most is not None else None
    tariff = tariff_in(kept["tariff"], kept["version"], tuple(kept["party"]), believed) if published else None
    readable = tariff is not None and not tariff.unreadable
    base = pricing.fill_in_tax(tariff, vat, included=kept["includes_vat"]) if tariff and readable else None
    plan = kept.get("plan") or plans.as_kept(None)
    offer = Offer(
        tariff=base,
        vat=vat,
        includes_vat=kept["includes_vat"],
        zone=pricing.time_zone(kept["time_zone"] or None),
        country=kept["country"],
        unreadable=published and not readable,
        kind=plan["kind"],
        base=base,
    )
    return _by_plan(offer, plan)


def _by_plan(offer: Offer, plan: dict[str, Any]) -> Offer:
    """What the plan makes of the CPO's tariff; a margin on a price that nobody was shown is none."""
    if offer.is_retail:
        ours = tariff_in(plan["tariff"], OUR_VERSION, ("SK", "SFP"))
        if ours is None:
            raise ValueError(f"price plan {plan['id']} cannot be read")
        return replace(offer, tariff=pricing.fill_in_tax(ours, offer.vat), unreadable=False)
    if plan["kind"] != plans.Kind.MARGIN or offer.base is None:
        return offer
    margin = pricing.Margin(Decimal(plan["percent"]), Decimal(plan["per_kwh"]))
    return replace(offer, tariff=margin.on_tariff(offer.base), margin=margin)


def place_of(evse: Evse, connector: Connector | None, currency: str) -> plans.Place:
    """Return what a price plan is chosen by at a connector."""
    return plans.Place(
        partner_id=evse.partner_id,
        location_id=evse.location.ocpi_id,
        is_dc=connector.is_dc if connector else None,
        kw=connector.max_kw if connector else None,
        currency=currency,
    )


def offer_of(session: AdHocSession) -> Offer:
    """Return what the driver of this session was offered; for a session older than this record, what is now."""
    return read(session.offer or freeze(session.evse, session.connector, session.policy))


def tariff_row(connector: Connector | None, at: datetime | None = None) -> Tariff | None:
    """Return the tariff that applies to an ad-hoc driver at this connector, or None when none was published.

    Of several, one for ad-hoc payment wins over a regular one (OCPI 2.2.1 §11.4.8 TariffType).
    """
    if connector is None or not connector.tariff_ids:
        return None
    keys = [str(tariff_id).lower() for tariff_id in connector.tariff_ids]
    moment = at or timezone.now()
    partner_id = connector.evse.partner_id
    planned = Exists(plans.valid_plans(partner_id, moment))
    rows = Tariff.objects.filter(partner_id=partner_id, ocpi_key__in=keys).annotate(is_planned=planned)
    there = rows.filter(Q(deleted_at=None) | Q(deleted_at__gt=moment))
    return next((row for row in sorted(there, key=_preference) if _is_active(row, moment)), None)


def _preference(row: Tariff) -> tuple[int, int]:
    kinds = {"AD_HOC_PAYMENT": 0, None: 1, "REGULAR": 1}
    return kinds.get(row.raw.get("type"), 2), row.pk


def _is_active(row: Tariff, at: datetime) -> bool:
    tariff = tariff_of(row)
    return tariff is None or tariff.is_active(at)
