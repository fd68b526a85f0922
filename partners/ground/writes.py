"""Rows that belong together, written together.

    writes = Writes()
    writes.change(session, "state", "next_check_at")
    writes.add(event)
    writes.run()                # one statement, in the caller's transaction

PostgreSQL takes all of it as one statement (`WITH ... AS (UPDATE ...)`), prepared as in `partners.ground.rows`; SQLite
takes one after the other. The parts of one statement see nothing of each other and have no order: where a constraint
allows the second only after the first, `run` the first before.
"""

from functools import cache
from typing import Any, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import QuerySet
from django.db.models.sql import UpdateQuery

from partners.ground.rows import Table, run

M = TypeVar("M", bound=models.Model)
Part = tuple[str, list[Any]]


@cache
def table_of(model: type[models.Model]) -> Table[Any]:
    """The table of a model; one for all."""
    return Table(model)


class Writes:
    """What is to be written, each row once, with the values that it has when it is written."""

    def __init__(self) -> None:
        self._added: dict[type[models.Model], list[models.Model]] = {}
        self._changed: dict[int, tuple[models.Model, set[str]]] = {}
        self._updates: list[Part] = []

    def add(self, *rows: models.Model) -> None:
        """Insert new rows; those of one model in this order. A key that the database gives is not read back."""
        for row in rows:
            self._added.setdefault(type(row), []).append(row)

    def change(self, row: models.Model, *names: str) -> None:
        """Write these columns of a stored row, by the names of their fields. One that is still to be added has them."""
        if not row._state.adding:
            self._changed.setdefault(id(row), (row, set()))[1].update(names)

    def update(self, rows: QuerySet[Any], **values: Any) -> None:
        """Change columns of the rows that a queryset finds, as its `update`: none of those that are written here."""
        self._updates.append(_updating(rows, values))

    def is_changing(self, row: models.Model) -> bool:
        return id(row) in self._changed

    def parts(self) -> list[Part]:
        """The statements, with the values that the rows have now: `run_parts` runs them."""
        parts = [table_of(type(row)).updating(row, names) for row, names in self._changed.values()]
        return [*parts, *self._updates, *(table_of(model).inserting(rows) for model, rows in self._added.items())]

    def run(self) -> None:
        """Write it all, and forget it."""
        run_parts(self.parts())
        for row in (row for rows in self._added.values() for row in rows):
            row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
        self._added, self._changed, self._updates = {}, {}, []


def run_parts(parts: list[Part]) -> None:
    """Run statements, whose order does not matter, as one where the database can."""
    if len(parts) > 1 and connections[DEFAULT_DB_ALIAS].vendor == "postgresql":
        *others, (last, _values) = parts
        named = ", ".join(f"w{number} AS ({sql})" for number, (sql, _values) in enumerate(others))
        parts = [(f"WITH {named} {last}", [value for _sql, values in parts for value in values])]
    for sql, values in parts:
        run(sql, values)


def update_returning(rows: QuerySet[M], **values: Any) -> list[M]:
    """Change columns of the rows that a queryset finds, as its `update`; return them as they are now."""
    sql, params = _updating(rows, values)
    table = table_of(rows.model)
    return [table.read(row) for row in run(f"{sql} RETURNING {table.columns}", params)]


def _updating(rows: QuerySet[Any], values: dict[str, Any]) -> Part:
    query = cast(UpdateQuery, rows.query.chain(UpdateQuery))
    query.add_update_values(values)
    sql, params = query.get_compiler(rows.db).as_sql()
    return sql, list(params)
