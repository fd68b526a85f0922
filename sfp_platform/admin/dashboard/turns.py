"""Integrations in which the next step is ours, and partners that are suspended."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from onboarding.admin.partner_page import PartnerAdmin
from onboarding.admin.workspace.next_step import step_for
from onboarding.guide import ORDER, STAGE, Facts, Stage, Turn, our_turn
from onboarding.guide.conditions import IN_PRODUCTION as PRODUCTION
from onboarding.guide.turns import WINDOW
from onboarding.models import Onboarding
from onboarding.partner_facts import facts_of_all
from partners.admin.kit.showing import url_of
from partners.models import Partner
from partners.work.tickets import partner_key
from sfp_platform.admin.dashboard.item import Item

MOST = 200
UNDER_WAY = [stage.value for stage in ORDER if stage != Stage.LIVE]
LABELS = {action.name: action.label for action in PartnerAdmin.page_actions}
URGENT, USUAL = 55, 50
THEY_WAIT = frozenset({"window", "signed_off", "archived", "production_tested", "setup_told"})
"""What a CPO has done its part of."""


def under_way() -> list[Onboarding]:
    """The integrations that are not at their end, those of new partners too. Two queries."""
    rows = Onboarding.objects.filter(stage__in=UNDER_WAY).select_related("partner", "production")
    begun = Onboarding.objects.filter(Q(partner=OuterRef("pk")) | Q(production=OuterRef("pk")))
    new = Partner.objects.filter(~Exists(begun)).order_by("-id")[:MOST]
    fresh = [Onboarding(partner=one, stage_since=one.created_at, evidence_from=one.created_at) for one in new]
    return [*rows.order_by("stage_since")[:MOST], *fresh]


def our_turns(onboardings: list[Onboarding]) -> list[tuple[Onboarding, Facts, Turn]]:
    """Those of them in which it is our turn."""
    found = zip(onboardings, facts_of_all(onboardings), strict=True)
    return [(one, facts, turn) for one, facts in found if (turn := our_turn(facts)) is not None]


def turns(_now: datetime) -> Iterable[Item]:
    """One row for each, with the button that is green on its page."""
    for onboarding, facts, turn in our_turns(under_way()):
        if turn.key != "not_suspended" and not _is_told_by_its_handshake(facts, turn):
            yield _item(onboarding, facts, turn)


def _is_told_by_its_handshake(facts: Facts, turn: Turn) -> bool:
    """A handshake that failed has a row of its own; what they suggest meanwhile says more."""
    if turn.key == WINDOW and facts.suggested:
        return False
    return facts.production_handshake_failed if turn.key in PRODUCTION else facts.handshake_failed


def _item(onboarding: Onboarding, facts: Facts, turn: Turn) -> Item:
    partner = onboarding.partner
    place = onboarding.production if turn.key.startswith("production") and onboarding.production else partner
    step = step_for(place, onboarding, turn)
    page = url_of(Partner, place.pk)
    return Item(
        URGENT if turn.key in THEY_WAIT or turn.key.startswith("test_") else USUAL,
        f"Stage {STAGE[facts.stage].number}",
        turn.text,
        page,
        partner.label,
        facts.suggested_at if turn.key == WINDOW and facts.suggested_at else onboarding.stage_since,
        key=partner_key(partner.pk),
        state=turn.key,
        partner_id=partner.pk,
        press=step.label or LABELS.get(step.action, "Open"),
        press_url=step.url or f"{page}#do-next",
        tone="info",
        about=frozenset({f"{place.pk}:turn"}),
    )


def suspended(_now: datetime) -> Iterable[Item]:
    """Partners that wait for us to let them back, or to end it."""
    for row in Partner.objects.filter(connection=Partner.Connection.SUSPENDED).order_by("suspended_at")[:MOST]:
        page = url_of(Partner, row.pk)
        yield Item(
            25,
            "Suspended",
            "Their requests are answered with HTTP 403, and drivers cannot start at their chargers",
            page,
            row.label,
            row.suspended_at,
            key=partner_key(row.pk),
            state="suspended",
            partner_id=row.pk,
            press="Resume",
            press_url=page,
            advice="Resume when the reason is gone, or off-board them.",
            tone="warning",
        )
