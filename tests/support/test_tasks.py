"""`run_tasks` behaves as a worker would."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from celery import shared_task
from django.db import transaction
from django.utils import timezone

from tests.support.tasks import Ran

LOG: list[tuple[object, ...]] = []
NAME = "tests.support.test_tasks."


@shared_task
def note(*values: object, **named: object) -> None:
    LOG.append((*values, *named.items()))


@shared_task
def note_and_go_on(number: int) -> None:
    LOG.append((number,))
    if number:
        note_and_go_on.delay(number - 1)


@shared_task
def fail() -> None:
    raise LookupError("as asked")


@shared_task(bind=True, autoretry_for=(LookupError,), retry_backoff=60, retry_jitter=False, max_retries=1)
def fail_twice(self: Any) -> None:
    LOG.append((self.request.retries, self.request.is_eager))
    raise LookupError("as asked")


@pytest.fixture(autouse=True)
def empty_log() -> None:
    LOG.clear()


def test_it_runs_nothing_before_it_is_asked_to(
    run_tasks: Callable[..., list[Ran]], waiting_tasks: Callable[[], list[Ran]]
) -> None:
    note.delay("a", key=1)
    assert not LOG
    expected: list[Ran] = [(NAME + "note", ("a", {"key": 1}))]
    assert waiting_tasks() == expected
    assert run_tasks() == expected
    assert LOG == [("a", ("key", 1))]
    assert run_tasks() == []


def test_it_keeps_the_order_over_several_queues(run_tasks: Callable[..., list[Ran]]) -> None:
    for number, queue in enumerate(["sync", "engine", "mail", "engine", "sync"]):
        note.apply_async((number,), queue=queue)
    run_tasks()
    assert LOG == [(0,), (1,), (2,), (3,), (4,)]


def test_it_runs_what_a_task_causes(run_tasks: Callable[..., list[Ran]]) -> None:
    note_and_go_on.delay(2)
    assert [arguments for _name, arguments in run_tasks()] == [(2,), (1,), (0,)]


def test_arguments_arrive_as_the_wire_brings_them(run_tasks: Callable[..., list[Ran]]) -> None:
    note.delay((1, 2))
    run_tasks()
    assert LOG == [([1, 2],)]


def test_a_failing_task_fails_the_test(run_tasks: Callable[..., list[Ran]]) -> None:
    fail.delay()
    with pytest.raises(LookupError, match="as asked"):
        run_tasks()
    fail.delay()
    assert run_tasks(raise_failures=False) == [(NAME + "fail", ())]


def test_a_task_waits_for_its_time_and_expires_after_it(
    run_tasks: Callable[..., list[Ran]], waiting_tasks: Callable[[], list[Ran]]
) -> None:
    note.apply_async(("later",), countdown=60)
    note.apply_async(("too late",), expires=30)
    with time_machine.travel(timezone.now() + timedelta(seconds=59), tick=False):
        assert run_tasks() == []
    assert len(waiting_tasks()) == 1
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        run_tasks()
    assert LOG == [("later",)]


def test_a_retry_is_a_new_message_for_later(run_tasks: Callable[..., list[Ran]]) -> None:
    fail_twice.delay()
    assert len(run_tasks()) == 1
    with (
        time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False),
        pytest.raises(LookupError, match="as asked"),
    ):
        run_tasks()
    assert LOG == [(0, False), (1, False)]


@pytest.mark.django_db
def test_it_commits_what_the_test_did(run_tasks: Callable[..., list[Ran]]) -> None:
    with transaction.atomic():
        transaction.on_commit(lambda: note.delay("committed"))
    assert run_tasks() == [(NAME + "note", ("committed",))]


@pytest.mark.django_db
def test_a_rollback_takes_its_tasks_with_it(run_tasks: Callable[..., list[Ran]]) -> None:
    with transaction.atomic():
        transaction.on_commit(lambda: note.delay("rolled back"))
        transaction.set_rollback(True)
    assert run_tasks() == []
