"""Whose turn it is with each partner: ours, the CPO's or nobody's, and since when. The queue and the list of partners
ask here, so that they never tell two things."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.db.models import Count, Exists, Max, Min, OuterRef, Q

from onboarding.guide import ORDER, Facts, Side, Stage, Turn, our_turn, their_turn
from onboarding.guide.turns import WINDOW
from onboarding.models import ConnectionCheck, FunctionalTest, GoLiveAction, Onboarding, PartnerLink
from onboarding.partner_facts import facts_of_all
from partners.models import Incident, Partner

MOST = 200
UNDER_WAY = [stage.value for stage in ORDER if stage != Stage.LIVE]


class Whose(StrEnum):
    """Who has to move."""

    OURS = "ours"
    CPO = "cpo"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Move:
    """Who has to move with a partner, since when, and what is missing in words. `since`: None for nobody."""

    whose: Whose
    since: datetime | None = None
    text: str = ""


NOBODYS = Move(Whose.NOBODY)


def under_way() -> list[Onboarding]:
    """The integrations that are not at their end, those of new partners too. Two queries."""
    rows = Onboarding.objects.filter(stage__in=UNDER_WAY).select_related("partner", "production")
    begun = Onboarding.objects.filter(Q(partner=OuterRef("pk")) | Q(production=OuterRef("pk")))
    new = Partner.objects.filter(~Exists(begun)).order_by("-id")[:MOST]
    return [*rows.order_by("stage_since")[:MOST], *map(_not_begun, new)]


def _not_begun(partner: Partner) -> Onboarding:
    return Onboarding(partner=partner, stage_since=partner.created_at, evidence_from=partner.created_at)


def our_turns(onboardings: list[Onboarding]) -> list[tuple[Onboarding, Facts, Turn]]:
    """Those of them in which it is our turn."""
    found = zip(onboardings, facts_of_all(onboardings), strict=True)
    return [(one, facts, turn) for one, facts in found if (turn := our_turn(facts)) is not None]


def ours_since(onboarding: Onboarding, facts: Facts, turn: Turn) -> datetime:
    """When it became our turn, as near as we know."""
    return facts.suggested_at if turn.key == WINDOW and facts.suggested_at else onboarding.stage_since


def moves_of(partners: Sequence[Partner]) -> dict[int, Move]:
    """Whose turn it is with each of them, by its key. A constant number of queries."""
    newest = _newest_integrations(partners)
    moving = list({id(one): one for one in newest.values() if one.stage in UNDER_WAY}.values())
    facts = {id(one): told for one, told in zip(moving, facts_of_all(moving), strict=True)} if moving else {}
    incidents, acts = _incidents(partners), _Acts.of(moving)
    return {
        one.pk: _suspended(one)
        or _ours(newest[one.pk], facts.get(id(newest[one.pk])))
        or incidents.get(one.pk)
        or _theirs(newest[one.pk], facts.get(id(newest[one.pk])), acts)
        or NOBODYS
        for one in partners
    }


def _newest_integrations(partners: Sequence[Partner]) -> dict[int, Onboarding]:
    """The newest of each, in which it is tested or in production; one that is not stored, where none was begun."""
    ids = {one.pk for one in partners}
    rows = Onboarding.objects.filter(Q(partner__in=ids) | Q(production__in=ids)).select_related("partner", "production")
    found: dict[int, Onboarding] = {}
    for row in rows.order_by("id"):
        found |= {pk: row for pk in (row.partner_id, row.production_id) if pk in ids}
    return {one.pk: found.get(one.pk) or _not_begun(one) for one in partners}


def _suspended(partner: Partner) -> Move | None:
    if partner.connection != Partner.Connection.SUSPENDED:
        return None
    return Move(Whose.OURS, partner.suspended_at, "Suspended: resume, or off-board them.")


def _ours(onboarding: Onboarding, facts: Facts | None) -> Move | None:
    turn = our_turn(facts) if facts else None
    return Move(Whose.OURS, ours_since(onboarding, facts, turn), turn.text) if facts and turn else None


def _theirs(onboarding: Onboarding, facts: Facts | None, acts: "_Acts") -> Move | None:
    turn = their_turn(facts) if facts else None
    return Move(Whose.CPO, acts.last(onboarding), turn.text) if turn else None


def _incidents(partners: Iterable[Partner]) -> dict[int, Move]:
    """Those with incidents that nobody closed yet. One query."""
    rows = Incident.objects.filter(partner__in=[one.pk for one in partners], closed_at=None).order_by()
    counted = rows.values("partner_id").annotate(count=Count("pk"), since=Min("opened_at"))
    return {
        row["partner_id"]: Move(Whose.OURS, row["since"], f"{row['count']} open incident{'s'[: row['count'] != 1]}")
        for row in counted
    }


@dataclass(frozen=True)
class _Acts:
    """When we last did something in each integration, by partner or by integration: since then they are asked."""

    links: dict[int, datetime] = field(default_factory=dict)
    checks: dict[int, datetime] = field(default_factory=dict)
    verdicts: dict[int, datetime] = field(default_factory=dict)
    actions: dict[int, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, onboardings: Sequence[Onboarding]) -> "_Acts":
        if not onboardings:
            return cls()
        stored = [one.pk for one in onboardings if one.pk]
        both = [pk for one in onboardings for pk in (one.partner_id, one.production_id) if pk]
        links = PartnerLink.objects.filter(partner__in=both, revoked_at=None)
        checks = ConnectionCheck.objects.filter(partner__in=both, armed=False).exclude(ended_at=None)
        verdicts = FunctionalTest.objects.filter(onboarding__in=stored).exclude(sfp_at=None)
        actions = GoLiveAction.objects.filter(onboarding__in=stored, side=Side.SFP)
        return cls(
            dict(links.order_by().values_list("partner_id").annotate(Max("created_at"))),
            dict(checks.order_by().values_list("partner_id").annotate(Max("ended_at"))),
            dict(verdicts.order_by().values_list("onboarding_id").annotate(Max("sfp_at"))),
            dict(actions.order_by().values_list("onboarding_id").annotate(Max("at"))),
        )

    def last(self, onboarding: Onboarding) -> datetime:
        partners = [one for one in (onboarding.partner, onboarding.production) if one is not None]
        moments = [
            *(place.get(one.pk) for one in partners for place in (self.links, self.checks)),
            *(one.connected_at for one in partners),
            *(place.get(onboarding.pk) for place in (self.verdicts, self.actions)),
        ]
        return max([onboarding.stage_since, *(moment for moment in moments if moment is not None)])
