"""What staff can do to bring a tested integration live: the connection in production, and the signature."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from ocpi import handshake
from ocpi.models import HandshakeRun
from onboarding.admin.partner.handshake_actions import token_field
from onboarding.admin.partner.stage_actions import ONBOARD, ask, stage_of
from onboarding.guide import Side, Stage
from onboarding.stages import golive, moving, sign_off
from partners.admin.kit.actions import PageAction
from partners.admin.kit.fields import MomentField
from partners.admin.kit.showing import url_of
from partners.models import Partner


class ProductionForm(forms.Form):
    """What production has of its own."""

    code = forms.SlugField(
        label="Endpoint code",
        max_length=30,
        widget=UnfoldAdminTextInputWidget,
        help_text="Becomes the host of their endpoint in production: ocpi-{code}. Another one than for the test.",
    )
    versions_url = forms.URLField(label="Their versions URL in production", widget=UnfoldAdminTextInputWidget)
    token_a = token_field(
        "Their Token A in production", "With it their handshake starts at once. Empty: they send it later."
    )
    networks = forms.CharField(
        label="Their addresses in production",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="One per line. Empty: the same as for the test.",
    )


def add_production(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> HttpResponse:
    details = golive.ProductionDetails(
        code=data["code"],
        versions_url=data["versions_url"],
        token_a=data["token_a"],
        networks=data["networks"].split(),
    )
    made = ask(golive.add_production, partner, details, request.user)
    if not data["token_a"]:
        return HttpResponseRedirect(url_of(Partner, made.pk))
    return HttpResponseRedirect(url_of(HandshakeRun, handshake.start(made, user=request.user).pk))


def lacks_production(partner: Partner) -> bool:
    onboarding = moving.of(partner)
    tested_elsewhere = onboarding.partner.environment != Partner.Environment.PRODUCTION
    return onboarding.stage == Stage.GO_LIVE and onboarding.production is None and tested_elsewhere


class SignForm(forms.Form):
    """Who signs for Smart Fuel Pass."""

    name = forms.CharField(max_length=100, widget=UnfoldAdminTextInputWidget)
    role = forms.CharField(max_length=100, widget=UnfoldAdminTextInputWidget)
    signed_on = forms.DateField(
        label="Date", widget=forms.DateInput(attrs={"type": "date", "class": MomentField.CLASSES})
    )


def sign(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> str:
    row = ask(sign_off.sign, partner, Side.SFP, data["name"], data["role"], data["signed_on"], user=request.user)
    return f"Signed for Smart Fuel Pass by {row.name}, {row.role}."


def may_sign(partner: Partner) -> bool:
    return stage_of(partner) == Stage.GO_LIVE and Side.SFP not in sign_off.signatures(partner)


LIVE_ACTIONS = (
    PageAction(
        "add-production",
        "Add production",
        ONBOARD,
        "We make a second connection, in production, with an endpoint and tokens of its own. Party, version and "
        "contacts are taken over. It needs a Token A and a handshake of its own.",
        add_production,
        icon="rocket_launch",
        form=ProductionForm,
        possible=lacks_production,
    ),
    PageAction(
        "sign",
        "Sign for SFP",
        ONBOARD,
        "You sign that the integration is tested and live, for Smart Fuel Pass. This cannot be taken back. The CPO "
        "signs over its own link.",
        sign,
        icon="draw",
        form=SignForm,
        possible=may_sign,
    ),
)
