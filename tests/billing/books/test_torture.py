"""A run of payments, refunds and releases, asked for twice and driven by several, while posters are killed: the books
are right at its end, and a cent that is put into them is found and named. `SFP_BOOKS_PAYMENTS=500` makes it longer."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from django.db import connection

from billing.books import payments as books
from billing.models import LedgerEntry, LedgerTransaction, PaymentAuthorization, SimulatedCharge, UnpostedPayment
from billing.payments import services
from billing.payments.services import MoneyConflict
from tests.billing.books.looking import findings, stands, verified
from tests.billing.conftest import opened
from tests.billing.test_rivals import at_the_same_time
from tests.support.processes import ROOT
from tests.support.programs import server_environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PAYMENTS = int(os.environ.get("SFP_BOOKS_PAYMENTS", "20"))
POSTERS = 3
METHODS = ("pm_sim_ok", "pm_sim_ok", "pm_sim_ok", "pm_sim_declined", "pm_sim_capture_refused")


def act(chance: random.Random, row: PaymentAuthorization) -> None:
    """What somebody asks of a payment, be it possible or not, twice; then two workers drive it at once."""
    wishes: tuple[Callable[[], object], ...] = (
        lambda: services.request_reserve(row.pk),
        lambda: services.request_capture(row.pk, chance.randrange(1, 4000)),
        lambda: services.request_release(row.pk),
        lambda: services.request_refund(row.pk, chance.randrange(1, 500), reason="x"),
    )
    wish = chance.choices(wishes, (3, 4, 1, 4))[0]
    for _ in range(2):
        with suppress(MoneyConflict):
            wish()
    at_the_same_time(lambda: services.drive(row.pk), lambda: services.drive(row.pk))


def test_the_books_are_right_whatever_happens(tmp_path: Path) -> None:
    chance, environment = random.Random(30), server_environment(tmp_path)
    with ExitStack() as ending:

        def begin() -> "subprocess.Popen[bytes]":
            process = subprocess.Popen([sys.executable, "-m", "tests.billing.books.poster"], cwd=ROOT, env=environment)
            ending.callback(process.wait)
            ending.callback(process.kill)
            return process

        posters = [begin() for _ in range(POSTERS)]
        rows = [opened(chance.choice(METHODS), reference=f"session-{number}") for number in range(PAYMENTS)]
        for number in range(PAYMENTS * 8):
            act(chance, chance.choice(rows))
            if number % 40 == 39:
                victim = chance.randrange(POSTERS)
                posters[victim].send_signal(signal.SIGKILL)
                posters[victim].wait()
                posters[victim] = begin()
    UnpostedPayment.objects.update(next_check_at="2020-01-01T00:00:00Z")  # the leases of those that were killed
    books.post_due()
    assert UnpostedPayment.objects.count() == 0
    assert verified()[0] == 0
    theirs = list(SimulatedCharge.objects.values_list("captured_amount", "refunded_amount"))
    assert stands().get("gateway", 0) == sum(captured - back for captured, back in theirs) > 0
    assert {
        kind: LedgerTransaction.objects.filter(kind=kind).count() > 5 for kind in ("hold", "capture", "refund")
    } == {
        "hold": True,
        "capture": True,
        "refund": True,
    }
    entry = LedgerEntry.objects.filter(account="drivers").order_by("pk")[3]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE billing_ledgerentry SET amount = amount + 1 WHERE id = %s", [entry.pk])
        cursor.execute("SET session_replication_role = DEFAULT")
    told = findings()
    assert len(told) == 3
    assert all(entry.transaction.key in line or str(entry.transaction.authorization_id) in line for line in told)
