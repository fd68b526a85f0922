"""How partners stand: one line each for the busiest and worst, and how many are in each stage."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery

from ocpi.models import Message
from onboarding.admin.partner.stage import title_of, with_stage
from onboarding.guide import Stage
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
    """(stage, its title, how many partners are in it), in the order of the guide. One query.

    As the list of partners counts them: each connection in the stage of its integration, a new one in the first.
    """
    staged: QuerySet[Any] = with_stage(Partner.objects.only("pk").order_by())
    counted = Counter(row.stage_key for row in staged)
    return [(stage.value, title_of(stage), counted[stage]) for stage in Stage]
