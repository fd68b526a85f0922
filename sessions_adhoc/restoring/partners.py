"""CPOs: what they have told since then and we have forgotten, and whether they still take our tokens."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower

from billing.restoring.findings import Finding, Kind
from ocpi.models import OcpiSession, Token
from ocpi.sync import PullResult, pull_cdrs, pull_sessions, request_sync
from partners import clocks
from partners.ground.numbers import plain
from partners.models import Partner, RemoteEndpoint

MARGIN = timedelta(minutes=15)
"""How far before the moment we ask from: `date_from` is compared with their `last_updated`."""

ROTATED = (
    "If tokens were renewed after the backup, nothing can bring the new ones back: register with them again (guide"
    " 7.3), and say so to their technical contact. What they have not told yet is pulled then: run the command again."
)
RUN_AGAIN = "Run the command again when they answer: Sessions and CDRs of that time are missing until then."
OURS = "SFP"
"""How the one-off tokens of our charges begin (`ocpi.store.tokens`)."""


def pull(partner: Partner, since: datetime) -> Iterator[Finding]:
    """GET the Sessions and CDRs that changed since then; have Locations and tariffs read by a worker."""
    date_from = clocks.asked_from(partner.pk, since - MARGIN)
    for module, get in (("sessions", pull_sessions), ("cdrs", pull_cdrs)):
        result = get(partner.pk, date_from)
        if not result.ok:
            yield _failed(partner, module, result)
    for module in ("locations", "tariffs"):
        if RemoteEndpoint.objects.filter(partner=partner, version=partner.version, module=module).exists():
            request_sync(partner, module)


def _failed(partner: Partner, module: str, result: PullResult) -> Finding:
    refused = "HTTP 401" in result.error or "HTTP 403" in result.error or "token" in result.error
    text = f"{partner.name}: {result.error}"
    if not result.offered:
        advice = f"They do not offer {module}: ask them for what they have told since the backup."
    else:
        advice = ROTATED if refused else RUN_AGAIN
    key = f"token:{partner.pk}" if refused else f"pull:{partner.pk}:{module}"
    return Finding(key, Kind.PARTNER, text, advice, partner)


def unknown_charges(since: datetime) -> Iterator[Finding]:
    """Sessions with a token of ours that nobody knows: a charge of which nothing but this is left."""
    known = Token.objects.annotate(name=Lower("uid")).filter(name=Lower(OuterRef("token_uid")))
    lost = OcpiSession.objects.filter(first_seen_at__gte=since, token_uid__istartswith=OURS).exclude(Exists(known))
    for row in lost.select_related("partner").order_by("pk"):
        text = (
            f"{row.partner.name}: Session {row.ocpi_id} is {row.status} with {plain(row.kwh)} kWh at {row.evse_uid}."
            f" It names our token {row.token_uid}, which we do not know."
        )
        advice = (
            "A driver charges, or has charged, and nothing is known of the money: look at the gateway for a hold of"
            " that time, and ask the CPO to stop it if it runs. Nobody is billed for it."
        )
        yield Finding(f"session:{row.pk}", Kind.CHARGE, text, advice, row.partner)
