"""Bringing rows to the first key, a few at a time; and which keys rows are still written with.

A row is changed only where it is as it was read, so a worker that writes it at the same time loses nothing. Whoever is
killed in between has changed some rows and not others: each is whole, and the next run does the rest.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from django.db import transaction
from django.db.migrations.state import StateApps
from django.utils import timezone

from partners.ground import secrets
from partners.keys.columns import Column, columns
from partners.models import KeyInUse

BITE = 500
UNREADABLE = ""
"""Stands for the key of rows that no configured key reads."""


class TooEarly(Exception):
    """Rows need the key still; the text says how many."""


def count(column: Column) -> Counter[str]:
    """How many rows each key is needed for."""
    return Counter(column.form.key_of(kept) for _pk, kept in _in_bites(column))


def rotate(column: Column, say: Callable[[int], None] = lambda _done: None) -> int:
    """Write every readable row of a column anew with the first key; return how many had another."""
    first, done = secrets.key_names()[0], 0
    for pk, kept in _in_bites(column):
        if column.form.key_of(kept) in (first, UNREADABLE):
            continue
        done += column.rows().filter(pk=pk, **{column.name: kept}).update(**{column.name: column.form.renewed(kept)})
        if done % BITE == 0:
            say(done)
    return done


def give_up(column: Column) -> int:
    """Empty what no configured key reads: its key is lost, and the secret with it. Return how many rows had such."""
    done = 0
    for pk, kept in _in_bites(column):
        if column.form.key_of(kept) == UNREADABLE:
            done += column.rows().filter(pk=pk, **{column.name: kept}).update(**{column.name: column.empty})
    return done


def _in_bites(column: Column) -> Iterator[tuple[Any, Any]]:
    rows = column.rows().order_by("pk").values_list("pk", column.name)
    bite = list(rows[:BITE])
    while bite:
        yield from ((pk, kept) for pk, kept in bite if kept)
        bite = list(rows.filter(pk__gt=bite[-1][0])[:BITE])


def count_all() -> dict[Column, Counter[str]]:
    """The same for all columns; what was found is remembered for `keys_missing`."""
    counted = {column: count(column) for column in columns}
    needed = {key for rows in counted.values() for key in rows}
    noted = KeyInUse.objects.exclude(name__in=needed)
    if UNREADABLE in needed:  # nobody knows which of the keys that are gone they need
        noted = noted.filter(name__in=secrets.key_names())
    with transaction.atomic():
        noted.delete()
        note_keys(needed - {UNREADABLE})
    note_writing_key()
    return counted


def note_keys(names: set[str]) -> None:
    now = timezone.now()
    KeyInUse.objects.bulk_create([KeyInUse(name=name, since=now) for name in names], ignore_conflicts=True)


def after_migrate(apps: StateApps, **_signal: Any) -> None:
    """Rows are written with the first key from now on: it is needed."""
    if "keyinuse" in apps.all_models["partners"]:  # not before it is made, or after it was taken back
        note_writing_key()


def note_writing_key() -> None:
    note_keys(set(secrets.key_names()[:1]))


def keys_missing() -> list[str]:
    """The keys that rows were written with and that are not configured any more."""
    return sorted(set(KeyInUse.objects.values_list("name", flat=True)) - set(secrets.key_names()))


def check_may_go(name: str) -> None:
    """Raise TooEarly where a key is needed still: it writes, or rows were written with it."""
    if name == secrets.key_names()[0]:
        raise TooEarly(f"{name} is the first key: rows are written with it. Put the new one before it.")
    needed = sum(rows[name] for rows in count_all().values())
    if needed:
        raise TooEarly(f"{needed} rows are written with {name}: run rotate_keys, then ask again.")
