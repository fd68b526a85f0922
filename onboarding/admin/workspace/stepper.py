"""The top of a partner's page: the stages, whose turn it is, what exactly is missing, and the next best action."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from onboarding import guide
from onboarding.guide import ORDER, STAGE, Condition, Facts, Side, Stage
from onboarding.models import Onboarding, StageOverride
from onboarding.partner_facts import facts_of

WHO = {frozenset({Side.SFP}): "SFP", frozenset({Side.CPO}): "CPO", guide.BOTH: "Both", frozenset(): ""}
EXPECTED = {
    Stage.PRE_INTEGRATION: timedelta(days=2),
    Stage.INFRASTRUCTURE: timedelta(hours=4),
    Stage.HANDSHAKE: timedelta(minutes=90),
    Stage.TESTING: timedelta(hours=3),
}
"""The far end of the guide's durations: beyond it somebody should ask what is going on."""


@dataclass(frozen=True)
class Step:
    """One stage in the row of stages. `place` is done, now or ahead."""

    number: str
    title: str
    owner: str
    duration: str
    place: str


@dataclass(frozen=True)
class Row:
    """One condition of the stage, with who overruled it if somebody did."""

    condition: Condition
    owner: str
    override: StageOverride | None

    @property
    def failed(self) -> bool:
        """Whether somebody found it wrong; otherwise it is only not there yet."""
        return not self.condition.holds and any(text.startswith("Failed: ") for text in self.condition.missing)

    @property
    def mark(self) -> str:
        """The icon before it."""
        if self.condition.met:
            return "check_circle"
        if self.failed:
            return "error"
        return "rule" if self.condition.overruled else "radio_button_unchecked"


@dataclass(frozen=True)
class Journey:
    """Where an integration stands: everything that the top of the page shows."""

    onboarding: Onboarding
    facts: Facts
    steps: list[Step]
    rows: list[Row]
    overrides: list[StageOverride]

    @property
    def stage(self) -> guide.Stage:
        return self.facts.stage

    @property
    def info(self) -> Any:
        return STAGE[self.stage]

    @property
    def owner(self) -> str:
        return WHO[self.info.owners]

    @property
    def met(self) -> int:
        return sum(row.condition.holds for row in self.rows)

    @property
    def following(self) -> Condition | None:
        """The condition to work on now, failed ones first; None when it can move on, or is at the end."""
        failed = next((row.condition for row in self.rows if row.failed), None)
        return guide.what_next(self.facts) if self.facts.suspended or failed is None else failed

    @property
    def waiting_for(self) -> str:
        """Who has to move: from what is still missing, not from the guide's table."""
        owners = {side for row in self.rows if not row.condition.holds for side in row.condition.owners}
        return WHO[frozenset(owners)]

    @property
    def is_late(self) -> bool:
        expected = EXPECTED.get(self.stage)
        return expected is not None and timezone.now() - self.onboarding.stage_since > expected

    @property
    def ended(self) -> bool:
        return self.stage == Stage.OFF_BOARDED


def journey_of(onboarding: Onboarding) -> Journey:
    """Read everything once, in a constant number of queries."""
    facts = facts_of(onboarding)
    overrides = _overrides(onboarding)
    own = {one.condition: one for one in overrides if one.onboarding_id == onboarding.pk}
    return Journey(
        onboarding=onboarding,
        facts=facts,
        steps=[_step(stage, facts.stage) for stage in ORDER],
        rows=[Row(one, WHO[one.owners], own.get(one.key)) for one in guide.ahead(facts)],
        overrides=overrides,
    )


def _overrides(onboarding: Onboarding) -> list[StageOverride]:
    """Of this integration, and of earlier ones of the same partner: they are shown for ever."""
    rows = StageOverride.objects.filter(onboarding__partner_id=onboarding.partner_id)
    return list(rows.select_related("by", "onboarding").order_by("-id"))


def _step(stage: Stage, now: Stage) -> Step:
    info = STAGE[stage]
    if now not in ORDER:
        place = "ahead"
    else:
        here, there = ORDER.index(now), ORDER.index(stage)
        done = there < here or now == stage == Stage.LIVE
        place = "done" if done else "now" if there == here else "ahead"
    return Step(info.number, info.title, WHO[info.owners], info.duration, place)
