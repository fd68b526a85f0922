"""Celery without a worker: tasks go to kombu's in-memory broker and come back from it when a test says so.

What is tested is what happens: the call is serialised and published to the queue that its route names; later
the message is taken off, looked up by name and run by the tracer that a worker uses (so a retry publishes a
new message, and signals fire). Only time is the test's: nothing runs until `run_tasks()`.
"""

import itertools
from datetime import UTC, datetime
from typing import Any

from celery import states
from celery.app.trace import build_tracer
from celery.signals import before_task_publish
from django.db import connections
from django.utils import timezone
from kombu.message import Message
from kombu.transport.memory import Channel

from sfp_platform.celery import app

MOST_TASKS = 1000
SEQUENCE = "published_as"

Ran = tuple[str, tuple[Any, ...]]
counter = itertools.count(1)


def use_memory_broker() -> None:
    """Send this process's tasks to a broker inside it, whatever the environment says, and know all tasks."""
    app.conf.update(broker_url="memory://", broker_transport_options={})
    # Whoever published before has left a pool of connections to the broker that it was.
    pools: Any = app
    pools._pool = pools.amqp._producer_pool = None
    before_task_publish.connect(number, dispatch_uid="tests.support.tasks.number")
    app.loader.import_default_modules()


def number(headers: dict[str, Any], **_kwargs: Any) -> None:
    """Number the messages: several queues have no common order of their own."""
    headers[SEQUENCE] = next(counter)


def purge() -> None:
    """Forget every message; the queues are shared by all connections of a process."""
    for queue in Channel.queues.values():
        queue.queue.clear()


def run_tasks(*, raise_failures: bool = True) -> list[Ran]:
    """Commit what the test has done, then run the waiting tasks, oldest first, until none is left.

    Returns `(name, arguments)` of each that ran; keyword arguments, if any, come last as a dict. A task that
    fails fails the test, unless `raise_failures=False`. A task with an `eta` stays queued until the test's
    clock has reached it; one that has expired is dropped, as a worker drops it.
    """
    ran: list[Ran] = []
    run_commit_hooks()
    while (message := next_due()) is not None:
        ran.append(described(message))
        if len(ran) > MOST_TASKS:
            raise AssertionError(f"{MOST_TASKS} tasks ran, the last ones {ran[-3:]}: do they call each other?")
        failure = execute(message)
        if failure is not None and raise_failures:
            raise failure
        run_commit_hooks()
    return ran


def waiting_tasks() -> list[Ran]:
    """What is queued now, oldest first, without running it."""
    run_commit_hooks()
    with app.connection_for_read() as connection, connection.channel() as channel:
        messages = take_all(channel)
        for message in messages:
            message.requeue()
    return [described(message) for message in messages]


def run_commit_hooks() -> None:
    """Run the `on_commit` hooks that the transaction around a test keeps from running."""
    for connection in connections.all(initialized_only=True):
        while connection.run_on_commit:
            hooks, connection.run_on_commit = connection.run_on_commit, []
            for hook in hooks:
                hook[1]()


def next_due() -> Message | None:
    """Take the next message that a worker would run now; drop the expired, leave the others queued."""
    found: Message | None = None
    with app.connection_for_read() as connection, connection.channel() as channel:
        for message in take_all(channel):
            if has_passed(message, "expires"):
                message.ack()
            elif found is None and (message.headers.get("eta") is None or has_passed(message, "eta")):
                found = message
                message.ack()
            else:
                message.requeue()
    return found


def take_all(channel: Any) -> list[Message]:
    """Every message of every queue, oldest first, not yet acknowledged."""
    messages = []
    for name in list(Channel.queues):
        while (message := channel.basic_get(name)) is not None:
            messages.append(message)
    return sorted(messages, key=lambda message: message.headers[SEQUENCE])


def has_passed(message: Message, header: str) -> bool:
    """Whether the time in this header, if it has one, lies behind us."""
    text = message.headers.get(header)
    if text is None:
        return False
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) <= timezone.now()


def described(message: Message) -> Ran:
    args, kwargs, _embedded = message.payload
    return message.headers["task"], (*args, kwargs) if kwargs else tuple(args)


def execute(message: Message) -> BaseException | None:
    """Run the message's task as a worker does, with the request that a worker builds; return its failure."""
    args, kwargs, embedded = message.payload
    task = app.tasks[message.headers["task"]]
    request = {
        **message.headers,
        **embedded,
        "args": args,
        "kwargs": kwargs,
        "hostname": "tests",
        "is_eager": False,
        "delivery_info": message.delivery_info,
    }
    info = build_tracer(task.name, task, app=app)(message.headers["id"], args, kwargs, request).info
    return info.retval if info is not None and info.state == states.FAILURE else None
