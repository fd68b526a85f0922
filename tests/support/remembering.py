"""What many tests begin with is played once in each process; after that its rows are put back as it left them.

    once = Remembering(request, traveller.move_to, (server, ("script", "seen")))
    session_id = once("START", play)

They are put back only where all is as it was when it was played: every row of the database, the time, the settings,
what the holders hold. Whatever differs has it played, and so has a test that looks at how something is done (by a log,
the number of statements, code that it changes) and not at what comes of it.
"""

import hashlib
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, wraps
from typing import Any, TypeVar

import pytest
from django.conf import UserSettingsHolder, settings
from django.core import mail
from django.db import connection
from django.utils import timezone
from kombu.transport.memory import Channel

from partners import clocks
from partners.ground import rows
from sfp_platform.models import Heartbeat
from tests.support.emptying import OF_THE_MIGRATIONS

OF_PROCESSES = frozenset({Heartbeat._meta.db_table})
"""Written by whatever runs: a worker of an earlier test that is just ending, too."""

Made = TypeVar("Made")
Holder = tuple[Any, tuple[str, ...]]
LOOKING_ON = frozenset({"caplog", "capsys", "django_assert_max_num_queries", "django_assert_num_queries"})
"""Fixtures of tests that have everything played."""


@dataclass(frozen=True)
class Left:
    """What a play left: the changed tables as COPY writes them, the time, and what was made and held (pickled)."""

    tables: dict[str, bytes]
    moment: datetime
    held: bytes


class Remembering:
    """Remembers for one test, and knows what was played for all others of this process."""

    _known: dict[bytes, Left] = {}

    def __init__(self, request: pytest.FixtureRequest, move_to: Callable[[datetime], Any], *holders: Holder) -> None:
        self._request, self._move_to, self._holders = request, move_to, holders

    def also(self, *holders: Holder) -> "Remembering":
        """The same for a play that changes more."""
        return Remembering(self._request, self._move_to, *self._holders, *holders)

    def __call__(self, name: Any, play: Callable[[], Made]) -> Made:
        """What `play()` returns, and all that it does. Only what can be pickled is remembered."""
        before = digests() if self._may() else None
        key = self._key(name, before) if before is not None else None
        if before is None or key is None:
            return play()
        if (left := self._known.get(key)) is None:
            made = play()
            self._remember(key, before, made)
            return made
        put_back: Made = self._put_back(left)
        return put_back

    def _may(self) -> bool:
        if not LOOKING_ON.isdisjoint(self._request.fixturenames) or connection.vendor != "postgresql":
            return False
        patches = self._request.getfixturevalue("monkeypatch")
        if patches._setattr or patches._setitem:
            return False
        watched = connection.queries_logged or connection.execute_wrappers or not connection.in_atomic_block
        return not watched and not unfinished()

    def _key(self, name: Any, before: dict[str, str]) -> bytes | None:
        """A digest of the situation; None if it cannot be told."""
        told = pickled((name, before, timezone.now(), overridden(), *self._held()))
        return hashlib.sha256(told).digest() if told is not None else None

    def _held(self) -> list[Any]:
        return [clocks._measuring, *([vars(holder).get(name) for name in names] for holder, names in self._holders)]

    def _remember(self, key: bytes, before: dict[str, str], made: Any) -> None:
        if unfinished() or not connection.in_atomic_block:
            return
        held = pickled((made, *self._held()))
        if held is not None:
            changed = [table for table, digest in digests().items() if digest != before[table]]
            self._known[key] = Left({table: copied(table) for table in changed}, timezone.now(), held)

    def _put_back(self, left: Left) -> Any:
        fill(left.tables)
        self._move_to(left.moment)
        made, measuring, *held = pickle.loads(left.held)  # noqa: S301 - of this process
        clocks._measuring.clear()
        clocks._measuring.update(measuring)
        for (holder, names), values in zip(self._holders, held, strict=True):
            for name, value in zip(names, values, strict=True):
                setattr(holder, name, value)
        return made


def overridden() -> list[dict[str, Any]]:
    """The settings that are not what they were at the start."""
    holder, found = vars(settings)["_wrapped"], []
    while isinstance(holder, UserSettingsHolder):
        found.append({name: value for name, value in vars(holder).items() if name.isupper()})
        holder = vars(holder)["default_settings"]
    return found


def unfinished() -> bool:
    """Whether something waits that would have to be remembered, too: tasks, mail, what follows a commit."""
    queued = any(queue.qsize() for queue in Channel.queues.values())
    return bool(queued or connection.run_on_commit or getattr(mail, "outbox", None))


def pickled(value: Any) -> bytes | None:
    try:
        return pickle.dumps(value)
    except (pickle.PicklingError, TypeError, AttributeError):
        return None


@cache
def tables() -> tuple[str, ...]:
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
    return tuple(sorted(set(names) - OF_THE_MIGRATIONS - OF_PROCESSES))


@cache
def question() -> str:
    """For a digest of every table in one statement. It is planned once."""
    digest = "SELECT '{0}', md5(string_agg(t::text, '' ORDER BY t::text)) FROM \"{0}\" t"
    return " UNION ALL ".join(digest.format(table) for table in tables())


def digests() -> dict[str, str]:
    """Of every table, in one order: how the parts of a statement come back is the planner's."""
    return dict(sorted(rows.run(question(), ())))


def copied(table: str) -> bytes:
    with connection.cursor() as cursor, cursor.copy(f'COPY (TABLE "{table}") TO STDOUT (FORMAT BINARY)') as copy:
        return b"".join(bytes(block) for block in copy)


def fill(contents: dict[str, bytes]) -> None:
    """Let these tables hold that and nothing else. Foreign keys were looked at when it was played."""
    with connection.cursor() as cursor:
        emptied = [f'DELETE FROM "{table}"' for table in contents]
        cursor.execute("; ".join(("SET LOCAL session_replication_role = replica", *emptied)))
        for table, content in contents.items():
            with cursor.copy(f'COPY "{table}" FROM STDIN (FORMAT BINARY)') as copy:
                copy.write(content)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def remembered(play: Callable[..., Made]) -> Callable[..., Made]:
    """For a fixture that plays a beginning with something that has `once`, and returns what can be pickled.

    Below `@pytest.fixture`. What else it is given is either plain or rows.
    """

    @wraps(play)
    def told(**given: Any) -> Made:
        once: Remembering = next(one.once for one in given.values() if hasattr(one, "once"))
        plain = {name: value for name, value in given.items() if isinstance(value, str | int | float)}
        return once((play.__module__, play.__name__, plain), lambda: play(**given))

    return told
