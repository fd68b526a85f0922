"""A tick that finds nothing costs next to nothing; one that finds something is as it was (rule 38)."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from celery.beat import ScheduleEntry
from celery.schedules import schedule
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ocpi.models import HandshakeRun
from partners.ground.deadlines import is_any_due
from partners.models import Mail
from sessions_adhoc.models import AdHocSession, FallbackPull
from sfp_platform.broker import beat, sweep
from sfp_platform.celery import app
from tests.factories import PartnerFactory

pytestmark = pytest.mark.django_db

HANDSHAKES = "ocpi.tasks.sync_handshakes_tick"
RETENTION = "partners.tasks.mail_clean"


@pytest.fixture
def scheduler(tmp_path: Any) -> beat.Scheduler:
    return beat.Scheduler(app, schedule_filename=str(tmp_path / "schedule"), lazy=True)


def entry(task: str) -> ScheduleEntry:
    return ScheduleEntry(name=task, task=task, schedule=schedule(1.0), app=app)


def waiting_handshake(in_seconds: float) -> HandshakeRun:
    due = timezone.now() + timedelta(seconds=in_seconds)
    return HandshakeRun.objects.create(
        partner=PartnerFactory.create(), window_starts_at=due, window_ends_at=due, next_check_at=due
    )


def test_beat_passes_over_what_has_nothing_to_do(scheduler: beat.Scheduler, waiting_tasks: Any) -> None:
    waiting_handshake(60)

    with CaptureQueriesContext(
        connection,
    ) as asked:
        scheduler.apply_entry(entry(HANDSHAKES))

    assert waiting_tasks() == []
    assert len(asked) == 1


def test_beat_sends_what_has_something_to_do(scheduler: beat.Scheduler, waiting_tasks: Any) -> None:
    waiting_handshake(-1)

    scheduler.apply_entry(entry(HANDSHAKES))

    assert waiting_tasks() == [(HANDSHAKES, ())]


def test_ticks_of_a_moment_in_which_nothing_is_due_ask_once(scheduler: beat.Scheduler, waiting_tasks: Any) -> None:
    with CaptureQueriesContext(connection) as asked:
        for task in beat.deadlines():
            scheduler.apply_entry(entry(task))
    assert (len(asked), waiting_tasks()) == (1, [])
    waiting_handshake(-1)
    scheduler.quiet_until = 0.0
    for task in beat.deadlines():
        scheduler.apply_entry(entry(task))
    assert waiting_tasks() == [(HANDSHAKES, ())]


def test_beat_sends_what_nobody_can_tell_of(
    scheduler: beat.Scheduler, waiting_tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: Any) -> Any:
        raise DatabaseError("the database is away")

    monkeypatch.setattr("partners.ground.deadlines.rows.run", away)

    scheduler.apply_entry(entry(HANDSHAKES))
    scheduler.apply_entry(entry(RETENTION))

    assert waiting_tasks() == [(HANDSHAKES, ()), (RETENTION, ())]


def test_beat_sleeps_until_an_entry_is_due_and_not_a_little_less(scheduler: beat.Scheduler, waiting_tasks: Any) -> None:
    """Of two entries that never come together, each wakes it to send, to see how long there is nothing to do, and where
    a pause ends within a microsecond before the moment, as a frozen clock has it, once more."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        scheduler.setup_schedule()
        scheduler.schedule.clear()
        for task in (RETENTION, "ocpi.tasks.push_reconcile"):
            scheduler.schedule[task] = entry(task)
            clock.shift(0.3)
        slept = 0.0
        for _ in range(3 * 20):
            pause = scheduler.tick()
            slept += pause
            clock.shift(pause)
            if slept >= 10:
                break

    sent = Counter(task for task, _ in waiting_tasks())
    assert slept >= 10
    assert sent == {RETENTION: 10, "ocpi.tasks.push_reconcile": 10}


def test_beat_is_ours_and_its_conditions_are_of_tasks_that_it_has() -> None:
    assert app.conf.beat_scheduler == "sfp_platform.broker.beat:Scheduler"
    assert set(beat.conditions()) <= {entry["task"] for entry in app.conf.beat_schedule.values()}


def test_one_statement_asks_for_all(django_assert_num_queries: Any) -> None:
    now = timezone.now()
    due = waiting_handshake(60).next_check_at
    assert due is not None
    models = [AdHocSession, FallbackPull, Mail, HandshakeRun]

    with django_assert_num_queries(3):
        assert is_any_due(models, now) is False
        assert is_any_due(models, due - timedelta(microseconds=1)) is False
        assert is_any_due(models, due) is True


def test_a_sweep_that_finds_nothing_is_one_statement(django_assert_num_queries: Any) -> None:
    waiting_handshake(-1)
    (sessions,) = sweep.sweepers()[0].looks

    with django_assert_num_queries(1):
        sessions()
