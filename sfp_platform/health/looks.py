"""What is looked at, one function each: "" where all is well, else what is wrong, in words."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from typing import Any

import psycopg
from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now
from django.utils import timezone

from ocpi.log import partitions
from sessions_adhoc.models import AdHocSession
from sfp_platform.broker.life import MISSED_AFTER
from sfp_platform.broker.queues import ENGINE, QUEUES
from sfp_platform.models import Heartbeat

LATE_AFTER = timedelta(seconds=60)
"""A session due for longer than this: no worker serves the engine, or too few do."""
PATIENCE = 2
"""Seconds that a server gets to say that it is there."""
AT_ONCE = {
    "socket_timeout": PATIENCE,
    "socket_connect_timeout": PATIENCE,
    "retry_on_timeout": False,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
MEGABYTE = 1024 * 1024
What = Heartbeat.What


@dataclass
class Signs:
    """How many seconds ago each gave its last sign of life."""

    ages: dict[tuple[str, str], float] = field(default_factory=dict)
    serves: dict[str, str] = field(default_factory=dict)
    mail_server: str = ""

    @classmethod
    def read(cls) -> "Signs":
        found = cls()
        age = ExpressionWrapper(Now() - F("seen_at"), output_field=DurationField())
        for row in Heartbeat.objects.annotate(age=age):
            found.ages[row.what, row.name] = row.age.total_seconds()
            if row.what == What.WORKER:
                found.serves[row.name] = row.serves
            if row.what == What.MAIL_SERVER:
                found.mail_server = row.fault
        return found

    def youngest(self, what: str, among: Callable[[str], bool] = bool) -> float | None:
        """Seconds since the last sign of any of them; None where there never was one."""
        return min((age for (kind, name), age in self.ages.items() if kind == what and among(name)), default=None)

    def workers(self, queue: str) -> list[str]:
        """The workers of a queue that are alive."""
        return [
            name for name in self.serves if self._is_of(queue, name) and self.ages[What.WORKER, name] < MISSED_AFTER
        ]

    def _is_of(self, queue: str, worker: str) -> bool:
        return queue in self.serves[worker].split(",")

    def last_of(self, queue: str) -> float | None:
        return self.youngest(What.WORKER, partial(self._is_of, queue))


def database() -> str:
    """Asked over a connection of its own, which waits for no pool and no more than `PATIENCE` seconds."""
    try:
        if connection.vendor == "postgresql":
            parameters: dict[str, Any] = connection.get_connection_params() or {}
            psycopg.connect(**{**parameters, "connect_timeout": PATIENCE}).close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, psycopg.Error) as error:
        return f"It cannot be reached: {type(error).__name__}."
    return ""


def migrations() -> str:
    """Whether the database is as far as this code: what it is ahead does no harm (an upgrade that goes on)."""
    applied = set(MigrationRecorder(connection).applied_migrations())
    missing = sorted(
        f"{app}.{name}"
        for (app, name), replaces in known_migrations().items()
        if (app, name) not in applied and not (replaces and applied.issuperset(replaces))
    )
    return f"Not applied: {', '.join(missing[:5])}{' and others' if missing[5:] else ''}." if missing else ""


@cache
def known_migrations() -> dict[tuple[str, str], tuple[tuple[str, str], ...]]:
    """All migrations of this code, with those that each replaces."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return {key: tuple(migration.replaces) for key, migration in (loader.disk_migrations or {}).items()}


def broker() -> str:
    """A connection of its own is made, as by a process that starts."""
    try:
        with current_app.connection_for_write() as one:
            one.transport_options = {**(one.transport_options or {}), **AT_ONCE}
            channel: Any = one.default_channel
            channel.close()
    except Exception as error:  # noqa: BLE001  (each broker has errors of its own)
        return f"It cannot be reached: {type(error).__name__}."
    return ""


def beat(signs: Signs) -> str:
    return _missed(signs.youngest(What.BEAT), "No beat runs")


def worker(queue: str, signs: Signs, *, is_sent: bool) -> str:
    """Whether a worker serves the queue, and, while beat sends something through it, whether that arrives."""
    if not signs.workers(queue):
        return _missed(signs.last_of(queue), f"No worker serves “{queue}”")
    if is_sent and (
        fault := _missed(signs.youngest(What.QUEUE, queue.__eq__), f"No worker takes what is on “{queue}”")
    ):
        return fault
    return overdue_sessions() if queue == ENGINE else ""


def overdue_sessions() -> str:
    late = AdHocSession.objects.filter(next_check_at__lt=timezone.now() - LATE_AFTER).exists()
    return "A session is overdue by more than a minute: too few workers serve it." if late else ""


def mail_server(signs: Signs) -> str:
    """What the worker of mails found when it last greeted it. Where none looks, that is said of the worker."""
    return f"It does not answer: {signs.mail_server}" if signs.mail_server else ""


def message_log() -> str:
    """Whether today's and tomorrow's messages have a partition of their own, and whether those past their time go. A
    worker makes them a week ahead, and drops them."""
    if not partitions.are_used():
        return ""
    now, known = timezone.now(), partitions.there()
    if missing := partitions.missing(now, known):
        return f"It has no partition for a day that is to come: {', '.join(missing)}."
    left = partitions.left_behind(now, known)
    return f"Days that are past their time could not be archived and dropped: {', '.join(left)}." if left else ""


def disk() -> str:
    """Whether pushes can be kept until they are stored."""
    folder = settings.SPOOL_DIR
    try:
        os.makedirs(folder, exist_ok=True)
        free = shutil.disk_usage(folder).free // MEGABYTE
    except OSError as error:
        return f"{folder} cannot be used: {error.strerror}."
    if not os.access(folder, os.W_OK):
        return f"{folder} cannot be written to."
    least = settings.HEALTH_DISK_FREE_MB
    return f"{free} MB are left for {folder}, fewer than {least}." if free < least else ""


def _missed(age: float | None, what: str) -> str:
    if age is None:
        return f"{what}: none was ever seen."
    return f"{what}: the last sign is {age:.0f} s old." if age > MISSED_AFTER else ""


def look() -> Iterator[tuple[str, str]]:
    """(what, what is wrong with it), in the order in which things depend on each other.

    Without a database nothing else can be known but the broker and the disk.
    """
    without_database = database()
    yield "database", without_database
    without_broker = broker()
    yield "broker", without_broker
    yield "disk", disk()
    if not without_database:
        missing = migrations()
        yield "migrations", missing
        if not missing:
            yield from _alive(without_broker)


def _alive(without_broker: str) -> Iterator[tuple[str, str]]:
    signs = Signs.read()
    without_beat = beat(signs)
    yield "beat", without_beat
    for queue in QUEUES.split(","):
        yield queue, worker(queue, signs, is_sent=not (without_beat or without_broker))
    yield "mail_server", mail_server(signs)
    yield "message_log", message_log()


NEEDED = ("database", "migrations")
"""Without these a web process can answer nobody. What else fails, fails for all of them: to take them out of the load
balancer would only make it worse."""
NAMES: Mapping[str, Any] = {
    "database": "Database",
    "broker": "Broker",
    "disk": "Disk",
    "migrations": "Migrations",
    "beat": "Beat",
    "engine": "Workers: engine",
    "push": "Workers: push",
    "sync": "Workers: sync",
    "mail": "Workers: mail",
    "mail_server": "Mail server",
    "message_log": "Message log",
}
