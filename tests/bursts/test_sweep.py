"""Rule 38: whatever waits in our queues, a row whose time has come is found within 2 s of when a worker is free."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from celery import Celery
from django.utils import timezone

from sessions_adhoc.driver.services import StartRequest, start_session
from sessions_adhoc.models import AdHocSession
from sfp_platform.broker import queues
from sfp_platform.broker.sweep import Look, Sweeper
from sfp_platform.celery import app
from tests.factories import ConnectorFactory, EvseFactory, LocationFactory, PartnerFactory
from tests.support.processes import eventually
from tests.support.programs import server_environment, worker

IN_TIME = 2.0


def expired_session() -> AdHocSession:
    """A session that nobody paid for, whose quarter of an hour is over: the next look cancels it."""
    evse = EvseFactory.create(location=LocationFactory.create(partner=PartnerFactory.create()))
    ConnectorFactory.create(evse=evse)
    session, _created = start_session(StartRequest(evse=evse.code))
    past = timezone.now() - timedelta(minutes=20)
    AdHocSession.objects.filter(pk=session.pk).update(
        state="created", state_since=past, created_at=past, next_check_at=timezone.now() + timedelta(hours=1)
    )
    return AdHocSession.objects.get(pk=session.pk)


def fall_due(session: AdHocSession) -> float:
    """Let its time come; return how many seconds pass until somebody moved it."""
    AdHocSession.objects.filter(pk=session.pk).update(next_check_at=timezone.now())
    began = time.monotonic()
    moved = AdHocSession.objects.filter(pk=session.pk).exclude(state="created")
    eventually(moved.exists, what="the due session moved")
    return time.monotonic() - began


@contextmanager
def producer(environment: dict[str, str]) -> Iterator[Any]:
    """Publishes where the worker under test listens."""
    other = Celery("producer", broker=environment["REDIS_URL"], set_as_current=False)
    other.conf.broker_transport_options = {"global_keyprefix": environment["REDIS_KEY_PREFIX"]}
    with other.connection_for_write() as connection, connection.Producer() as one:
        yield lambda task, *args, queue: other.send_task(task, args, queue=queue, producer=one)


def backlog(environment: dict[str, str], count: int) -> None:
    """Queue news of sessions that nobody knows, as a burst leaves it."""
    with producer(environment) as publish:
        for _ in range(count):
            publish("ocpi.tasks.send_command", str(uuid4()), queue="engine")


def waiting(environment: dict[str, str], queue: str = "engine") -> int:
    with redis.Redis.from_url(environment["REDIS_URL"]) as server:
        return int(server.llen(f"{environment['REDIS_KEY_PREFIX']}{queue}"))


def behind(tmp_path: Path, tasks: int, *options: str) -> tuple[float, int]:
    """(seconds until a due session moved, tasks that still waited then) of a worker that begins with a backlog."""
    environment = server_environment(tmp_path)
    session = expired_session()
    backlog(environment, tasks)
    with worker(environment, tmp_path / "worker.log", *options, queues="engine"):
        took = fall_due(session)
        return took, waiting(environment)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_due_session_moves_past_the_queue(tmp_path: Path) -> None:
    """No beat runs: the worker looks by itself."""
    took, left = behind(tmp_path, 1_500)
    assert took < IN_TIME
    assert left > 0, "the backlog was worked off before it could be in the way"


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_five_thousand_tasks_hold_up_no_session(tmp_path: Path, pool: str) -> None:
    took, left = behind(tmp_path, 5_000, "--pool", pool)
    assert took < IN_TIME
    assert left > 0


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_it_moves_although_redis_forgot_everything_and_a_worker_was_killed(tmp_path: Path) -> None:
    environment = server_environment(tmp_path)
    session = expired_session()
    with worker(environment, tmp_path / "first.log", queues="engine") as first:
        backlog(environment, 300)
        first.kill()
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as server:
        for key in server.scan_iter(f"{environment['REDIS_KEY_PREFIX']}*"):
            server.delete(key)
    with worker(environment, tmp_path / "second.log", queues="engine"):
        assert fall_due(session) < IN_TIME
    assert "Traceback" not in (tmp_path / "second.log").read_text()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_without_a_broker_the_sweep_does_it_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kombu.exceptions import OperationalError

    from sessions_adhoc import tasks

    def away(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError("no broker")

    session = expired_session()
    AdHocSession.objects.filter(pk=session.pk).update(next_check_at=timezone.now())
    monkeypatch.setattr(app, "send_task", away)
    monkeypatch.setattr(tasks.advance_batch, "apply_async", away)
    assert tasks.tick() == 1
    session = AdHocSession.objects.get(pk=session.pk)
    assert session.state != "created"


def test_twins_are_served_with_their_queues_and_asked_first() -> None:
    cycle = queues.DueFirst()
    cycle.update(["engine", "push", "engine.due", "push.due"])
    assert cycle.consume(4) == ["engine.due", "push.due", "engine", "push"]
    cycle.rotate("engine")
    assert cycle.consume(4) == ["engine.due", "push.due", "push", "engine"]


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("sessions_adhoc.tasks.advance_batch", "engine"),
        ("sessions_adhoc.tasks.sync_pull", "sync"),
        ("ocpi.tasks.send_command", "engine"),
        ("ocpi.tasks.push_token", "push"),
        ("partners.tasks.mail_send", "mail"),
        ("onboarding.tasks.sync_evidence_tick", "sync"),
    ],
)
def test_what_a_sweep_publishes_goes_past_its_queue(task: str, queue: str) -> None:
    assert queues.route(task) == {"queue": queue}
    with queues.sweeping():
        assert queues.route(task) == {"queue": f"{queue}.due"}


@pytest.mark.parametrize("name", sorted(app.conf.beat_schedule))
def test_a_tick_of_beat_goes_past_its_queue(name: str) -> None:
    options = app.conf.beat_schedule[name]["options"]
    task = app.conf.beat_schedule[name]["task"]
    assert task in app.tasks
    assert options["queue"] == queues.route(task)["queue"] + queues.DUE


@pytest.mark.django_db
def test_a_look_that_fails_keeps_no_other_waiting() -> None:
    seen: list[str] = []

    def broken() -> None:
        seen.append("broken")
        raise ValueError("no database")

    sweeper = Sweeper([Look("broken", 0.5, broken), Look("other", 0.5, lambda: seen.append("other"))])
    sweeper.sweep()
    assert seen == ["broken", "other"]
    assert sweeper.next["broken"] > sweeper.next["other"]
