"""Rows that the tests of a module share: made once, and what a test changes in them is undone at its end.

The module's transaction lies around those of its tests (a savepoint each) and is rolled back after the last one. Not
for modules whose tests commit (`transaction=True`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

Made = TypeVar("Made")


@contextmanager
def shared_rows(blocker: DjangoDbBlocker, make: Callable[[], Made]) -> Iterator[Made]:
    """For a fixture of a module: what `make()` returns, whose rows are there until the block ends.

    A test gets a copy of it, for it may change an object in memory, too. What was to follow the commit of these rows
    is forgotten: they belong to no test, and are never committed.
    """
    block = transaction.atomic()
    # As the transaction around a test, it may have a `durable=True` within.
    block._from_testcase = True  # type: ignore[attr-defined]
    with blocker.unblock(), block:
        made = make()
        connection.run_on_commit = []
        yield made
        transaction.set_rollback(True)
