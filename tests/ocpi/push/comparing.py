"""What two ways leave in the database, made comparable: keys that the database counts, or chance makes, are named after
the place of their row."""

import re
from collections.abc import Iterable
from typing import Any

from django.db import models

COUNTED = frozenset({"id", "duration_ms", "last_message_id", "message_id", "linked_at"})
"""Columns that count rows, or the time that something took."""
UUIDS = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
COUNTED_KEYS = re.compile(r"(orphan:|stray:|#)(\d+)")
SAID_OF = {"orphan:": "AttemptSession", "stray:": "OcpiSession", "#": "OcpiSession"}
"""How keys stand in texts: of incidents and references, and in ids that were used again."""


def rows(kept: Iterable[type[models.Model]], counted: frozenset[str] = COUNTED) -> dict[str, list[dict[str, Any]]]:
    """The rows of some models, in the order in which they were made."""
    found = {model: sorted(model._default_manager.all(), key=_age) for model in kept}
    names = {
        (model, row.pk): f"{model.__name__} {number}"
        for model, all_ in found.items()
        for number, row in enumerate(all_)
    }
    texts = {str(pk): name for (model, pk), name in names.items() if not isinstance(pk, int)}
    texts |= {
        f"{mark}{pk}": f"{mark}{name}"
        for (model, pk), name in names.items()
        for mark, of in SAID_OF.items()
        if model.__name__ == of
    }

    def tell(value: Any) -> Any:
        if isinstance(value, str):
            value = UUIDS.sub(lambda one: texts.get(one[0], one[0]), value)
            return COUNTED_KEYS.sub(lambda one: texts.get(one[0], one[0]), value)
        if isinstance(value, dict):
            return {tell(name): "" if name == "message" else tell(item) for name, item in value.items()}
        return [tell(item) for item in value] if isinstance(value, list) else value

    def columns(row: models.Model) -> dict[str, Any]:
        told = {}
        for field in row._meta.concrete_fields:
            if field.attname not in counted:
                value = getattr(row, field.attname)
                ours = names.get((field.related_model, value)) if field.related_model is not None else None
                told[field.attname] = ours or tell(value)
        return told

    return {model.__name__: [columns(row) for row in all_] for model, all_ in found.items()}


def _age(row: models.Model) -> tuple[Any, ...]:
    if isinstance(row.pk, int):
        return (row.pk,)
    known = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    del known[row._meta.pk.attname]
    return known.pop("created_at"), UUIDS.sub("", repr(sorted(known.items())))


def differences(one: list[Any], other: list[Any]) -> list[Any]:
    """What is not the same in two plays, each its answers and its rows."""
    answers = [(a, b) for a, b in zip(one[0], other[0], strict=True) if a != b]
    found: list[Any] = [("answers", *pair) for pair in answers]
    for name, rows_ in one[1].items():
        if len(rows_) != len(other[1][name]):
            found.append((name, rows_, other[1][name]))
        for number, (a, b) in enumerate(zip(rows_, other[1][name], strict=False)):
            found += [(name, number, column, a[column], b[column]) for column in a if a[column] != b[column]]
    return found
