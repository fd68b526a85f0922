"""What proves an incident, linked to where it can be looked at."""

from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString

from ocpi.models import Message, SyncRun
from partners.admin.kit.showing import anchor, in_our_zone, json_text, lines, list_url, url_of
from partners.models import Incident
from sessions_adhoc.models import AdHocSession


def evidence_list(row: Incident) -> SafeString | str:
    """One piece under the other."""
    return lines(_link(item) for item in row.evidence)


def _link(item: Any) -> SafeString | str:
    """One piece, linked to the exchange, the ad-hoc session or the sync that it names."""
    if not isinstance(item, dict):
        return str(item)
    text = in_our_zone(item.get("text") or json_text(item))
    if item.get("message"):
        return anchor(url_of(Message, item["message"]), text)
    if item.get("sync"):
        return anchor(url_of(SyncRun, item["sync"]), text)
    return session_link(item["session"], text) if item.get("session") else str(text)


def session_link(reference: str, text: str = "") -> SafeString | str:
    """A link to an ad-hoc session; what is no id of one stays text."""
    try:
        return anchor(url_of(AdHocSession, UUID(reference)), text or reference)
    except ValueError:
        return text or reference or "-"


def traffic_link(row: Incident) -> SafeString | str:
    """The partner's failed exchanges in the message log."""
    return anchor(list_url(Message, partner__id__exact=row.partner_id, outcome="failed"), "Failed exchanges with them")
