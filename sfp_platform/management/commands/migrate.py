"""Django's `migrate`, which waits for no lock longer than 2 s, and tries again instead.

A change of a table wants a lock that nobody else may have. While it waits for whoever reads there, everybody who comes
after it waits behind it: pushes stand still. So it gives way, and comes back. What was migrated so far stays.
"""

import time
from typing import Any

from django.core.management.commands import migrate
from django.db import OperationalError, connections
from psycopg.errors import LockNotAvailable

from partners.ground.migrating import LOCK_TIMEOUT

MOST_TRIES = 30
LONGEST_PAUSE = 10.0
"""Seconds between two tries; the first pauses are shorter."""


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "postgresql":
            super().handle(*args, **options)
            return
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
