"""The stage of each partner in the list: read with the rows, without gathering facts about any of them."""

from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter

from onboarding.guide import ORDER, STAGE, Stage
from onboarding.models import Onboarding
from partners.admin.kit.showing import INFO, NEUTRAL, SUCCESS, badge
from partners.models import Partner

UNDER_WAY = "onboarding"
TONES = {Stage.LIVE: SUCCESS, Stage.OFF_BOARDED: NEUTRAL}


def with_stage(rows: QuerySet[Partner]) -> QuerySet[Partner]:
    """Each with the stage of its newest integration; one that nothing was done with yet is at the first."""
    theirs = Onboarding.objects.filter(Q(partner=OuterRef("pk")) | Q(production=OuterRef("pk")))
    stage = Subquery(theirs.order_by("-id").values("stage")[:1])
    return rows.annotate(stage_key=Coalesce(stage, Value(Stage.PRE_INTEGRATION.value)))


def title_of(stage: Stage) -> str:
    """`3 Functional testing`."""
    return f"{STAGE[stage].number} {STAGE[stage].title}".strip()


def stage_badge(row: Any) -> SafeString:
    stage = Stage(row.stage_key)
    return badge(title_of(stage), TONES.get(stage, INFO))


class StageFilter(DropdownFilter):
    """One stage, or all that come before the last."""

    title = "stage"
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(UNDER_WAY, "Onboarding, any stage"), *((stage.value, title_of(stage)) for stage in Stage)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Of rows that `with_stage` was asked for."""
        wanted = self.value()
        if wanted == UNDER_WAY:
            return queryset.filter(stage_key__in=[stage.value for stage in ORDER if stage != Stage.LIVE])
        return queryset.filter(stage_key=wanted) if wanted in set(Stage) else queryset
