"""What staff can do with a partner."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from ocpi.routing import versions_url
from ocpi.sync.requests import request_sync
from onboarding.admin.connection_check_actions import PARTNER_ACTIONS as CHECKS
from onboarding.admin.partner.handshake_actions import BY_HAND, HANDSHAKE, ROTATE
from onboarding.admin.partner.stage_actions import not_ended
from partners.admin.kit.actions import PageAction
from partners.admin.kit.revealing import REVEAL, reveal
from partners.admin.kit.showing import url_of
from partners.models import Partner
from partners.services import issue_registration_token

SYNC = "ocpi.request_sync"
Connection = Partner.Connection


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


def sync(module: str) -> Any:
    def run(_request: HttpRequest, partner: Partner, _data: dict[str, Any]) -> str:
        row = request_sync(partner, module, full=True)
        return f"Reading all {module} of {partner.name}: run {row.pk}. What it stored and refused is under “Syncs”."

    return run


def is_connected(partner: Partner) -> bool:
    return bool(partner.connection == Connection.CONNECTED)


ACTIONS = (
    HANDSHAKE,
    BY_HAND,
    ROTATE,
    *CHECKS,
    PageAction(
        "sync-locations",
        "Sync locations",
        SYNC,
        "We read all their locations now. What is missing from the answer is marked as missing.",
        sync("locations"),
        icon="sync",
        possible=is_connected,
        asks=False,
    ),
    PageAction(
        "sync-tariffs",
        "Sync tariffs",
        SYNC,
        "We read all their tariffs now.",
        sync("tariffs"),
        icon="sync",
        possible=is_connected,
        asks=False,
    ),
    PageAction(
        "issue-token-b",
        "Issue Token B",
        REVEAL,
        "We make a token that they read our versions and register with. It is shown once, on the next page. A Token B "
        "issued earlier stops working at once; the tokens of a standing connection do not.",
        issue_token,
        icon="key",
        possible=not_ended,
    ),
)
