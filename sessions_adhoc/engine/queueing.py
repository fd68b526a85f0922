"""Waking sessions and handing work to Celery after commit. A task that gets lost is made good by the sweep."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from celery import current_app
from django.db import transaction

from ocpi.models import Command
from ocpi.tasks import send_command
from sessions_adhoc.models import MOVING, AdHocSession
from sessions_adhoc.states import TERMINAL

ADVANCE = "sessions_adhoc.tasks.advance"
PULL = "sessions_adhoc.tasks.sync_pull"


@dataclass
class _Mine:
    """What this worker sends itself, and how it left the sessions that it decided on, by their ids."""

    commands: list[str] = field(default_factory=list)
    decided: dict[UUID, tuple[Any, ...]] = field(default_factory=dict)


_mine: ContextVar[_Mine | None] = ContextVar("commands that this worker sends itself", default=None)


@contextmanager
def sending_myself() -> Iterator[list[str]]:
    """Collect the commands that are committed in this block instead of queueing them: the caller sends them in it.

    A driver stands at the charger: START_SESSION must not wait in a queue once more. If the worker dies before it has
    sent them, the sweep has them queued, as it does when a message is lost.
    """
    mine = _Mine()
    before = _mine.set(mine)
    try:
        yield mine.commands
    finally:
        _mine.reset(before)


def note_decided(session: AdHocSession) -> None:
    """Remember how a decision, which the caller commits, leaves the session."""
    if (mine := _mine.get()) is not None:
        mine.decided[session.pk] = _moving(session)


def is_as_decided(session: AdHocSession) -> bool:
    """Whether a session, whose row the caller has locked, is as this worker left it: no news came since.

    All news makes its session due, which moves `next_check_at`; so does whoever takes it from the queue.
    """
    mine = _mine.get()
    return mine is not None and mine.decided.get(session.pk) == _moving(session)


def _moving(session: AdHocSession) -> tuple[Any, ...]:
    return tuple(getattr(session, name) for name in MOVING)


def send_command_after_commit(command: Command) -> None:
    transaction.on_commit(partial(_hand_on, str(command.pk)), robust=True)


def _hand_on(command_id: str) -> None:
    mine = _mine.get()
    if mine is None:
        send_command.delay(command_id)
    elif command_id not in mine.commands:
        mine.commands.append(command_id)


def pull_after_commit(pull_id: int) -> None:
    transaction.on_commit(lambda: current_app.send_task(PULL, args=[pull_id]), robust=True)


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
