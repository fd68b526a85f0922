"""One id from the request through every task and call that comes of it, in each line of the log.

A partner's `X-Correlation-ID` goes on as it came, where it is one; everything else that begins something gets an id of
our own. It is bound to structlog's context, travels in the headers of tasks, and goes out with our calls.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

NAME = "correlation_id"
IS_ONE = re.compile(r"[\x21-\x7e]{1,64}")


def new() -> str:
    return str(uuid.uuid4())


def current() -> str:
    """The id of what is being done; "" where nothing has one."""
    return str(structlog.contextvars.get_contextvars().get(NAME, ""))


@contextmanager
def carrying(given: str = "") -> Iterator[str]:
    """What is done in this block has this id; one of our own where none, or nothing that can be one, is given."""
    chosen = given if IS_ONE.fullmatch(given) else new()
    with structlog.contextvars.bound_contextvars(**{NAME: chosen}):
        yield chosen


def later(step: Callable[[], object]) -> Callable[[], None]:
    """`step`, to be done later under the id of now."""
    given = current()

    def do() -> None:
        with carrying(given):
            step()

    return do
