"""A worker that dies at a database statement: what was committed stays, everything else of it is gone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


class WorkerDied(BaseException):
    """The process is gone. No handler of ours may catch it, as none could catch a SIGKILL."""


@contextmanager
def dying_at(statement: int | None) -> Iterator[None]:
    """Let whoever works in this block die at its n-th database statement, or not at all.

    Death at a commit comes after it: the rows are there, and what was to happen after the commit never does.
    """
    if statement is None:
        yield
        return
    left = statement

    def die(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0 and not sql.startswith("RELEASE"):
            raise WorkerDied
        result = execute(sql, params, many, context)
        if left == 0:
            raise WorkerDied
        return result

    try:
        with connection.execute_wrapper(die):
            yield
    except WorkerDied:
        connection.run_on_commit = []
