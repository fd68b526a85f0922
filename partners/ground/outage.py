"""Whether something failed because there was no database: it was restarted, hung up, or took nobody in."""

from collections.abc import Iterator

import psycopg
from django.db import InterfaceError

RETRY_AFTER = 5
"""Seconds after which whoever asked in vain is to ask again."""
GONE = ("08", "57P", "53300")
"""How the codes begin with which PostgreSQL ends a connection or refuses one (Appendix A of its manual)."""


def database_was_away(error: BaseException) -> bool:
    """Of an error, or of one that it came from: what follows a lost connection in a transaction has other names."""
    return any(_is_outage(one) for one in _line_of(error))


def _is_outage(error: BaseException) -> bool:
    """psycopg has a code where the server could still say why; what the pool waited for in vain has none."""
    if isinstance(error, psycopg.OperationalError):
        return error.sqlstate is None or error.sqlstate.startswith(GONE)
    return isinstance(error, (psycopg.InterfaceError, InterfaceError))


def _line_of(error: BaseException) -> Iterator[BaseException]:
    """The error, the one that it came from, and so on."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__
