"""Forgetting what is past its time, once a day, a few rows at a time. The history tells how many of what."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.migrations.state import StateApps
from django.utils import timezone

from partners import history
from partners.ground.deadlines import claim_due
from partners.ground.personal import Kind, kinds
from partners.models import Retention

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=10)
EVERY = timedelta(days=1)
SOON = timedelta(minutes=1)
MOST_BITES = 20


def forget_due(now: datetime) -> dict[str, int]:
    """Forget of each kind whose time has come; return how many rows of which. One that breaks keeps no other."""
    _add_rows(now)
    done = {}
    for row in Retention.objects.filter(pk__in=claim_due(Retention, now=now, lease=LEASE, limit=100)).order_by("name"):
        kind = kinds.get(row.name)
        if kind is None:
            row.delete()
            continue
        try:
            done[row.name] = _forget(row, kind, now)
        except Exception:
            log.exception("forgetting_failed", kind=row.name)
    return done


def after_migrate(apps: StateApps, **_signal: Any) -> None:
    """Have a row for each kind from the start: the admin's page is the list of them."""
    if "retention" in apps.all_models["partners"]:  # not before it is made, or after it was taken back
        _add_rows(timezone.now())


def _add_rows(now: datetime) -> None:
    missing = kinds.keys() - set(Retention.objects.values_list("name", flat=True))
    if missing:
        Retention.objects.bulk_create(
            [Retention(name=name, next_check_at=now) for name in sorted(missing)], ignore_conflicts=True
        )


def _forget(row: Retention, kind: Kind, now: datetime) -> int:
    bites = 0
    total = bite = kind.forget(now) if kind.forget else 0
    while bite and kind.forget and (bites := bites + 1) < MOST_BITES:
        bite = kind.forget(now)
        total += bite
    again = now + (SOON if bite else EVERY)
    Retention.objects.filter(pk=row.pk).update(next_check_at=again, cleaned_at=now, forgotten=row.forgotten + total)
    if total:
        history.note(row, "Forgotten", f"{total} rows of {kind.title.lower()}, after {kind.how_long}.")
    return total
