"""A migration gives way to whoever uses a table, and comes back."""

import threading
import time
from io import StringIO

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tests.support.programs import database_url

pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]


def test_nobody_waits_behind_a_migration_for_long() -> None:
    url, waits = database_url(), list[float]()
    reading = psycopg.connect(url)
    reading.execute("LOCK TABLE billing_receipt IN ACCESS SHARE MODE")
    released = threading.Event()

    def ask() -> None:
        """Somebody who comes after the migration, again and again."""
        with psycopg.connect(url, autocommit=True) as third:
            while not released.is_set():
                began = time.monotonic()
                third.execute("SELECT count(*) FROM billing_receipt")
                waits.append(time.monotonic() - began)
                time.sleep(0.05)

    told = StringIO()

    def let_go() -> None:
        """When the migration has given way once."""
        while not told.getvalue() and not released.is_set():
            time.sleep(0.05)
        reading.rollback()

    threads = [threading.Thread(target=ask), threading.Thread(target=let_go)]
    for thread in threads:
        thread.start()
    try:
        call_command("migrate", "billing", "0009_payouts", verbosity=0, stderr=told)
        released.set()
        assert told.getvalue() == "Somebody uses a table that is to be changed: trying again (1).\n"
        assert 1.5 < max(waits) < 2.5
        assert ("billing", "0010_restores") not in MigrationRecorder(connection).applied_migrations()
    finally:
        released.set()
        for thread in threads:
            thread.join()
        reading.close()
        call_command("migrate", verbosity=0)
    assert ("billing", "0010_restores") in MigrationRecorder(connection).applied_migrations()
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)
