"""Waking sessions and handing work to Celery after commit. A task that gets lost is made good by the sweep."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from uuid import UUID

from celery import current_app
from django.db import transaction

from ocpi.models import Command
from ocpi.tasks import send_command
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import TERMINAL

ADVANCE = "sessions_adhoc.tasks.advance"
PULL = "sessions_adhoc.tasks.sync_pull"


_mine: ContextVar[list[str] | None] = ContextVar("commands that this worker sends itself", default=None)


@contextmanager
def sending_myself() -> Iterator[list[str]]:
    """Collect the commands that are committed in this block instead of queueing them: the caller sends them at once.

    A driver stands at the charger: START_SESSION must not wait in a queue once more. If the worker dies before it has
    sent them, the sweep has them queued, as it does when a message is lost.
    """
    commands: list[str] = []
    before = _mine.set(commands)
    try:
        yield commands
    finally:
        _mine.reset(before)


def send_command_after_commit(command: Command) -> None:
    transaction.on_commit(partial(_hand_on, str(command.pk)), robust=True)


def _hand_on(command_id: str) -> None:
    mine = _mine.get()
    if mine is None:
        send_command.delay(command_id)
    elif command_id not in mine:
        mine.append(command_id)


def pull_after_commit(pull_id: int) -> None:
    transaction.on_commit(lambda: current_app.send_task(PULL, args=[pull_id], queue="sync"), robust=True)


def wake(session_ids: Iterable[UUID], now: datetime) -> None:
    """Make the sessions due, in the caller's transaction, and have them advanced after commit.

    The rows are locked in the order of their ids, so that two writers of news cannot wait for each other.
    """
    for session_id in sorted(set(session_ids)):
        live = AdHocSession.objects.filter(pk=session_id).exclude(state__in=TERMINAL)
        if live.update(next_check_at=now):
            advance_after_commit(session_id)


def advance_after_commit(session_id: UUID) -> None:
    identifier = str(session_id)
    transaction.on_commit(lambda: current_app.send_task(ADVANCE, args=[identifier]), robust=True)
