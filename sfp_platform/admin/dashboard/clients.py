"""What clients of the driver's API and our back office do not get before somebody sees to it."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from partners.admin.kit.showing import in_our_zone, list_url, url_of
from sessions_adhoc.contracts import doubts
from sessions_adhoc.models import ContractRecord, WebhookDelivery, WebhookEndpoint
from sessions_adhoc.webhooks.endpoints import incident_key
from sessions_adhoc.webhooks.events import TEST
from sessions_adhoc.webhooks.trouble import key_of
from sfp_platform.admin.dashboard.item import Item, item_of

MOST = 500
GIVEN_UP = WebhookDelivery.objects.filter(state=WebhookDelivery.State.GIVEN_UP).exclude(kind=TEST)
"""Whoever sends a test looks at what came of it."""


def held_charges(_now: datetime) -> Iterable[Item]:
    """Contract charges that are held: one row for each partner, since a wrong habit of a CPO holds all of them."""
    held = ContractRecord.objects.filter(state=ContractRecord.State.HELD)
    by_partner: dict[int, list[ContractRecord]] = defaultdict(list)
    for row in held.select_related("partner", "cdr", "ocpi_session").order_by("id")[:MOST]:
        by_partner[row.partner_id].append(row)
    for partner_id, rows in by_partner.items():
        oldest, several = rows[0], len(rows) > 1
        what = f"{len(rows)} contract charges are held, the oldest" if several else f"{oldest} is held"
        listed = list_url(ContractRecord, partner__id__exact=partner_id, state__exact=ContractRecord.State.HELD)
        yield item_of(
            oldest,
            85,
            "Contract charge",
            f"{what}: {' '.join(in_our_zone(doubt['text']) for doubt in oldest.doubts)}",
            oldest.created_at,
            key=f"contract:{partner_id}",
            state=str(rows[-1].pk),
            press="Decide",
            press_url=listed if several else "",
            advice="Nothing of it goes to the back office before you check again, hand it over, or refuse it.",
            about=frozenset(f"{partner_id}:{doubts.key_of(doubt['code'])}" for row in rows for doubt in row.doubts),
        )


def webhooks(_now: datetime) -> Iterable[Item]:
    """Webhooks that are paused, or did not take an event in three days: one row for each."""
    theirs = GIVEN_UP.filter(endpoint=OuterRef("pk"))
    rows = WebhookEndpoint.objects.filter(Exists(theirs) | Q(state=WebhookEndpoint.State.PAUSED))
    endpoints = list(rows.filter(client__revoked_at=None).select_related("client").order_by("state_since")[:MOST])
    given_up: dict[int, list[WebhookDelivery]] = defaultdict(list)
    for row in GIVEN_UP.filter(endpoint__in=endpoints).defer("body").order_by("id")[:MOST] if endpoints else ():
        given_up[row.endpoint_id].append(row)
    for endpoint in endpoints:
        if endpoint.state == WebhookEndpoint.State.PAUSED:
            yield _paused(endpoint, given_up[endpoint.pk])
        elif given_up[endpoint.pk]:
            yield _not_taken(endpoint, given_up[endpoint.pk])


def _paused(endpoint: WebhookEndpoint, rows: list[WebhookDelivery]) -> Item:
    return Item(
        65,
        "Webhook",
        f"{endpoint} is paused: {endpoint.why}",
        url_of(WebhookEndpoint, endpoint.pk),
        "",
        endpoint.state_since,
        key=f"webhook:{endpoint.pk}",
        state="paused",
        press="Turn on",
        advice="Tell whoever operates it, then turn it on: what waits goes out, in order.",
        about=frozenset({incident_key(endpoint.pk), *map(key_of, rows)}),
    )


def _not_taken(endpoint: WebhookEndpoint, rows: list[WebhookDelivery]) -> Item:
    oldest, several = rows[0], len(rows) > 1
    what = f"{len(rows)} events, the oldest {oldest}" if several else str(oldest)
    listed = list_url(WebhookDelivery, endpoint__id__exact=endpoint.pk, state__exact=WebhookDelivery.State.GIVEN_UP)
    return Item(
        60,
        "Webhook",
        f"{endpoint} does not take {what}",
        url_of(WebhookDelivery, oldest.pk),
        "",
        oldest.written_at,
        key=f"webhook:{endpoint.pk}",
        state=str(rows[-1].pk),
        press="Send again",
        press_url=listed if several else "",
        advice="Later events of the same subject wait behind it: send it again once they can take it, or leave it out.",
        about=frozenset(map(key_of, rows)),
    )
