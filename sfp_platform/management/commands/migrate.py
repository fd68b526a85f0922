"""Django's `migrate`, which waits for no lock longer than 2 s, and tries again instead.

A change of a table wants a lock that nobody else may have. While it waits for whoever reads there, everybody who comes
after it waits behind it: pushes stand still. So it gives way, and comes back. What was migrated so far stays.

Of several at once, as two hosts or containers may start it, one migrates; the others wait, and find it done.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db import OperationalError, connections
from psycopg.errors import LockNotAvailable

from partners.ground.migrating import LOCK_TIMEOUT

MOST_TRIES = 30
LONGEST_PAUSE = 10.0
"""Seconds between two tries; the first pauses are shorter."""
ONE_AT_A_TIME = 7_305_160_245
"""The key of the lock under which is migrated: any number that nobody else uses."""
LOOK_SECONDS = 0.5


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "postgresql":
            super().handle(*args, **options)
            return
        with self._alone(connection):
            self._migrate(connection, *args, **options)

    @contextmanager
    def _alone(self, connection: Any) -> Iterator[None]:
        """Asked for again and again, not waited for: an index that is built waits for whoever waits in a statement."""
        told = False
        with connection.cursor() as cursor:
            while not _one(cursor, "SELECT pg_try_advisory_lock(%s)"):
                if not told:
                    self.stderr.write("Somebody else migrates this database: waiting until that is done.")
                    told = True
                time.sleep(LOOK_SECONDS)
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                _one(cursor, "SELECT pg_advisory_unlock(%s)")

    def _migrate(self, connection: Any, *args: Any, **options: Any) -> None:
        for number in range(1, MOST_TRIES + 1):
            with connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            try:
                super().handle(*args, **options)
                return
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable) or number == MOST_TRIES:
                    raise
                self.stderr.write(f"Somebody uses a table that is to be changed: trying again ({number}).")
                time.sleep(min(number, LONGEST_PAUSE))
            finally:
                with connection.cursor() as cursor:
                    cursor.execute("RESET lock_timeout")


def _one(cursor: Any, statement: str) -> bool:
    cursor.execute(statement, [ONE_AT_A_TIME])
    return bool(cursor.fetchone()[0])
