"""Lists and statistics read from a copy that follows the database, where there is one (`DATABASE_REPLICA_URL`).

Only what is shown: nothing is decided by what a copy says, which may be seconds behind. While the copy is away, or does
not follow any more, the database itself is asked.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from django.db import DEFAULT_DB_ALIAS, connections

log = structlog.get_logger(__name__)
REPLICA = "replica"
GOOD_FOR = 5.0
MOST_BEHIND = 30
"""Seconds that the copy may be behind."""
SHOWN = frozenset({"ocpi", "billing", "sessions_adhoc", "onboarding"})
"""Apps whose rows may come from it. Who somebody is and what they may do never does."""
BEHIND = "SELECT extract(epoch FROM clock_timestamp() - max(seen_at)) FROM sfp_platform_heartbeat"
"""Signs of life are written every few seconds: the youngest that arrived tells how far the copy is, whatever is wrong
with it.
"""
_showing: ContextVar[bool] = ContextVar("what is read is only shown", default=False)


@contextmanager
def showing() -> Iterator[None]:
    """What is read in this block is for a list or a statistic."""
    before = _showing.set(True)
    try:
        yield
    finally:
        _showing.reset(before)


class Following:
    """Whether the copy can be used, asked once in a while by whoever needs it."""

    def __init__(self) -> None:
        self.lock, self.until, self.follows = threading.Lock(), 0.0, False

    def __bool__(self) -> bool:
        with self.lock:
            if time.monotonic() >= self.until:
                self.follows = self._ask()
                self.until = time.monotonic() + GOOD_FOR
            return self.follows

    def _ask(self) -> bool:
        try:
            with connections[REPLICA].cursor() as cursor:
                cursor.execute(BEHIND)
                (seconds,) = cursor.fetchone()
        except Exception as error:  # noqa: BLE001  (whatever it is, the database itself is there)
            log.warning("replica_away", error=type(error).__name__)
            return False
        if seconds is None or seconds > MOST_BEHIND:
            log.warning("replica_behind", seconds=seconds and round(seconds))
            return False
        return True


following = Following()


class Router:
    """Reads that are only shown go to the copy; everything else to the database."""

    def db_for_read(self, model: Any, **_hints: Any) -> str:
        wanted = _showing.get() and model._meta.app_label in SHOWN
        return REPLICA if wanted and following else DEFAULT_DB_ALIAS

    def db_for_write(self, _model: Any, **_hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, _one: Any, _other: Any, **_hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, _app_label: str, **_hints: Any) -> bool:
        return db != REPLICA
