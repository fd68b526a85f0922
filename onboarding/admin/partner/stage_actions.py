"""What staff can do with the stages of an integration."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from onboarding.guide import STAGE, TITLES, Stage
from onboarding.portal.telling import tell_window
from onboarding.stages import endpoint, moving
from onboarding.stages.refusals import NotPossible, NotYet
from partners.admin.kit.actions import DANGER, PRIMARY, PageAction, Refused
from partners.admin.kit.fields import MomentField
from partners.admin.kit.reasons import ReasonForm
from partners.models import Partner

ONBOARD, OVERRIDE = "partners.onboard_partner", "partners.override_condition"
P = ParamSpec("P")
R = TypeVar("R")


def ask(verb: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a service; what it refuses is told on the page."""
    try:
        return verb(*args, **kwargs)
    except NotPossible as refused:
        raise Refused(str(refused)) from refused
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error


def stage_of(partner: Partner) -> Stage:
    return Stage(moving.of(partner).stage)


def in_stage(*wanted: Stage) -> Callable[[Partner], bool]:
    """Whether the integration is in one of these stages."""
    return lambda partner: stage_of(partner) in wanted


def not_ended(partner: Partner) -> bool:
    return stage_of(partner) != Stage.OFF_BOARDED


# --- moving on
class AdvanceForm(forms.Form):
    """Which stage whoever presses the button has before their eyes."""

    expected = forms.CharField(widget=forms.HiddenInput, required=False)


def advance(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> str:
    try:
        moved = ask(moving.advance, partner, request.user, data["expected"])
    except Refused as refused:
        if isinstance(cause := refused.__cause__, NotYet):
            raise Refused(f"Not yet. {cause}") from refused
        raise
    info = STAGE[Stage(moved.stage)]
    said = f"{partner.name} is live." if not info.number else f"Now in stage {info.number}, {info.title}."
    return f"{said} {_endpoint(partner)[1]}" if moved.stage == Stage.INFRASTRUCTURE else said


class OverruleForm(ReasonForm):
    """Which condition, and why it may be left out."""

    condition = forms.ChoiceField(choices=sorted(TITLES.items()), widget=forms.HiddenInput)


def overrule(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> str:
    row = ask(moving.overrule, partner, data["condition"], data["reason"], request.user)
    return f"“{TITLES[row.condition]}” is overruled. What was missing: {row.missing}"


class WindowForm(forms.Form):
    """Date and time that both sides agreed on."""

    starts_at = MomentField(label="Window opens", required=True)
    ends_at = MomentField(label="Window closes", required=True)


def agree_window(_request: HttpRequest, partner: Partner, data: dict[str, Any]) -> str:
    with transaction.atomic():
        ask(moving.agree_window, partner, data["starts_at"], data["ends_at"])
        to = tell_window(partner)
    if to:
        return f"The integration window is agreed. It is confirmed to {', '.join(to)} by email."
    return "The integration window is agreed. They have no contact with an email address: tell them."


def check_endpoint(_request: HttpRequest, partner: Partner, _data: dict[str, Any]) -> str:
    answers, said = _endpoint(partner)
    if not answers:
        raise Refused(said)
    return said


def _endpoint(partner: Partner) -> tuple[bool, str]:
    """Call our own endpoint for them; return whether it answers as it should, and what is told."""
    answers, text = endpoint.check(partner)
    return answers, f"Our endpoint for {partner.name}{' ' if answers else ': '}{text}."


def setup_told(_request: HttpRequest, partner: Partner, _data: dict[str, Any]) -> str:
    moving.note_setup_told(partner)
    return f"Noted: {partner.name} knows that setup is complete."


def begin(_request: HttpRequest, partner: Partner, _data: dict[str, Any]) -> str:
    ask(moving.begin, partner)
    return "A new onboarding has begun, at stage 0. What was kept of the earlier one stays visible."


STAGE_ACTIONS = (
    PageAction(
        "advance",
        "Move on to the next stage",
        ONBOARD,
        "Everything that this stage asks for is checked once more; then the next stage begins.",
        advance,
        icon="arrow_forward",
        tone=PRIMARY,
        form=AdvanceForm,
        possible=lambda partner: stage_of(partner) in moving.ONWARD,
        asks=False,
    ),
    PageAction(
        "agree-window",
        "Agree on the window",
        ONBOARD,
        "Date and time in which their server is running and publicly reachable, and somebody of both sides is there. "
        "Their technical contacts are told by email.",
        agree_window,
        icon="event",
        form=WindowForm,
        possible=in_stage(Stage.PRE_INTEGRATION, Stage.INFRASTRUCTURE, Stage.HANDSHAKE),
    ),
    PageAction(
        "check-endpoint",
        "Check our endpoint",
        ONBOARD,
        "We call the endpoint that we made for them the way they will, without a token. Right is: it answers, and asks "
        "for a token. The call shows in the message log.",
        check_endpoint,
        icon="network_check",
        asks=False,
        possible=in_stage(Stage.INFRASTRUCTURE, Stage.HANDSHAKE),
    ),
    PageAction(
        "setup-told",
        "They were told",
        ONBOARD,
        "Press this when you told the CPO by other means that setup is complete and ready for the handshake, with "
        "everything of the data sheet.",
        setup_told,
        icon="mark_email_read",
        possible=in_stage(Stage.INFRASTRUCTURE),
    ),
    PageAction(
        "begin",
        "Begin a new onboarding",
        ONBOARD,
        "They start again at stage 0. Objects, sessions, messages and the earlier onboarding are kept.",
        begin,
        icon="restart_alt",
        tone=PRIMARY,
        possible=in_stage(Stage.OFF_BOARDED),
    ),
)
OVERRULE = PageAction(
    "overrule",
    "Go on without it",
    OVERRIDE,
    "This condition is left out. Your reason, your name and what was missing are shown on this page for ever.",
    overrule,
    icon="rule",
    tone=DANGER,
    form=OverruleForm,
    possible=lambda partner: stage_of(partner) in moving.ONWARD,
)
