"""The database backend: a pool of connections per process, shared by its threads.

Django's own pool asks the server before each use whether a connection still lives: one round trip more for every
message of a CPO. Here the socket is asked, which costs nothing: a server that hung up left a word there, or the end.
Only what rested for long is asked over the wire, for a firewall forgets without a word.
"""

import os
import select
import time
from typing import Any

import psycopg
from celery.signals import worker_process_init
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

RESTED_SECONDS = 60.0
AWAY_SECONDS = 0.25
"""How long a connection is waited for while the server is known to be away."""
_inherited: list[Any] = []


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's, with another check, and a pool that survives Celery's habit of closing it after each task."""

    keeps_pool = False
    _connection_pools: dict[str, ConnectionPool[Any]] = {}

    @property
    def pool(self) -> ConnectionPool[Any] | None:
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            self._connection_pools.setdefault(self.alias, self._new_pool(options))
        return self._connection_pools[self.alias]

    def _new_pool(self, options: dict[str, Any]) -> ConnectionPool[Any]:
        """A pool that is not open yet: the first use opens it, after whatever forks has forked."""
        return Pool(
            kwargs={**self.get_connection_params(), "autocommit": True},
            open=False,
            configure=getattr(self, "_configure_connection"),  # noqa: B009  (its stubs do not know it)
            check=check,
            **options,
        )

    def close_pool(self) -> None:
        if not self.keeps_pool:
            super().close_pool()


class Pool(ConnectionPool[Any]):
    """One that waits patiently for a connection while the server is there, and hardly at all once it is away.

    Else whoever comes during an outage holds a thread for the whole patience, and is answered later and later.
    """

    is_away = False

    def reconnect_failed(self) -> None:
        """Nobody could connect for `reconnect_timeout`: who waits already has it tried again.

        The pool itself gives up then, and tries when somebody else comes; in a process of one thread nobody does.
        """
        self.is_away = True
        super().reconnect_failed()
        with self._lock:
            if self._waiting:
                self._maybe_grow_pool()

    def getconn(self, timeout: float | None = None) -> Any:
        found = super().getconn(AWAY_SECONDS if self.is_away else timeout)
        self.is_away = False
        return found


def check(connection: psycopg.Connection[Any]) -> None:
    """Raise `OperationalError` for a connection that is gone; only one that says something, or rested, is asked."""
    now = time.monotonic()
    used = vars(connection).get("sfp_used_at", now)
    vars(connection)["sfp_used_at"] = now
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0) or now - used > RESTED_SECONDS:
        ConnectionPool.check_connection(connection)


def forget_pools() -> None:
    """In a process that was forked: the parent's connections are the parent's; to close them would end them there."""
    _inherited.append(dict(DatabaseWrapper._connection_pools))
    DatabaseWrapper._connection_pools.clear()


@worker_process_init.connect(weak=False)
def keep_pool(**_kwargs: Any) -> None:
    """A prefork child works for long: Celery would have it connect anew for every task."""
    DatabaseWrapper.keeps_pool = True


os.register_at_fork(after_in_child=forget_pools)
