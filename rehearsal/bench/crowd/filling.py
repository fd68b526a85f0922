"""Rows out of `INSERT ... SELECT`: what is not given has the model's own default."""

import json
import time
from dataclasses import dataclass, fields
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.models import AutoField, Field, Model

from rehearsal.bench.figures import say

DAYS = 90
SLOW = 10
NOW = "now()"
EMPTY_LIST, EMPTY_OBJECT = "'[]'::jsonb", "'{}'::jsonb"


@dataclass(frozen=True)
class Sizes:
    """How many there are of what the others hang on."""

    partners: int = 500
    locations: int = 30_000
    evses: int = 100_000
    messages: int = 1_000_000
    sessions: int = 1_000_000
    told: int = 200_000
    """Ad-hoc sessions that the CPO told of: an OCPI session, a CDR, a timeline. A fifth of them all."""
    tokens: int = 1_000
    """Long-lived ones, besides those of ad-hoc sessions."""
    syncs: int = 10_000
    incidents: int = 5_000
    history: int = 50_000

    def at(self, scale: float) -> "Sizes":
        return Sizes(**{field.name: max(2, round(getattr(self, field.name) * scale)) for field in fields(self)})

    def __str__(self) -> str:
        return ", ".join(f"{getattr(self, field.name):,} {field.name}" for field in fields(self))


class Span:
    """What is to be added, by kind: the numbers behind those that are there."""

    def __init__(self, before: Sizes | None, sizes: Sizes) -> None:
        self.before, self.sizes = before, sizes

    def first(self, kind: str) -> int:
        return getattr(self.before, kind) + 1 if self.before else 1

    def last(self, kind: str) -> int:
        return int(getattr(self.sizes, kind))

    def rows(self, kind: str) -> str:
        """The FROM of these numbers, as `n`."""
        return f"generate_series({self.first(kind)}, {self.last(kind)}) AS n"

    def moment(self, kind: str, number: str = "n") -> str:
        """When the row with this number came: all are spread over the last days."""
        return f"now() - ({self.last(kind)} - {number}) * interval '{DAYS} days' / {self.last(kind)}"


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def template(value: Any, **marks: str) -> str:
    """JSON with expressions in place of its marks."""
    made = text(json.dumps(value))
    for mark, expression in marks.items():
        made = f"replace({made}, '@{mark}@', ({expression})::text)"
    return f"{made}::jsonb"


def uuid(kind: str, number: str = "n") -> str:
    """The same for the same number, wherever it is named."""
    return f"md5('{kind}' || {number})::uuid"


def one_of(values: list[str], number: str = "n") -> str:
    return f"(ARRAY[{', '.join(text(value) for value in values)}])[1 + ({number}) % {len(values)}]"


def fill(model: type[Model], source: str, /, **values: str) -> None:
    """Insert a row for each row of `source`; `values` are SQL expressions by column."""
    began = time.monotonic()
    columns = {}
    for field in model._meta.concrete_fields:
        column = str(field.column)
        if column in values:
            columns[column] = values.pop(column)
        elif not isinstance(field, AutoField):
            columns[column] = _default(field)
    if values:
        raise KeyError(f"{model._meta.label} has no {', '.join(values)}")
    names = ", ".join(f'"{name}"' for name in columns)
    statement = f'INSERT INTO "{model._meta.db_table}" ({names}) SELECT {", ".join(columns.values())} FROM {source}'
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        count = cursor.rowcount
    if (took := time.monotonic() - began) > SLOW:
        say(f"  {count:,} {model._meta.verbose_name_plural} in {took:.0f} s")


def _default(field: "Field[Any, Any]") -> str:
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return NOW
    if not field.has_default():
        if field.null:
            return "NULL"
        if field.empty_strings_allowed and field.blank:
            return "''"
        raise KeyError(f"{field} needs a value")
    value = field.get_default()
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, list | dict):
        return f"{text(json.dumps(value))}::jsonb"
    if isinstance(value, str):
        return text(str(value))
    return NOW


def catch_up() -> None:
    """Let every sequence go on behind the numbers that were given."""
    with connection.cursor() as cursor:
        for model in apps.get_models():
            key = model._meta.pk
            if isinstance(key, AutoField) and not model._meta.proxy:
                table = model._meta.db_table
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), greatest(max(id), 1)) FROM \"{table}\""
                )
