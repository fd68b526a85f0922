"""Waking sessions and handing work to Celery after commit. A task that gets lost is made good by the sweep."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.payments.driving import DRIVE_TASK
from ocpi.models import Command
from partners.ground.enqueue import Kept, enqueue_after_commit, keeping
from partners.ground.writes import Writes
from sessions_adhoc.models import MOVING, AdHocSession
from sessions_adhoc.states import TERMINAL

ADVANCE = "sessions_adhoc.tasks.advance"
ADVANCE_BATCH = "sessions_adhoc.tasks.advance_batch"
SEND = "sessions_adhoc.tasks.send_command"
PULL = "sessions_adhoc.tasks.sync_pull"
IN_ONE_TASK = 8
"""Sessions whose news came together: a message to the broker costs as much as storing a push, and a worker that has
eight of them is done in the time in which one charger answers."""


_decided: ContextVar[dict[UUID, tuple[Any, ...]] | None] = ContextVar("how this worker left sessions", default=None)


@contextmanager
def doing_all_myself() -> Iterator[Kept]:
    """Keep what comes of a session's advance for the caller, who does it in this block: commands, money, the next look.

    A driver stands at the charger: START_SESSION must not wait in a queue once more. If the worker dies in between, the
    sweep has the rest done, as it does when a message is lost.
    """
    before = _decided.set({})
    try:
        with keeping(ADVANCE, SEND, DRIVE_TASK) as kept:
            yield kept
    finally:
        _decided.reset(before)


def note_decided(session: AdHocSession) -> None:
    """Remember how a decision, which the caller commits, leaves the session."""
    if (decided := _decided.get()) is not None:
        decided[session.pk] = _moving(session)


def is_as_decided(session: AdHocSession) -> bool:
    """Whether a session, whose row the caller has locked, is as this worker left it: no news came since.

    All news makes its session due, which moves `next_check_at`; so does whoever takes it from the queue.
    """
    return (_decided.get() or {}).get(session.pk) == _moving(session)


def does_engines_work() -> bool:
    """Whether this is a worker at an ad-hoc session, which decides on the news that it brought itself."""
    return _decided.get() is not None


def _moving(session: AdHocSession) -> tuple[Any, ...]:
    return tuple(getattr(session, name) for name in MOVING)


def send_command_after_commit(command: Command) -> None:
    enqueue_after_commit(SEND, str(command.pk))


def pull_after_commit(pull_id: int) -> None:
    enqueue_after_commit(PULL, pull_id)


def wake(session_ids: Iterable[UUID], now: datetime) -> None:
    """Make the sessions due, in the caller's transaction, and have them advanced after commit.

    The rows are locked in the order of their ids, so that two writers of news cannot wait for each other.
    """
    for session_id in sorted(set(session_ids)):
        live = AdHocSession.objects.filter(pk=session_id).exclude(state__in=TERMINAL)
        if live.update(next_check_at=now):
            advance_after_commit(session_id)


def wake_locked(session: AdHocSession, now: datetime, writes: Writes) -> None:
    """The same for one whose row the caller has locked, written with what else the caller writes."""
    if session.state not in TERMINAL:
        session.next_check_at = now
        writes.change(session, "next_check_at")
        advance_after_commit(session.pk)


def advance_after_commit(session_id: UUID) -> None:
    enqueue_after_commit(ADVANCE, str(session_id))


def advance_together(session_ids: Sequence[str]) -> None:
    """Have sessions advanced that are due by what is committed: each by itself, or some in one task."""
    ids = sorted(set(session_ids))
    tasks = -(-len(ids) // IN_ONE_TASK)
    for shared in (ids[number::tasks] for number in range(tasks)):
        if len(shared) == 1:
            enqueue_after_commit(ADVANCE, shared[0])
        else:
            enqueue_after_commit(ADVANCE_BATCH, shared)
