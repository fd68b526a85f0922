"""The history of the configuration: what is recorded, why and by whom, and one list of it per partner.

Changes of rows are noticed by django-auditlog where they are saved; buttons are written down by `PageAction`s. Only
configuration is recorded: what a charge or a push writes is in the message log and on the timelines.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auditlog.registry import auditlog
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from partners.history import entry_words
from partners.models import HistoryEntry, Partner
from partners.models.circumstances import NOT_RECORDED, RECORDED, because, circumstances

__all__ = [
    "NOT_RECORDED",
    "RECORDED",
    "Line",
    "Result",
    "because",
    "begin",
    "circumstances",
    "finish",
    "hide",
    "line_of",
    "note",
    "of",
    "record_models",
]

HIDDEN = "(hidden)"
Result = HistoryEntry.Result


def record_models() -> None:
    """Have auditlog watch RECORDED; called once, when the apps are ready."""
    for label, how in RECORDED.items():
        model = apps.get_model(label)
        columns = [column.name for column in model._meta.concrete_fields if not column.primary_key]
        auditlog.register(
            model,
            # Named one by one: auditlog would look up reverse relations too.
            include_fields=list(how.fields) or [name for name in columns if name not in how.without],
            mask_fields=list(how.masked),
            mask_callable="partners.history.hide",
            m2m_fields=list(how.relations),
        )


def hide(_value: str) -> str:
    """What the history shows of a secret."""
    return HIDDEN


def begin(user: Any, row: Model, label: str, reason: str = "") -> HistoryEntry:
    """Write down that `user` pressed a button, before it does anything: a crash leaves "Not finished"."""
    values = {**circumstances(row), "reason": reason}
    entry: HistoryEntry = HistoryEntry.objects.create(
        **values, **_object(row), actor=user, label=label, result=Result.STARTED
    )
    return entry


def finish(entry: HistoryEntry, result: str, outcome: str = "") -> None:
    """Write down how it ended."""
    HistoryEntry.objects.filter(pk=entry.pk).update(result=result, outcome=outcome)


def note(row: Model, label: str, outcome: str = "", *, user: Any = None, reason: str = "") -> HistoryEntry:
    """Write down something that was done to `row` and shows in no column of it."""
    values = circumstances(row)
    values["reason"] = reason or values["reason"]
    entry: HistoryEntry = HistoryEntry.objects.create(
        **values, **_object(row), actor=user, label=label, outcome=outcome, result=Result.DONE
    )
    return entry


def _object(row: Model) -> dict[str, Any]:
    return {
        "content_type": ContentType.objects.get_for_model(row, for_concrete_model=False),
        "object_pk": str(row.pk),
        "object_id": row.pk if isinstance(row.pk, int) else None,
        "object_repr": str(row),
        "action": HistoryEntry.Action.UPDATE,
    }


@dataclass(frozen=True)
class Line:
    """One line of a history, for people. `link` is the page of the row; empty where it has none."""

    who: str
    when: datetime
    what: str
    why: str
    link: str
    result: str = ""
    details: list[str] = field(default_factory=list)


def of(partner: Partner, limit: int = 50) -> list[Line]:
    """What was changed and done about a partner, newest first: one query, over an index."""
    entries = HistoryEntry.objects.filter(partner=partner).select_related("actor", "content_type")
    return [line_of(entry) for entry in entries[:limit]]


def line_of(entry: HistoryEntry) -> Line:
    """An entry as people read it."""
    return Line(
        who=entry_words.who(entry),
        when=entry.timestamp,
        what=entry_words.what(entry),
        why=entry.reason,
        link=entry_words.link(entry),
        result=entry.result,
        details=entry_words.details(entry),
    )
