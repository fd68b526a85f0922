"""What waits for a worker: per deadline column the rows that are due, and for how long the oldest of them is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.apps import apps
from django.db.models import Count, Min, Model
from django.utils.text import capfirst

from partners.admin.kit.showing import duration

# Beats come every second to every few seconds; what is due for longer nobody has taken.
PATIENCE = timedelta(seconds=60)


@dataclass(frozen=True)
class Queue:
    """`behind`: for how long the oldest of its due rows waits; `late`: longer than a worker takes to come by."""

    name: str
    due: int
    behind: str
    late: bool


def models_with_deadline() -> list[type[Model]]:
    """Every model with a deadline column."""
    return [
        model
        for model in apps.get_models()
        if any(field.name == "next_check_at" for field in model._meta.concrete_fields)
    ]


def queues(now: datetime) -> list[Queue]:
    """Those with due rows, late ones first. One query per deadline column, each over its partial index."""
    found = [queue for model in models_with_deadline() if (queue := _queue(model, now))]
    return sorted(found, key=lambda queue: (not queue.late, -queue.due, queue.name))


def _queue(model: type[Model], now: datetime) -> Queue | None:
    due = model._default_manager.filter(next_check_at__lte=now).order_by()
    counted = due.aggregate(rows=Count("pk"), oldest=Min("next_check_at"))
    oldest = counted["oldest"]
    if oldest is None:
        return None
    name = str(model._meta.verbose_name_plural)
    return Queue(capfirst(name), counted["rows"], duration((now - oldest).total_seconds()), oldest < now - PATIENCE)
