"""How entries of the history read: who, what, and the page of what it was done to."""

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateTimeField, Field, Model
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from partners.models.history import HistoryEntry

NOBODY = "the platform"
LONGEST_VALUE = 80
VERBS = {
    HistoryEntry.Action.CREATE: "Added",
    HistoryEntry.Action.UPDATE: "Changed",
    HistoryEntry.Action.DELETE: "Removed",
}
EMPTY = ("", "None", None)
SWITCHES = {"True": "yes", "False": "no"}


def who(entry: HistoryEntry) -> str:
    """A user's full name, or else who it was."""
    if entry.actor:
        return str(entry.actor.get_full_name() or entry.actor.get_username())
    return entry.by or entry.actor_email or NOBODY


def what(entry: HistoryEntry) -> str:
    """One sentence: `Suspend: Ion is suspended …`, `Changed contact Jana: e-mail: a → b`."""
    if entry.label:
        return f"{entry.label}: {entry.outcome}" if entry.outcome else entry.label
    changes = "; ".join(details(entry))
    named = entry.object_repr.lower().startswith(kind(entry).lower())
    head = f"{verb(entry)} {'' if named else f'{kind(entry)} '}{entry.object_repr}"
    return f"{head}: {changes}" if changes else head


def verb(entry: HistoryEntry) -> str:
    """`Added`, `Changed`, `Removed`."""
    return VERBS.get(entry.action, "Looked at")


def kind(entry: HistoryEntry) -> str:
    """What sort of thing it was done to: `contact`."""
    return str(entry.content_type.name)


def link(entry: HistoryEntry) -> str:
    """The admin's page of the row; that of its partner where it has none, or is gone; else empty."""
    if entry.action != HistoryEntry.Action.DELETE:
        try:
            name = f"admin:{entry.content_type.app_label}_{entry.content_type.model}_change"
            return reverse(name, args=[entry.object_pk])
        except NoReverseMatch:
            pass
    return reverse("admin:partners_partner_change", args=[entry.partner_id]) if entry.partner_id else ""


def details(entry: HistoryEntry) -> list[str]:
    """Each change of a field: `e-mail: a → b`. What a removed row held is in its name."""
    if entry.action == HistoryEntry.Action.DELETE:
        return []
    model = entry.content_type.model_class()
    return [_change(model, name, change) for name, change in sorted((entry.changes or {}).items())]


def _change(model: type[Model] | None, name: str, change: Any) -> str:
    known = _field(model, name)
    title = str(known.verbose_name) if known else name.replace("_", " ")
    if isinstance(change, dict):
        verb = "added" if change.get("operation") == "add" else "removed"
        return f"{title}: {verb} {', '.join(change.get('objects', []))}"
    old, new = (_value(known, value) for value in change)
    return f"{title}: {new}" if old == "-" else f"{title}: {old} → {new}"


def _field(model: type[Model] | None, name: str) -> "Field[Any, Any] | None":
    try:
        found = model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None
    return found if isinstance(found, Field) else None


def _value(known: "Field[Any, Any] | None", value: Any) -> str:
    """A stored value as people read it: choices by their name, moments in local time."""
    if value in EMPTY:
        return "-"
    text = str(value)
    if isinstance(known, DateTimeField):
        return _local(text)
    choices = {str(key): str(name) for key, name in (getattr(known, "flatchoices", None) or ())}
    text = choices.get(text, SWITCHES.get(text, text))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _local(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return timezone.localtime(aware).strftime("%-d %b %Y, %H:%M")
