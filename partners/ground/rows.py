"""Hand-written SQL, for the few statements that every message of a CPO needs.

The ORM works out each statement anew, which costs several times what the database needs for it. A `Table` knows a
model's columns, how values go in and how rows come out, on every database; the statements themselves stand where
they are used, and say what they do. On PostgreSQL they are prepared: it plans each once per connection.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.base import ModelState
from psycopg.types.datetime import TimestamptzLoader
from pydantic_core import to_json

M = TypeVar("M", bound=models.Model)
# What PostgreSQL takes as the model has it, without conversion.
AS_IT_IS = (
    models.BooleanField,
    models.CharField,
    models.DateTimeField,
    models.DecimalField,
    models.ForeignKey,
    models.IntegerField,
    models.TextField,
)


class PreparedCursor(psycopg.Cursor[Any]):
    """Prepares what it executes.

    Planning is most of what such small statements cost PostgreSQL, and Django's own cursor puts the values into the
    text, which makes each a new one.
    """

    def execute(self, query: Any, params: Any = None, **_options: Any) -> "PreparedCursor":
        # Django's connections prepare nothing, its own cursors' statements being new texts each time.
        self.connection.prepare_threshold = 0
        try:
            return super().execute(query, params, prepare=True)
        finally:
            self.connection.prepare_threshold = None


def run(statement: str, params: Sequence[Any]) -> list[Any]:
    """Run one statement and return its rows, if it has any.

    Django's own cursor runs it on other databases, where `DATABASE_PREPARED_STATEMENTS` is off, and where statements
    are being logged or wrapped.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]
    if not _prepares(database):
        with database.cursor() as own:
            own.execute(statement, params)
            return list(own.fetchall()) if own.description else []
    database.validate_no_broken_transaction()
    cursor = _prepared_cursor(database)
    with database.wrap_database_errors:
        cursor.execute(statement, params)
    # Not `description`, which describes each column anew.
    return cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else []


def _prepares(database: Any) -> bool:
    if database.vendor != "postgresql" or not settings.DATABASE_PREPARED_STATEMENTS:
        return False
    return not database.queries_logged and not database.execute_wrappers


def _prepared_cursor(database: Any) -> PreparedCursor:
    """One for each connection, which a pool may give to one thread after the other: making one costs as much as a
    small statement.
    """
    if database.connection is None:
        database.ensure_connection()
    database.validate_thread_sharing()
    kept = vars(database.connection)
    known: PreparedCursor | None = kept.get("sfp_prepared_cursor")
    if known is None:
        known = PreparedCursor(database.connection)
        # Django's reads moments in Python, to give them a zone of its own making. All of its connections speak UTC.
        known.adapters.register_loader("timestamptz", TimestamptzLoader)
        # What is asked for are keys, whose values change no plan: each statement is planned once, not six times.
        with database.wrap_database_errors:
            known.execute("SELECT set_config('plan_cache_mode', 'force_generic_plan', false)")
        kept["sfp_prepared_cursor"] = known
    return known


class Table(Generic[M]):
    """The table of a model, with all of its columns in the model's order.

    Args:
        without: names of fields that are not read; whoever asks an instance for one has it fetched, as with `defer`.
    """

    def __init__(self, model: type[M], *, without: Collection[str] = ()) -> None:
        self.model = model
        self._without = without
        self._readers: dict[str, list[tuple[int, Any, Any]]] = {}
        self._writers: dict[tuple[str, bool], list[Callable[[Any], Any]]] = {}
        self._updates: dict[tuple[str, frozenset[str]], tuple[str, list[Callable[[Any], Any]]]] = {}
        self._inserts: dict[str, tuple[str, list[Callable[[Any], Any]]]] = {}

    @cached_property
    def fields(self) -> list[Any]:
        return [field for field in self.model._meta.concrete_fields if field.name not in self._without]

    @cached_property
    def name(self) -> str:
        return str(self.model._meta.db_table)

    @cached_property
    def names(self) -> list[str]:
        return [field.attname for field in self.fields]

    @cached_property
    def columns(self) -> str:
        """For a SELECT or RETURNING, qualified with the table's name."""
        return self.columns_of(self.name)

    def columns_of(self, alias: str) -> str:
        """The same for a table that a statement calls by another name."""
        return ", ".join(f'"{alias}"."{field.column}"' for field in self.fields)

    @cached_property
    def _without_key(self) -> list[Any]:
        return [field for field in self.fields if not field.primary_key]

    @cached_property
    def _key_position(self) -> int:
        return next(position for position, field in enumerate(self.fields) if field.primary_key)

    @cached_property
    def _key(self) -> str:
        return f'"{self.model._meta.pk.column}"'

    @cached_property
    def insert_into(self) -> str:
        """INSERT with all columns, as far as what gives the values."""
        return f'INSERT INTO "{self.name}" ({", ".join(self._quoted)})'

    @cached_property
    def _quoted(self) -> list[str]:
        return [f'"{field.column}"' for field in self._without_key]

    @cached_property
    def typed_marks(self) -> str:
        """A mark for each column but the key, for a SELECT, where PostgreSQL cannot tell a value's type."""
        database = connections[DEFAULT_DB_ALIAS]
        if database.vendor != "postgresql":
            return ", ".join(["%s"] * len(self._without_key))
        return ", ".join(f"%s::{field.db_type(database)}" for field in self._without_key)

    @cached_property
    def _insert(self) -> str:
        marks = ", ".join(["%s"] * len(self._without_key))
        return f"{self.insert_into} VALUES ({marks}) RETURNING {self._key}"

    @cached_property
    def assignments(self) -> str:
        """For an UPDATE of all columns but the key."""
        return ", ".join(f"{column} = %s" for column in self._quoted)

    @cached_property
    def _update(self) -> str:
        return f'UPDATE "{self.name}" SET {self.assignments} WHERE {self._key} = %s'

    def take(self, row: Sequence[Any], at: int) -> tuple[M | None, int]:
        """Make an instance of the columns of a row from position `at` on; None where an outer join found nothing.

        Return it with the position behind them.
        """
        end = at + len(self.fields)
        return (None if row[at + self._key_position] is None else self.read(row[at:end])), end

    def read(self, row: Sequence[Any]) -> M:
        """Make an instance of the columns of a row, as the ORM would, but without its signals."""
        values = list(row[: len(self.fields)])
        for position, convert, expression in self._converters():
            values[position] = convert(values[position], expression, connections[DEFAULT_DB_ALIAS])
        instance = self.model.__new__(self.model)
        state = instance.__dict__["_state"] = ModelState()
        state.db, state.adding = DEFAULT_DB_ALIAS, False
        instance.__dict__.update(zip(self.names, values, strict=True))
        return instance

    def _converters(self) -> list[tuple[int, Any, Any]]:
        """What the database's own values must go through: JSON everywhere, moments and numbers on SQLite."""
        database = connections[DEFAULT_DB_ALIAS]
        found = self._readers.get(database.vendor)
        if found is None:
            found = []
            for position, field in enumerate(self.fields):
                expression = field.get_col(self.name)
                of_database = database.ops.get_db_converters(expression)
                of_field = expression.get_db_converters(database)
                found += [(position, convert, expression) for convert in (*of_database, *of_field)]
            self._readers[database.vendor] = found
        return found

    def values(self, row: M, *, adding: bool) -> list[Any]:
        """All columns but the key, as the database takes them; `auto_now` columns are set, as by `save`."""
        vendor = connections[DEFAULT_DB_ALIAS].vendor
        writers = self._writers.get((vendor, adding))
        if writers is None:
            writers = [_writer(field, vendor, adding) for field in self._without_key]
            self._writers[vendor, adding] = writers
        return [write(row) for write in writers]

    def typed(self, *names: str) -> str:
        """Columns with their types, for `json_to_recordset(%s) AS given(...)`; without names all of them."""
        database = connections[DEFAULT_DB_ALIAS]
        fields = [field for field in self.fields if not names or field.attname in names]
        return ", ".join(f'"{field.column}" {field.db_type(database)}' for field in fields)

    def as_json(self, row: M, *, adding: bool) -> dict[str, Any]:
        """All columns as `dump` takes them; `auto_now` columns are set, as by `save`."""
        known = row.__dict__
        return {
            field.column: field.pre_save(row, adding) if moving else known[field.attname]
            for field, moving in self._moving
        }

    @cached_property
    def _moving(self) -> list[tuple[Any, bool]]:
        return [(field, _moves(field)) for field in self.fields]

    def first(self, rest: str, params: Sequence[Any]) -> M | None:
        """Return the first row of `SELECT <all columns> FROM <table> <rest>`."""
        rows = run(f'SELECT {self.columns} FROM "{self.name}" {rest}', params)
        return self.read(rows[0]) if rows else None

    def all(self, rest: str, params: Sequence[Any]) -> list[M]:
        """Return all of them."""
        return [self.read(row) for row in run(f'SELECT {self.columns} FROM "{self.name}" {rest}', params)]

    def insert(self, row: M) -> None:
        """Write a new row and give it its key. `auto_now` columns are set, as by `save`."""
        row.pk = run(self._insert, self.values(row, adding=True))[0][0]
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS

    def update(self, row: M) -> None:
        """Write all columns of a stored row; `auto_now` columns are set, as by `save`."""
        run(self._update, [*self.values(row, adding=False), row.pk])

    def update_only(self, row: M, *names: str) -> None:
        """Write some columns of a stored row, by the names of their fields; `auto_now` ones among them are set."""
        run(*self.updating(row, names))

    def updating(self, row: M, names: Collection[str]) -> tuple[str, list[Any]]:
        """The statement, with its values, that `update_only` runs."""
        text, writers = self._updating(connections[DEFAULT_DB_ALIAS].vendor, frozenset(names))
        return text, [*(write(row) for write in writers), self._key_value(row)]

    def _updating(self, vendor: str, names: frozenset[str]) -> tuple[str, list[Callable[[Any], Any]]]:
        known = self._updates.get((vendor, names))
        if known is None:
            fields = [field for field in self._without_key if names & {field.name, field.attname}]
            marks = ", ".join(f'"{field.column}" = %s' for field in fields)
            text = f'UPDATE "{self.name}" SET {marks} WHERE {self._key} = %s'
            known = self._updates[vendor, names] = text, [_writer(field, vendor, adding=False) for field in fields]
        return known

    def inserting(self, rows: Sequence[M]) -> tuple[str, list[Any]]:
        """The statement, with its values, that inserts new rows, with their keys where the database does not give them.

        It returns nothing.
        """
        vendor = connections[DEFAULT_DB_ALIAS].vendor
        text, writers = self._inserting(vendor)
        marks = ", ".join([f"({', '.join(['%s'] * len(writers))})"] * len(rows))
        return f"{text} VALUES {marks}", [write(row) for row in rows for write in writers]

    def _inserting(self, vendor: str) -> tuple[str, list[Callable[[Any], Any]]]:
        known = self._inserts.get(vendor)
        if known is None:
            fields = [field for field in self.fields if not isinstance(field, models.AutoField)]
            names = ", ".join(f'"{field.column}"' for field in fields)
            text = f'INSERT INTO "{self.name}" ({names})'
            known = self._inserts[vendor] = text, [_writer(field, vendor, adding=True) for field in fields]
        return known

    def _key_value(self, row: M) -> Any:
        return self.model._meta.pk.get_db_prep_value(row.pk, connections[DEFAULT_DB_ALIAS])


def _writer(field: Any, vendor: str, adding: bool) -> Callable[[Any], Any]:
    """What takes a field's value from an instance, ready for the database."""
    if vendor == "postgresql" and isinstance(field, AS_IT_IS) and not _moves(field):
        name = field.attname
        return lambda row: row.__dict__[name]
    database = connections[DEFAULT_DB_ALIAS]
    return lambda row: field.get_db_prep_save(field.pre_save(row, adding), database)


def _moves(field: Any) -> bool:
    return bool(getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False))


def dump(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows for `json_to_recordset`: one value, however many there are, so that the statement is always the same."""
    return to_json(rows).decode()


def soon() -> str:
    """A condition that always holds, and lets the statement's own commit not wait for the disk.

    Whatever commits after it takes it along to the disk, so nothing durable is ever built on what is not. It does
    nothing on SQLite, nor inside a transaction, which it would change as a whole.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if database.vendor != "postgresql" or database.in_atomic_block:
        return "1 = 1"
    return "set_config('synchronous_commit', 'off', true) = 'off'"


def for_update() -> str:
    """What locks the rows that a SELECT finds. SQLite has one writer at a time and no such words."""
    return "FOR UPDATE" if connections[DEFAULT_DB_ALIAS].features.has_select_for_update else ""


def join_values(column: str) -> str:
    """All values of a column in one text, with blanks between them."""
    function = "string_agg" if connections[DEFAULT_DB_ALIAS].vendor == "postgresql" else "group_concat"
    return f"{function}({column}, ' ')"
