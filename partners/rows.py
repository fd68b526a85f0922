"""Hand-written SQL, for the few statements that every message of a CPO needs.

The ORM works out each statement anew, which costs several times what the database needs for it. A `Table` knows a
model's columns, how values go in and how rows come out, on every database; the statements themselves stand where
they are used, and say what they do.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

M = TypeVar("M", bound=models.Model)


class Table(Generic[M]):
    """The table of a model, with all of its columns in the model's order."""

    def __init__(self, model: type[M]) -> None:
        self.model = model
        self._readers: dict[str, list[tuple[int, Any, Any]]] = {}

    @cached_property
    def fields(self) -> list[Any]:
        return list(self.model._meta.concrete_fields)

    @cached_property
    def name(self) -> str:
        return str(self.model._meta.db_table)

    @cached_property
    def names(self) -> list[str]:
        return [field.attname for field in self.fields]

    @cached_property
    def columns(self) -> str:
        """For a SELECT or RETURNING, qualified with the table's name."""
        return ", ".join(f'"{self.name}"."{field.column}"' for field in self.fields)

    @cached_property
    def _without_key(self) -> list[Any]:
        return [field for field in self.fields if not field.primary_key]

    @cached_property
    def _insert(self) -> str:
        columns = ", ".join(f'"{field.column}"' for field in self._without_key)
        marks = ", ".join(["%s"] * len(self._without_key))
        key = self.model._meta.pk.column
        return f'INSERT INTO "{self.name}" ({columns}) VALUES ({marks}) RETURNING "{key}"'  # noqa: S608

    @cached_property
    def _insert_where(self) -> str:
        return self._insert.replace("VALUES (", "SELECT ").replace(") RETURNING", " WHERE {} RETURNING")

    @cached_property
    def _update(self) -> str:
        pairs = ", ".join(f'"{field.column}" = %s' for field in self._without_key)
        return f'UPDATE "{self.name}" SET {pairs} WHERE "{self.model._meta.pk.column}" = %s'  # noqa: S608

    def read(self, row: Sequence[Any]) -> M:
        """Make an instance of the columns of a row, as the ORM would."""
        values = list(row[: len(self.fields)])
        for position, convert, expression in self._converters():
            values[position] = convert(values[position], expression, connection)
        return self.model.from_db(connection.alias, self.names, values)

    def _converters(self) -> list[tuple[int, Any, Any]]:
        """What the database's own values must go through: JSON everywhere, moments and numbers on SQLite."""
        found = self._readers.get(connection.vendor)
        if found is None:
            found = []
            for position, field in enumerate(self.fields):
                expression = field.get_col(self.name)
                of_database = connection.ops.get_db_converters(expression)
                of_field = expression.get_db_converters(connection)
                found += [(position, convert, expression) for convert in (*of_database, *of_field)]
            self._readers[connection.vendor] = found
        return found

    def _values(self, row: M, *, adding: bool) -> list[Any]:
        database = connections[DEFAULT_DB_ALIAS]  # looked up once: `connection` looks it up at each use
        return [field.get_db_prep_save(field.pre_save(row, adding), database) for field in self._without_key]

    def first(self, rest: str, params: Sequence[Any]) -> M | None:
        """Return the first row of `SELECT <all columns> FROM <table> <rest>`."""
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT {self.columns} FROM "{self.name}" {rest}', params)  # noqa: S608
            row = cursor.fetchone()
        return self.read(row) if row else None

    def all(self, rest: str, params: Sequence[Any]) -> list[M]:
        """Return all of them."""
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT {self.columns} FROM "{self.name}" {rest}', params)  # noqa: S608
            return [self.read(row) for row in cursor.fetchall()]

    def insert(self, row: M, condition: str = "") -> None:
        """Write a new row and give it its key. `auto_now` columns are set, as by `save`.

        `condition` stands where a SELECT has its WHERE; it must hold.
        """
        values = self._values(row, adding=True)
        with connection.cursor() as cursor:
            cursor.execute(self._insert_where.format(condition) if condition else self._insert, values)
            row.pk = cursor.fetchone()[0]
        row._state.adding, row._state.db = False, connection.alias

    def update(self, row: M) -> None:
        """Write all columns of a stored row; `auto_now` columns are set, as by `save`."""
        values = self._values(row, adding=False)
        with connection.cursor() as cursor:
            cursor.execute(self._update, [*values, row.pk])


def fetch(statement: str, params: Sequence[Any]) -> list[Any]:
    """Run one statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())


def execute(statement: str, params: Sequence[Any]) -> None:
    """Run one statement that returns nothing."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def soon() -> str:
    """A condition that always holds, and lets the statement's own commit not wait for the disk.

    Whatever commits after it takes it along to the disk, so nothing durable is ever built on what is not. Empty
    where that cannot be: on SQLite, and inside a transaction, which it would change as a whole.
    """
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return ""
    return "set_config('synchronous_commit', 'off', true) = 'off'"


def for_update() -> str:
    """What locks the rows that a SELECT finds. SQLite has one writer at a time and no such words."""
    return "FOR UPDATE" if connection.features.has_select_for_update else ""


def joined(column: str) -> str:
    """All values of a column in one text, with blanks between them."""
    function = "string_agg" if connection.vendor == "postgresql" else "group_concat"
    return f"{function}({column}, ' ')"
