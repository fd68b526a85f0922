"""How partners stand: one line each for the busiest and worst, and how many are in each stage."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Subquery

from ocpi.models import Message
from onboarding.models import Onboarding
from partners.models import Partner
from sfp_platform.admin.dashboard.charging import live
from sfp_platform.admin.dashboard.traffic import Sums, Traffic

MOST = 25


@dataclass(frozen=True)
class PartnerLine:
    """One line of the partners' table, with the traffic of the last 24 hours."""

    partner: Partner
    heard_at: datetime | None
    live: int
    sums: Sums


def partner_lines(traffic: Traffic | None) -> list[PartnerLine]:
    """Partners with failures first, then those where somebody charges. Three queries."""
    charging = dict(live().values_list("partner").order_by().annotate(Count("pk")))
    sums = traffic.by_partner if traffic else {}
    order = sorted(
        Partner.objects.values_list("pk", "name"),
        key=lambda row: (-sums.get(row[0], Sums()).failed, -charging.get(row[0], 0), row[1].lower()),
    )
    newest = Message.objects.filter(partner=OuterRef("pk")).order_by("-id").values("at")[:1]
    shown = [pk for pk, _ in order[:MOST]]
    rows: dict[int, Any] = Partner.objects.annotate(heard_at=Subquery(newest)).in_bulk(shown)
    return [PartnerLine(rows[pk], rows[pk].heard_at, charging.get(pk, 0), sums.get(pk, Sums())) for pk in shown]


def stages() -> list[tuple[str, str, int]]:
    """(stage, its title, how many partners are in it), in the order of the guide. One query."""
    counted = dict(Onboarding.objects.values_list("stage").order_by().annotate(Count("pk")))
    choices: Any = Onboarding._meta.get_field("stage").choices
    return [(key, title, counted.get(key, 0)) for key, title in choices]
