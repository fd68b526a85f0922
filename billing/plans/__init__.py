"""Price plans: which one applies to a connector, and why; what of it is frozen with an offer.

The most specific plan wins: its location, else its partner, else AC or DC, else a range of power; of several that are
as specific the one that became valid last. Where none applies, drivers pay what the operator's tariff says.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from billing.models import PricePlan
from billing.plans.retail import tariff_json

Kind = PricePlan.Kind


@dataclass(frozen=True)
class Place:
    """What a plan is chosen by. `currency`: of the operator's tariff; empty where there is none."""

    partner_id: int
    location_id: str
    is_dc: bool | None
    kw: Decimal | None
    currency: str


@dataclass(frozen=True)
class Weighed:
    """A plan that was looked at, and why it does not apply; "" where it does or would."""

    plan: PricePlan
    why_not: str


def plan_for(place: Place, at: datetime | None = None) -> PricePlan | None:
    """Return the plan that applies at a connector, or None: the operator's tariff as it is."""
    return next((one.plan for one in weigh(place, at) if not one.why_not), None)


def weigh(place: Place, at: datetime | None = None) -> list[Weighed]:
    """Return the plans that could apply, the one that does first, each with why not. One query."""
    looked = [Weighed(plan, _why_not(plan, place)) for plan in _newest(valid_plans(place.partner_id, at))]
    looked.sort(key=lambda one: _rank(one.plan), reverse=True)
    return sorted(looked, key=lambda one: bool(one.why_not))


def valid_plans(partner_id: int, at: datetime | None = None) -> QuerySet[PricePlan]:
    """Return the plans that are valid at some of a partner's connectors; not read yet."""
    moment = at or timezone.now()
    mine = Q(partner=None) | Q(partner_id=partner_id)
    return PricePlan.objects.filter(mine, valid_from__lte=moment).exclude(valid_until__lte=moment)


def _newest(plans: Iterable[PricePlan]) -> list[PricePlan]:
    """Of each name the newest version that is valid: it replaces those before it."""
    found = dict[str, PricePlan]()
    for plan in sorted(plans, key=lambda one: one.version):
        found[plan.name] = plan
    return list(found.values())


def _why_not(plan: PricePlan, place: Place) -> str:
    if plan.location_id and plan.location_id.lower() != place.location_id.lower():
        return "another location"
    if plan.power_type and place.is_dc is not (plan.power_type == PricePlan.Current.DC):
        return f"not {plan.power_type}"
    if not _has_power(plan, place.kw):
        return "another power"
    if plan.kind == Kind.MARGIN and plan.currency and plan.currency != place.currency:
        return "the operator's tariff is in another currency"
    return ""


def _has_power(plan: PricePlan, kw: Decimal | None) -> bool:
    if kw is None:
        return plan.min_kw is None and plan.max_kw is None
    return (plan.min_kw is None or kw >= plan.min_kw) and (plan.max_kw is None or kw < plan.max_kw)


def _rank(plan: PricePlan) -> tuple[Any, ...]:
    ranged = plan.min_kw is not None or plan.max_kw is not None
    return (
        bool(plan.location_id),
        plan.partner_id is not None,
        bool(plan.power_type),
        ranged,
        plan.valid_from,
        plan.version,
        plan.pk,
    )


def as_kept(plan: PricePlan | None) -> dict[str, Any]:
    """Return what an offer keeps of a plan: `kind`, and of a plan its `id`, `name`, `version` and prices.

    Of a margin `percent` and `per_kwh` (text, gross); of a retail plan `tariff`, as OCPI 2.3.0's JSON.
    """
    if plan is None:
        return {"kind": Kind.PASS_THROUGH.value}
    kept: dict[str, Any] = {"kind": plan.kind, "id": plan.pk, "name": plan.name, "version": plan.version}
    if plan.kind == Kind.MARGIN:
        kept["percent"] = f"{plan.margin_percent or Decimal(0):f}"
        kept["per_kwh"] = f"{plan.margin_per_kwh or Decimal(0):f}"
    elif plan.kind == Kind.RETAIL:
        kept["tariff"] = tariff_json(plan)
    return kept


def is_retail(kept: dict[str, Any]) -> bool:
    """Whether an offer, as it is kept, is at a price of our own."""
    return bool((kept.get("plan") or {}).get("kind") == Kind.RETAIL)


def note_taken(kept: dict[str, Any], at: datetime) -> None:
    """A driver begins to charge by what was kept of a plan: from now on that version stays as it is."""
    if "id" in kept:
        PricePlan.objects.filter(pk=kept["id"], used_at=None).update(used_at=at)


def new_version(plan: PricePlan) -> PricePlan:
    """Save and return the next version of a plan, to be changed: it is as the newest one, and valid in a day."""
    newest = PricePlan.objects.filter(name=plan.name).order_by("-version")[0]
    fields = {
        column.attname: getattr(plan, column.attname)
        for column in PricePlan._meta.concrete_fields
        if column.name not in ("id", "version", "used_at", "created_at", "valid_from", "valid_until", "note")
    }
    begins = timezone.now() + timedelta(days=1)
    return PricePlan.objects.create(**fields, version=newest.version + 1, valid_from=begins)
