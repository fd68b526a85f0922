"""Who looks after a partner or an incident, and what was noted about it, with the ids in it as links."""

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from ocpi.charger_codes import plain
from ocpi.models import Evse, Message
from onboarding.admin.ticket_actions import Row
from partners.admin.kit.showing import anchor, at, url_of
from partners.models import Incident
from partners.work.notes import notes_of
from partners.work.tickets import key_of, tickets_of
from sessions_adhoc.models import AdHocSession

MOST_NOTES = 30
SESSION = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
EVSE = r"[A-Z]{2}\*[A-Z0-9]{3}\*E[A-Z0-9*]{1,30}"
IDS = re.compile(
    rf"(?P<session>{SESSION})|(?P<evse>\b{EVSE})|(?<![\w&])#(?P<incident>\d{{1,9}})\b"
    r"|\bmessage (?P<message>\d{1,12})\b"
)


def ticket_panel(row: Row, buttons: list[dict[str, Any]]) -> dict[str, Any]:
    """For the template. Five queries at most, however many notes and ids there are."""
    key = key_of(row)
    ticket = tickets_of({key}).get(key)
    notes = list(notes_of(key)[:MOST_NOTES]) if ticket else []
    links = links_in(note.text for note in notes)
    quiet = ticket is not None and ticket.quiet_until is not None and ticket.quiet_until > timezone.now()
    return {
        "ticket": ticket,
        "ticket_quiet": quiet,
        "ticket_buttons": buttons,
        "notes": [{"row": note, "at": at(note.at), "text": linked(note.text, links)} for note in notes],
    }


def links_in(texts: Iterable[str]) -> dict[str, str]:
    """The pages of what the texts name, by the words that name it. Three queries at most; what is unknown has none."""
    found = [match for text in texts for match in IDS.finditer(text)]
    sessions = {UUID(match["session"]) for match in found if match["session"]}
    evses = {plain(match["evse"]): match["evse"] for match in found if match["evse"]}
    incidents = {int(match["incident"]) for match in found if match["incident"]}
    links = {str(pk): url_of(AdHocSession, pk) for pk in _known(AdHocSession, sessions)}
    links |= {f"#{pk}": url_of(Incident, pk) for pk in _known(Incident, incidents)}
    links |= {f"message {match['message']}": url_of(Message, match["message"]) for match in found if match["message"]}
    if evses:
        rows = Evse.objects.filter(evse_id_key__in=evses).order_by("-pk").values_list("evse_id_key", "pk")
        links |= {evses[key]: url_of(Evse, pk) for key, pk in rows}
    return links


def _known(model: Any, keys: set[Any]) -> list[Any]:
    return list(model.objects.filter(pk__in=keys).order_by().values_list("pk", flat=True)) if keys else []


def linked(text: str, links: dict[str, str]) -> SafeString:
    """The text with its ids as links; all else of it is escaped."""
    pieces, end = [], 0
    for match in IDS.finditer(text):
        words = match[0]
        pieces += [_plain(text[end : match.start()]), anchor(links.get(words.lower(), links.get(words, "")), words)]
        end = match.end()
    return mark_safe("".join([*pieces, _plain(text[end:])]))  # noqa: S308  (each piece is escaped)


def _plain(text: str) -> str:
    return conditional_escape(text)
