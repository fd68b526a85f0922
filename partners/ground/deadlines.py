"""Deadline columns: claiming the rows whose time has come.

A model that waits for something has a `next_check_at` column: the moment at which somebody must look at the
row again, or NULL when nobody must. The column is the outbox: a lost task, a dead worker or an empty broker
costs latency and nothing else, because the row stays due until somebody moves its deadline.

While a worker is at a row, the column is the end of that worker's lease. Every write of a worker asks first whether
the lease in the row is still its own (`holding`), so that one who was believed dead cannot overwrite what its
successor did.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models, router, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from partners.ground import rows

Row = TypeVar("Row", bound=models.Model)


def due_index(name: str, *before: str) -> models.Index:
    """The partial index of a deadline column, over the columns `before` it too: what `claim_due` looks through."""
    return models.Index(fields=[*before, "next_check_at"], condition=Q(next_check_at__isnull=False), name=name)


def growing_pause(tries: int, first: timedelta, longest: timedelta) -> timedelta:
    """How long to wait after the `tries`-th try: `first`, then twice as long each time, `longest` at most."""
    return min(first * int(2 ** min(tries - 1, 10)), longest)


class LeaseLostError(Exception):
    """Another worker has the row now, or it was ended by somebody else."""


def is_free(now: datetime, held: datetime | None = None) -> Q:
    """The condition that a row may be taken at `now`.

    It is due, or under the lease that ends at `held`: the one that a sweep took on behalf of the task that asks.
    """
    due = Q(next_check_at__lte=now)
    return due | Q(next_check_at=held) if held else due


def take_lease(
    rows: "QuerySet[Any]", lease: timedelta, held: datetime | None = None, /, **values: Any
) -> datetime | None:
    """Take the one row of `rows` if it is free (`is_free`); return the end of the lease, None where it is not.

    `values` are columns that change with it.
    """
    now = timezone.now()
    until = now + lease
    return until if rows.filter(is_free(now, held)).update(next_check_at=until, **values) else None


@contextmanager
def holding(model: type[Row], pk: Any, until: datetime) -> Iterator[Row]:
    """A transaction with the row locked, for the worker whose lease ends at `until`.

    Raises:
        LeaseLostError
    """
    with transaction.atomic():
        row = model._base_manager.select_for_update().get(pk=pk)
        if row.next_check_at != until:  # type: ignore[attr-defined]  # every model of this module has it
            raise LeaseLostError(f"{model._meta.verbose_name} {pk}")
        yield row


def is_any_due(models: Sequence[type[models.Model]], now: datetime) -> bool:
    """Whether a row of any of the models is due: one small statement for a sweep that mostly finds nothing.

    `claim_due` costs several times as much even where there is nothing to claim.
    """
    moment = connections[DEFAULT_DB_ALIAS].ops.adapt_datetimefield_value(now)
    return bool(rows.run(_question(tuple(models)), [moment] * len(models))[0][0])


@cache
def _question(models: tuple[type[models.Model], ...]) -> str:
    due = (f'EXISTS (SELECT 1 FROM "{model._meta.db_table}" WHERE next_check_at <= %s)' for model in models)
    return f"SELECT {' OR '.join(due)}"


def claim_due(
    model: type[models.Model], *, now: datetime, lease: timedelta, limit: int, where: Q | None = None
) -> list[Any]:
    """Claim at most `limit` due rows, longest overdue first, and return their primary keys.

    Due means `next_check_at <= now` (and `where`, if given). Claiming moves `next_check_at` to `now + lease`:
    if whoever gets the key does not finish, the row is due again after the lease. Two callers at the same
    time never get the same row, and neither waits for the other.

    `now` is read once by the caller and bound as a constant, so that the partial index on `next_check_at`
    serves the predicate; a clock that advances within the statement would turn the index scan into a filter.

    One statement. PostgreSQL skips rows that another transaction has locked; SQLite has one writer at a time
    and needs no row locks.
    """
    using = router.db_for_write(model)
    connection = connections[using]
    due = model._base_manager.using(using).filter(next_check_at__lte=now)
    if where is not None:
        due = due.filter(where)
    due = due.order_by("next_check_at").select_for_update(skip_locked=True)
    with transaction.atomic(using=using):
        picked, picked_params = due.values("pk")[:limit].query.get_compiler(using=using).as_sql()
        quote = connection.ops.quote_name
        key = model._meta.pk
        table, pk = quote(model._meta.db_table), quote(str(key.column))
        # An array is computed once. As a plain IN the planner may run the locking subquery again for each row
        # that it compares, and lock and claim more than `limit`.
        chosen = f"= ANY(ARRAY({picked}))" if connection.vendor == "postgresql" else f"IN ({picked})"
        statement = f"UPDATE {table} SET {quote('next_check_at')} = %s WHERE {pk} {chosen} RETURNING {pk}"
        until = connection.ops.adapt_datetimefield_value(now + lease)
        with connection.cursor() as cursor:
            cursor.execute(statement, [until, *picked_params])
            return [key.to_python(row[0]) for row in cursor.fetchall()]
