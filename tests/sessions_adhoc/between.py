"""A second writer that comes between the statements of the first: with a connection of its own, and real commits."""

import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

import psycopg
from django.db import connection

LONGEST = 60
"""No work that a test looks at has so many turning points."""

DECISIVE = "sessions_adhoc_(adhoc|attemptsession)|billing_payment|ocpi_(cdr|ocpisession|command)"
TURNING_POINT = re.compile(
    f"(^|AS \\(|\\) )(INSERT INTO|UPDATE|DELETE FROM) .?({DECISIVE})|(sessions_adhoc|billing)_.* FOR UPDATE"
)
"""What was read lies before it, what is known behind it: a lock on a session or its payment, or a write."""

LOOKS_EVERY = 0.005
"""Seconds between two looks whether the rival is done, or waits for a lock that the first writer holds."""


class Rival:
    """Does its work once, before the n-th turning point of the connection whose statements it is shown.

    The first writer goes on when the rival is done, or can come no further without it.
    """

    def __init__(self, turning_point: int, work: Callable[[], Any]) -> None:
        self.left, self.work = turning_point, work
        self.thread: threading.Thread | None = None
        self.backend: int | None = None
        self.failure: Exception | None = None

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.left -= bool(TURNING_POINT.search(sql))
        if self.left == 0 and self.thread is None:
            self.thread = threading.Thread(target=self._run)
            self.thread.start()
            self._until_done_or_blocked(self.thread)
        return execute(sql, params, many, context)

    def _run(self) -> None:
        try:
            connection.ensure_connection()
            self.backend = connection.connection.info.backend_pid
            self.work()
        except Exception as error:  # noqa: BLE001 - it is the outcome
            self.failure = error
        finally:
            connection.close()

    def _until_done_or_blocked(self, thread: threading.Thread) -> None:
        with psycopg.connect(**address(), autocommit=True) as onlooker:
            while thread.is_alive():
                blocking = "SELECT cardinality(pg_blocking_pids(%s))"
                if self.backend and onlooker.execute(blocking, [self.backend]).fetchone() != (0,):
                    return
                thread.join(LOOKS_EVERY)

    def came(self) -> bool:
        """Wait until it is done; False if the first writer had fewer turning points."""
        if self.thread is None:
            return False
        self.thread.join(300)
        assert not self.thread.is_alive(), "the rival waits for ever"
        return True


def address() -> dict[str, Any]:
    wanted = ("host", "port", "user", "password", "dbname")
    return {name: value for name, value in connection.get_connection_params().items() if name in wanted}


def at_every_turning_point(
    prepare: Callable[[], Any], first: Callable[[Any], Any], rival: Callable[[Any], Any]
) -> Iterator[tuple[Any, Rival]]:
    """Prepare, and let `rival` come before the first, second, third ... turning point of `first`, until there are none.

    Yields what `prepare` made, and the rival that was done with it.
    """
    for statement in count(1):
        assert statement < LONGEST
        made = prepare()
        second = Rival(statement, partial(rival, made))
        with connection.execute_wrapper(second):
            first(made)
        if not second.came():
            return
        yield made, second
