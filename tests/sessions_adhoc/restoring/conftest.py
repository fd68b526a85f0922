"""A database that is put back, rows and sequences, while Stripe's stand-in and the CPO go on from where they are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from billing.models import PaymentAuthorization, RestoreFinding
from billing.payments import services
from ocpi.models import Connector, Location
from sessions_adhoc.models import AdHocSession
from tests.billing.stripe.conftest import Stripe, stripe
from tests.factories import tariff_data
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.support import tasks
from tests.support.remembering import copied, fill, tables

__all__ = ["stripe"]
TEN_MINUTES = timedelta(minutes=10)
USUAL = ["receipts", "access"]
"""What every restore leaves to people."""


@dataclass
class Backup:
    """What a dump has: every row, and how far the sequences were."""

    rows: dict[str, bytes]
    sequences: list[tuple[str, int | None]]
    at: datetime


class Database:
    """The database, as an operator sees it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def dump(self) -> Backup:
        with connection.cursor() as cursor:
            cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
            sequences = cursor.fetchall()
        return Backup({table: copied(table) for table in tables()}, sequences, self.clock.now())

    def restore(self, backup: Backup) -> None:
        """Put it back, ten minutes later; what waited in the broker is gone."""
        fill(backup.rows)
        with connection.cursor() as cursor:
            for name, last in backup.sequences:
                cursor.execute("SELECT setval(%s::regclass, %s, %s)", [name, last or 1, last is not None])
        tasks.purge()
        self.clock.traveller.move_to(self.clock.now() + TEN_MINUTES)


@pytest.fixture
def database(clock: Clock) -> Database:
    return Database(clock)


@pytest.fixture
def paying(settings: Any, clock: Clock, stripe: Stripe, cpo: Cpo, driver: Driver) -> Callable[..., Any]:
    """`paying()` begins a charge by a published tariff, paid with Stripe: at its page without `payment_method`."""
    settings.PAYMENT_GATEWAY = "stripe"
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(), 201)
    Connector.objects.update(tariff_ids=["T-1"])
    Location.objects.update(country="SVK", time_zone="Europe/Bratislava")
    cpo.server.on("GET /cdrs", envelope([]))

    def begin(**body: Any) -> AdHocSession:
        asked = {"payment_method": "pm_card_visa", **body}
        return AdHocSession.objects.get(pk=driver._start({name: asked[name] for name in asked if asked[name]}))

    return begin


def reconcile(backup: Backup) -> list[tuple[str, str]]:
    """Run the command; return (key, text) of what it leaves to people, beside what every restore does."""
    with pytest.raises(CommandError, match=r"^\d+ to decide: Money > After a restore, in the admin.$"):
        call_command("reconcile", since=backup.at, stdout=StringIO())
    rows = RestoreFinding.objects.order_by("pk").values_list("key", "text")
    assert [key for key, _text in rows[:2]] == USUAL
    return list(rows[2:])


def kinds(left: list[tuple[str, str]]) -> list[str]:
    return [key.partition(":")[0] for key, _text in left]


def payment_of(session: AdHocSession) -> PaymentAuthorization:
    return PaymentAuthorization.objects.get(reference=str(session.pk))


def refund(session: AdHocSession, amount: int) -> None:
    services.request_refund(payment_of(session).pk, amount, reason="a test")
