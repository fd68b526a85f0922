"""The next step with its button: on the page of a partner, and on those of its handshakes, checks and test charges, so
that nobody has to go back."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from onboarding.admin.partner.handshake_actions import HANDSHAKE
from onboarding.admin.partner.stage_actions import AdvanceForm
from onboarding.admin.partner.test_actions import CONFIRM, ConfirmForm
from onboarding.admin.workspace.next_step import next_step
from onboarding.admin.workspace.page import Page
from onboarding.admin.workspace.stepper import Journey, journey_of
from onboarding.guide import ORDER, Facts, Side, Stage
from onboarding.stages import golive, moving
from partners import tokens
from partners.models import Partner, ReceivedToken

ADVANCE = "advance"


Finder = Callable[[str], dict[str, Any] | None]
"""The button of the action with a name; None where it may not be pressed now."""


def next_of(page: Page, journey: Journey, button_of: Finder) -> dict[str, Any]:
    """What to do next, with its button: one that may be pressed on the partner's page."""
    step = next_step(page.partner, journey)
    if step.action == CONFIRM.name:
        button = _confirmation(page) if page.may(CONFIRM) else None
    else:
        button = button_of(step.action)
    if button is not None:
        button["tone"] = "primary"
        if step.action == HANDSHAKE.name and may_begin_at_once(journey.facts, page.partner):
            button["asks"] = False
        if step.action == ADVANCE:
            # The stage that is shown: another press may have moved it meanwhile.
            button["form"] = AdvanceForm(initial={"expected": journey.stage.value}, auto_id="do-advance-%s")
    return {"next": step, "next_button": button}


def may_begin_at_once(facts: Facts, partner: Partner) -> bool:
    """In the agreed window, with a stored Token A: there is nothing to ask. After a failure a new Token A may be it."""
    starts_at, ends_at = facts.window_starts_at, facts.window_ends_at
    agreed = starts_at is not None and ends_at is not None and starts_at <= facts.now < ends_at
    stored = tokens.received_token(partner.pk, ReceivedToken.Purpose.REGISTRATION) is not None
    return agreed and stored and not facts.handshake_failed


def _confirmation(page: Page) -> dict[str, Any]:
    """The button that confirms for us that production was tested."""
    form = ConfirmForm(
        initial={"action": golive.IN_PRODUCTION, "side": Side.SFP.value}, auto_id="do-next-%s", label_suffix=""
    )
    del form.fields["said_by"]
    button: dict[str, Any] = page.admin.button(CONFIRM, page.partner, form)
    return button


def next_strip(request: HttpRequest, partner: Partner) -> dict[str, Any]:
    """The same for another page; nothing for who is live, or whose partner the user may not see."""
    page = Page(admin.site._registry[Partner], request, partner)
    onboarding = moving.of(partner)
    under_way = onboarding.stage in ORDER and onboarding.stage != Stage.LIVE
    if not under_way or not page.admin.has_view_permission(request, partner):
        return {}

    def button_of(name: str) -> dict[str, Any] | None:
        return next(iter(page.pressable(*(one for one in page.admin.page_actions if one.name == name))), None)

    return next_of(page, journey_of(onboarding), button_of)
