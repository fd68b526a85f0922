"""What staff can do with a partner."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminPasswordWidget

from ocpi import handshake
from ocpi.admin.conformance_actions import PARTNER_ACTIONS as CHECKS
from ocpi.models import HandshakeRun
from ocpi.routing import versions_url
from ocpi.sync.requests import request_sync
from partners.admin.actions import DEFAULT, PRIMARY, PageAction, Refused
from partners.admin.fields import MomentField
from partners.admin.showing import url_of
from partners.models import Partner
from partners.services import check_token, issue_registration_token

ONBOARD, REVEAL = "partners.onboard_partner", "partners.reveal_secret"
SYNC = "ocpi.request_sync"
Connection = Partner.Connection
LIVE = (HandshakeRun.State.SCHEDULED, HandshakeRun.State.RUNNING)


class HandshakeForm(forms.Form):
    """When to try, and with which Token A."""

    window_starts_at = MomentField(label="Window opens", help_text="Empty: at once.")
    window_ends_at = MomentField(label="Window closes", help_text="Empty: 30 minutes after it opens.")
    token_a = forms.CharField(
        label="Token A",
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="Only if they sent a new one. Empty: the one that is stored.",
    )

    def clean_token_a(self) -> str:
        token = str(self.cleaned_data["token_a"]).strip()
        if token:
            check_token(token)
        return token


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
    if partner.connection == Connection.SUSPENDED:
        return False
    return not HandshakeRun.objects.filter(partner=partner, state__in=LIVE).exists()


def issue_token(request: HttpRequest, partner: Partner, _data: dict[str, Any]) -> HttpResponse:
    """Make Token B and show it, this once."""
    return reveal(
        request,
        title=f"Token B for {partner.name}",
        secret=issue_registration_token(partner),
        explanation="Send it to their technical contact through a secure channel, together with our versions URL.",
        facts={"Our versions URL": versions_url(partner), "Their party": f"{partner.country_code}*{partner.party_id}"},
        back=url_of(Partner, partner.pk),
    )


def reveal(
    request: HttpRequest, *, title: str, secret: str, explanation: str, back: str, facts: dict[str, str] | None = None
) -> HttpResponse:
    """A page that shows a secret. Nothing keeps it: going back or reloading does not bring it again."""
    if not request.user.has_perm(REVEAL):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": title,
        "secret": secret,
        "explanation": explanation,
        "facts": facts or {},
        "back": back,
    }
    response = TemplateResponse(request, "admin/support/reveal.html", context)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def sync(module: str) -> Any:
    def run(_request: HttpRequest, partner: Partner, _data: dict[str, Any]) -> str:
        row = request_sync(partner, module, full=True)
        return f"Reading all {module} of {partner.name}: run {row.pk}. What it stored and refused is under “Syncs”."

    return run


def is_connected(partner: Partner) -> bool:
    return bool(partner.connection == Connection.CONNECTED)


ACTIONS = (
    PageAction(
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
    ),
    *CHECKS,
    PageAction(
        "sync-locations",
        "Sync locations",
        SYNC,
        "We read all their locations now. What is missing from the answer is marked as missing.",
        sync("locations"),
        icon="sync",
        possible=is_connected,
    ),
    PageAction(
        "sync-tariffs",
        "Sync tariffs",
        SYNC,
        "We read all their tariffs now.",
        sync("tariffs"),
        icon="sync",
        possible=is_connected,
    ),
    PageAction(
        "issue-token-b",
        "Issue Token B",
        REVEAL,
        "We make a token that they read our versions and register with. It is shown once, on the next page. A Token B "
        "issued earlier stops working at once; the tokens of a standing connection do not.",
        issue_token,
        icon="key",
    ),
)
