"""The guide's checklist with its progress: what was entered, what the CPO ticked, what the platform sees as done."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from onboarding.connection_facts import PortalFacts
from onboarding.guide import Stage
from onboarding.guide.checklist import ITEM, ITEMS, PROVIDED, Group, Item
from onboarding.intake.entering import faults_of_items
from onboarding.models import ChecklistItem, LinkEvent, PartnerLink
from onboarding.moments import clock
from onboarding.stages import moving
from partners.ground.persons import to_them
from partners.models import IssuedToken, Partner

ADDRESSES = ("firewall", "got_addresses")
TOKEN_B = "got_token_b"  # noqa: S105  an item of the list
HANDED_OUT = ("got_versions_url", TOKEN_B, "got_party")


@dataclass(frozen=True)
class Line:
    """One item and where it stands. `seen` is what the platform saw; `fault` what is wrong with what was entered.

    `awaited` says why it cannot have happened yet: nobody ticks it then.
    """

    item: Item
    done: bool
    seen: str = ""
    fault: str = ""
    ticked_at: datetime | None = None
    ticked_by: str = ""
    awaited: str = ""

    @property
    def by_hand(self) -> bool:
        """Whether the CPO ticks it."""
        return self.item.key not in PROVIDED and not self.seen and not self.awaited


@dataclass(frozen=True)
class Checklist:
    lines: tuple[Line, ...]

    @property
    def groups(self) -> list[tuple[str, list[Line]]]:
        return [(group.value, [line for line in self.lines if line.item.group == group]) for group in Group]

    @property
    def asks(self) -> bool:
        """Whether anything is left that the CPO ticks by hand."""
        return any(line.by_hand for line in self.lines)

    @property
    def done(self) -> int:
        return sum(line.done for line in self.lines if not line.item.optional)

    @property
    def total(self) -> int:
        return sum(not line.item.optional for line in self.lines)

    def open_in(self, group: Group) -> list[Line]:
        """What is still to do in one part."""
        return [line for line in self.lines if line.item.group == group and not line.done and not line.item.optional]


def checklist_of(partner: Partner, facts: PortalFacts, stage: Stage | None = None) -> Checklist:
    """Return every item with its progress. `stage` is where the integration stands, if that was read already."""
    faults = faults_of_items(partner)
    ticks = {tick.key: tick for tick in ChecklistItem.objects.filter(partner=partner)}
    seen = {**_handed_out(partner), **facts.seen}
    if not settings.OCPI_OUTBOUND_IPS:  # where none is named yet, nobody can have let it in
        seen = {key: text for key, text in seen.items() if key not in ADDRESSES}
    waits = {
        key: why
        for key, why in not_yet(stage or Stage(moving.of(partner).stage), token_made=facts.token_made).items()
        if key not in seen and key not in ticks
    }
    lines = (_line(item, faults, ticks.get(item.key), seen.get(item.key, "")) for item in ITEMS)
    return Checklist(tuple(replace(line, awaited=waits.get(line.item.key, "")) for line in lines))


def told_to_staff(checklist: Checklist) -> Checklist:
    """The same, said of the CPO: the items and what was seen of them speak to it, on its own page."""
    lines = checklist.lines
    return Checklist(
        tuple(
            replace(
                line,
                item=replace(line.item, hint=to_them(line.item.hint)),
                seen=to_them(line.seen),
                fault=to_them(line.fault),
            )
            for line in lines
        )
    )


def not_yet(stage: Stage, *, token_made: bool) -> dict[str, str]:
    """Items that cannot have happened, and why: what we hand out later cannot have been received."""
    waits: dict[str, str] = {}
    if not settings.OCPI_OUTBOUND_IPS:
        waits |= dict.fromkeys(ADDRESSES, "Our outbound IP addresses are not fixed yet.")
    if not token_made:
        waits |= {TOKEN_B: "Token B is not made yet."}
    if stage == Stage.PRE_INTEGRATION:
        waits |= dict.fromkeys((*HANDED_OUT, *ADDRESSES), "Comes when we have set up your endpoint.")
    return waits


def _handed_out(partner: Partner) -> dict[str, str]:
    """What the page itself handed out."""
    seen = {}
    fetched = LinkEvent.objects.filter(link__partner=partner, kind=LinkEvent.Kind.DATA_SHEET).order_by("id").first()
    if fetched is not None:
        seen["got_versions_url"] = f"It is in the data sheet, which you fetched {clock(fetched.at)}."
    revealed = PartnerLink.objects.filter(partner=partner, token_b_revealed_at__isnull=False).first()
    if revealed is not None:
        seen["got_token_b"] = f"Revealed {clock(revealed.token_b_revealed_at)}, ends in {revealed.token_b_last4}."
    return seen


def _line(item: Item, faults: dict[str, str], tick: ChecklistItem | None, seen: str) -> Line:
    if item.key in PROVIDED:
        fault = faults[item.key]
        return Line(item, done=not fault, seen="" if fault else "Entered and valid.", fault=fault)
    if seen or tick is None:
        return Line(item, done=bool(seen), seen=seen)
    return Line(item, done=True, ticked_at=tick.ticked_at, ticked_by=tick.ticked_by)


@transaction.atomic
def set_ticks(partner: Partner, wanted: Collection[str], by: str, *, among: Collection[str]) -> list[str]:
    """Make `wanted` the ticked items `among` those that were shown to be ticked; return in words what changed."""
    made = IssuedToken.objects.filter(partner=partner).exists()
    waits = not_yet(Stage(moving.of(partner).stage), token_made=made)
    offered = {key for key in among if key in ITEM and key not in PROVIDED and key not in waits}
    ticked = set(ChecklistItem.objects.filter(partner=partner).values_list("key", flat=True))
    now, said = timezone.now(), []
    for key in (item.key for item in ITEMS if item.key in offered):
        if key in wanted and key not in ticked:
            ChecklistItem.objects.get_or_create(
                partner=partner, key=key, defaults={"ticked_at": now, "ticked_by": by[:150]}
            )
            said.append(f"ticked: {ITEM[key].title}")
        elif key not in wanted and key in ticked:
            ChecklistItem.objects.filter(partner=partner, key=key).delete()
            said.append(f"no longer ticked: {ITEM[key].title}")
    return said
