"""Integrations in which the next step is ours, and partners that are suspended."""

from collections.abc import Iterable
from datetime import datetime

from onboarding.admin.partner_page import PartnerAdmin
from onboarding.admin.workspace.next_step import step_for
from onboarding.guide import STAGE, Facts, Turn
from onboarding.guide.conditions import IN_PRODUCTION as PRODUCTION
from onboarding.guide.turns import WINDOW
from onboarding.models import Onboarding
from onboarding.whose_turn import our_turns, ours_since, under_way
from partners.admin.kit.showing import url_of
from partners.models import Partner
from partners.work.tickets import partner_key
from sfp_platform.admin.dashboard.item import Item

MOST = 200
LABELS = {action.name: action.label for action in PartnerAdmin.page_actions}
URGENT, USUAL = 55, 50
THEY_WAIT = frozenset({"window", "signed_off", "archived", "production_tested", "setup_told"})
"""What a CPO has done its part of."""


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
        ours_since(onboarding, facts, turn),
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
