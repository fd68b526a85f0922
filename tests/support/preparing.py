"""Statements stay prepared after a rollback.

psycopg forgets them all at every ROLLBACK, in case a table came and went within the transaction. Every test ends in
one, so each had PostgreSQL plan the same statements anew: a third of all that the server did. No test makes a table on
a connection that others use.
"""

import pytest
from psycopg._preparing import PrepareManager

MOST = 1000
"""Of a whole run there are more than of one process at work: with fewer, they would push each other out."""


def install(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(PrepareManager, "clear", lambda _manager: False)
    patch.setattr(PrepareManager, "prepared_max", MOST)
