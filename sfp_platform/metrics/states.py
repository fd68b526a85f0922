"""How things stand now, asked of the database and the broker once in ten seconds, however many ask for metrics.

The same on every host: monitoring takes them from one, or the greatest.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import structlog
from celery import current_app
from django.db import connection
from django.db.models import Count, Min, Sum
from django.utils import timezone
from kombu.utils.json import loads
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from billing.models import PaymentAuthorization
from billing.models.payment_states import State as Money
from partners.models import Incident, Mail
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import TERMINAL, State
from sfp_platform import __version__
from sfp_platform.broker.due import due_at
from sfp_platform.broker.queues import DUE, QUEUES
from sfp_platform.broker.travelling import SENT_AT
from sfp_platform.health.looks import Signs
from sfp_platform.health.verdict import watch

log = structlog.get_logger(__name__)
Families = Iterator[GaugeMetricFamily]
GOOD_FOR = 10.0
HELD = (Money.RESERVED, Money.CAPTURING, Money.RELEASING)
LIVE = [state for state in State if state not in TERMINAL]


def gauge(name: str, text: str, *labels: str, of: Iterable[tuple[Any, ...]]) -> GaugeMetricFamily:
    """A metric of these rows, (label..., value)."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for *values, value in of:
        family.add_metric([str(one) for one in values], float(value or 0))
    return family


def health() -> Families:
    of = [(name, not fault) for name, fault in watch.verdict().faults.items()]
    yield gauge("sfp_health", "1 where it runs.", "check", of=of)
    yield gauge("sfp_version", "Always 1.", "version", of=[(__version__, 1)])


def signs() -> Families:
    found = Signs.read()
    of = [(what, name, age) for (what, name), age in found.ages.items()]
    yield gauge("sfp_sign_age_seconds", "Since the last sign of life.", "what", "name", of=of)
    alive = [(queue, len(found.workers(queue))) for queue in QUEUES.split(",")]
    yield gauge("sfp_workers", "Workers that are alive.", "queue", of=alive)


def due_rows() -> Families:
    """Rows whose time has come."""
    now = timezone.now()
    found = due_at(now)
    rows = [(one.model._meta.label, one.rows) for one in found]
    lags = [(one.model._meta.label, (now - one.oldest).total_seconds() if one.oldest else 0) for one in found]
    yield gauge("sfp_due_rows", "Rows whose time has come.", "model", of=rows)
    yield gauge("sfp_due_lag_seconds", "For how long the oldest of them waits.", "model", of=lags)


def queues() -> Families:
    depths, ages = [], []
    with current_app.connection_for_read() as one:
        channel: Any = one.default_channel
        for name in [name + twin for name in QUEUES.split(",") for twin in ("", DUE)]:
            depths.append((name, size_of(channel, name)))
            ages.append((name, age_of_oldest(channel, name)))
    yield gauge("sfp_queue_messages", "Messages that wait in the broker.", "queue", of=depths)
    yield gauge("sfp_queue_age_seconds", "For how long the oldest of them waits.", "queue", of=ages)


def size_of(channel: Any, queue: str) -> int:
    return int(channel._size(queue))


def age_of_oldest(channel: Any, queue: str) -> float:
    """0 where nothing waits, and with brokers other than Redis, which cannot be looked into."""
    client: Any = getattr(channel, "client", None)
    if not hasattr(client, "lindex"):
        return 0.0
    oldest = client.lindex(f"{channel.global_keyprefix}{queue}", -1)
    sent_at = loads(oldest)["headers"].get(SENT_AT) if oldest else None
    return max(0.0, time.time() - sent_at) if sent_at else 0.0


def sessions() -> Families:
    rows = AdHocSession.objects.filter(state__in=LIVE).values_list("state").order_by().annotate(Count("pk"))
    of = {**dict.fromkeys(map(str, LIVE), 0), **dict(rows)}
    yield gauge("sfp_sessions", "Charges that are not over.", "state", of=of.items())


def money() -> Families:
    held = PaymentAuthorization.objects.filter(state__in=HELD).values_list("currency").order_by()
    rows = list(held.annotate(Sum("amount"), Count("pk")))
    yield gauge("sfp_held_minor_units", "Money that is held.", "currency", of=[row[:2] for row in rows])
    yield gauge("sfp_held_payments", "Payments that hold it.", "currency", of=[(row[0], row[2]) for row in rows])


def mails() -> Families:
    waiting = Mail.objects.filter(next_check_at__isnull=False).aggregate(rows=Count("pk"), oldest=Min("written_at"))
    age = (timezone.now() - waiting["oldest"]).total_seconds() if waiting["oldest"] else 0
    yield gauge("sfp_mails_waiting", "Mails that are not sent.", of=[(waiting["rows"],)])
    yield gauge("sfp_mails_age_seconds", "For how long the oldest of them waits.", of=[(age,)])


def incidents() -> Families:
    rows = Incident.objects.filter(closed_at=None).values_list("severity").order_by().annotate(Count("pk"))
    names = dict(Incident.Severity.choices)
    of = {**dict.fromkeys(names, 0), **dict(rows)}
    yield gauge("sfp_incidents_open", "Open incidents.", "severity", of=[(names[key], of[key]) for key in names])


TABLES = """
SELECT coalesce(parent.relname, own.relname) AS name, sum(pg_total_relation_size(own.oid)),
       sum(greatest(own.reltuples, 0)), count(parent.oid)
FROM pg_class own JOIN pg_namespace space ON space.oid = own.relnamespace
LEFT JOIN pg_inherits link ON link.inhrelid = own.oid LEFT JOIN pg_class parent ON parent.oid = link.inhparent
WHERE own.relkind = 'r' AND space.nspname = current_schema() GROUP BY name
"""


def tables() -> Families:
    """Sizes with indexes; what is partitioned is one, with its partitions counted."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        rows = cursor.fetchall()
        cursor.execute("SELECT count(*), current_setting('max_connections') FROM pg_stat_activity")
        used, most = cursor.fetchone()
    yield gauge("sfp_table_bytes", "With indexes.", "table", of=[(row[0], row[1]) for row in rows])
    yield gauge("sfp_table_rows", "As estimated by the database.", "table", of=[(row[0], row[2]) for row in rows])
    parts = [(row[0], row[3]) for row in rows if row[3]]
    yield gauge("sfp_table_partitions", "Of tables that have some.", "table", of=parts)
    yield gauge("sfp_database_connections", "Of all clients of the server.", of=[(used,)])
    yield gauge("sfp_database_connections_most", "That the server allows.", of=[(most,)])


OF_DATABASE: tuple[Callable[[], Families], ...] = (signs, due_rows, sessions, money, mails, incidents, tables)


class States(Collector):
    """Collects all of them. What cannot be asked is left out, and health says why."""

    def __init__(self) -> None:
        self.lock, self.until = threading.Lock(), 0.0
        self.last: list[GaugeMetricFamily] = []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self.lock:
            if time.monotonic() >= self.until:
                self.last = list(self._ask())
                self.until = time.monotonic() + GOOD_FOR
        yield from self.last

    def describe(self) -> list[Any]:
        return []

    def _ask(self) -> Families:
        yield from health()
        verdict = watch.verdict()
        looks = (*(() if not verdict.is_ready else OF_DATABASE), *(() if verdict.faults.get("broker") else (queues,)))
        for look in looks:
            try:
                yield from list(look())
            except Exception:
                log.exception("metrics_not_asked", look=look.__name__)


states = States()
