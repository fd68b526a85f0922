"""What waits for a worker: per deadline column the rows that are due, and since when the oldest of them waits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Count, Min, Model, QuerySet, Value


@dataclass(frozen=True)
class Due:
    """`oldest` is None where nothing is due."""

    model: type[Model]
    rows: int
    oldest: datetime | None


def models_with_deadline() -> list[type[Model]]:
    """Every model with a deadline column."""
    return [
        model
        for model in apps.get_models()
        if any(field.name == "next_check_at" for field in model._meta.concrete_fields)
    ]


def due_at(now: datetime) -> list[Due]:
    """One for each model with a deadline column. One query, each part of it over a partial index."""
    models = models_with_deadline()
    first, *others = (_counted(model, now) for model in models)
    found = {label: (rows, oldest) for label, rows, oldest in first.union(*others, all=True)}
    return [Due(model, *found.get(model._meta.label, (0, None))) for model in models]


def _counted(model: type[Model], now: datetime) -> QuerySet[Any, Any]:
    due: QuerySet[Any, Any] = model._default_manager.filter(next_check_at__lte=now).order_by()
    labelled = due.annotate(label=Value(model._meta.label)).values("label")
    counted: QuerySet[Any, Any] = labelled.annotate(rows=Count("pk"), oldest=Min("next_check_at"))
    return counted.values_list("label", "rows", "oldest")
