"""What staff can do to connect a partner, or to renew its tokens: guide 7.3, Method A and Method B, and rotation."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.widgets import UnfoldAdminPasswordWidget

from ocpi import handshake
from ocpi.handshake.manual import connect_manually
from ocpi.models import HandshakeRun
from ocpi.routing import versions_url
from onboarding.admin.partner.stage_actions import not_ended
from partners.admin.kit.actions import DEFAULT, PRIMARY, PageAction, Refused
from partners.admin.kit.fields import MomentField
from partners.admin.kit.revealing import REVEAL, reveal
from partners.admin.kit.showing import url_of
from partners.models import Partner
from partners.services import check_token

ONBOARD = "partners.onboard_partner"
Connection = Partner.Connection
LIVE = (HandshakeRun.State.SCHEDULED, HandshakeRun.State.RUNNING)


def token_field(label: str, help_text: str, *, required: bool = False) -> forms.CharField:
    """A token that is entered, and never shown again."""
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password", "spellcheck": "false"})
    return forms.CharField(label=label, required=required, widget=widget, help_text=help_text, validators=[check_token])


class HandshakeForm(forms.Form):
    """When to try, and with which Token A."""

    window_starts_at = MomentField(label="Window opens", help_text="Empty: at once.")
    window_ends_at = MomentField(label="Window closes", help_text="Empty: 30 minutes after it opens.")
    token_a = token_field("Token A", "Only if they sent a new one. Empty: the one that is stored.")


def start_handshake(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> HttpResponse:
    """Start the run, and go to its page."""
    try:
        run = handshake.start(
            partner,
            user=request.user,
            window_starts_at=data["window_starts_at"],
            window_ends_at=data["window_ends_at"],
            token_a=data["token_a"] or None,
        )
    except handshake.HandshakeRefusedError as refused:
        raise Refused(str(refused)) from refused
    return HttpResponseRedirect(url_of(HandshakeRun, run.pk))


def may_start(partner: Partner) -> bool:
    if partner.connection == Connection.SUSPENDED or not not_ended(partner):
        return False
    return not HandshakeRun.objects.filter(partner=partner, state__in=LIVE).exists()


class ByHandForm(forms.Form):
    """The tokens that both sides agreed on."""

    their_token = token_field(
        "The token that we call them with", "As they gave it to us. It is tried before anything changes.", required=True
    )
    our_token = token_field(
        "The token that they call us with",
        "If they say which one they have. Empty: the one that they used last stays; where there is none, a new one is "
        "made and shown once.",
    )


def connect_by_hand(request: HttpRequest, partner: Partner, data: dict[str, Any]) -> HttpResponse | str:
    """Method B. A token that is new to them is shown, this once."""
    try:
        done = connect_manually(partner, data["their_token"], data["our_token"])
    except handshake.HandshakeRefusedError as refused:
        raise Refused(str(refused)) from refused
    if not done.new_token:
        last4 = done.token_in_use.last4
        return f"Connected over OCPI {done.version}. They call us with the token that ends in {last4}."
    return reveal(
        request,
        title=f"New token for {partner.name}",
        secret=done.new_token,
        explanation=f"Connected over OCPI {done.version}. They had no usable token of ours: send them this one through "
        "a secure channel.",
        facts={"Our versions URL": versions_url(partner), "Their party": f"{partner.country_code}*{partner.party_id}"},
        back=url_of(Partner, partner.pk),
    )


def rotate(request: HttpRequest, partner: Partner, _data: dict[str, Any]) -> HttpResponse:
    """Start the run, and go to its page."""
    try:
        run = handshake.rotate(partner, user=request.user)
    except handshake.HandshakeRefusedError as refused:
        raise Refused(str(refused)) from refused
    return HttpResponseRedirect(url_of(HandshakeRun, run.pk))


HANDSHAKE = PageAction(
    "handshake",
    "Start handshake",
    ONBOARD,
    "We read their versions URL with Token A, check the modules and exchange permanent tokens. Their server must "
    "be reachable in the window; until it closes we keep trying.",
    start_handshake,
    icon="handshake",
    tone=lambda partner: DEFAULT if partner.connection == Connection.CONNECTED else PRIMARY,
    form=HandshakeForm,
    possible=may_start,
)
BY_HAND = PageAction(
    "connect-by-hand",
    "Connect by hand",
    REVEAL,
    "Method B, for a CPO that has registered us before: no handshake, they keep their registration. We read their "
    "versions and endpoints with the token that you enter; if that fails, nothing changes.",
    connect_by_hand,
    icon="keyboard",
    form=ByHandForm,
    possible=lambda partner: bool(partner.versions_url) and may_start(partner),
)
ROTATE = PageAction(
    "rotate",
    "Renew the tokens",
    ONBOARD,
    "Both sides exchange new tokens by PUT. The old ones work until the new ones were seen in use, so nobody is locked "
    "out.",
    rotate,
    icon="autorenew",
    possible=lambda partner: partner.connection == Connection.CONNECTED and may_start(partner),
)
