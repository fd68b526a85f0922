"""Numbers have no gap and come once, whoever issues, whoever is killed at any line."""

import random
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from billing.models import LedgerTransaction, Receipt, ReceiptSeries
from tests.billing.books.looking import verified
from tests.factories import PartnerFactory
from tests.support.processes import ROOT, eventually
from tests.support.programs import server_environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ISSUERS, KILLS, ENOUGH = 8, 16, 300


def test_eight_processes_and_kill_9(tmp_path: Path) -> None:
    partner = PartnerFactory.create()
    environment, chance = server_environment(tmp_path), random.Random(9)
    with ExitStack() as ending:
        said = ending.enter_context((tmp_path / "said").open("w"))

        def begin() -> "subprocess.Popen[bytes]":
            command = [sys.executable, "-m", "tests.billing.receipts.issuer", str(partner.pk)]
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said)
            ending.callback(process.wait)
            ending.callback(process.kill)
            return process

        issuers = [begin() for _ in range(ISSUERS)]
        eventually(lambda: Receipt.objects.count() > ISSUERS, what="the first receipts")
        for _ in range(KILLS):
            victim = chance.randrange(ISSUERS)
            time.sleep(chance.random() / 5)
            issuers[victim].send_signal(signal.SIGKILL)
            issuers[victim].wait()
            issuers[victim] = begin()
        eventually(lambda: Receipt.objects.count() >= ENOUGH, what="enough receipts")
    told = (tmp_path / "said").read_text().split()
    there = list(Receipt.objects.order_by("sequence").values_list("sequence", flat=True))
    assert there == list(range(1, len(there) + 1))
    assert ReceiptSeries.objects.get().last == len(there) >= ENOUGH
    # What was told after its commit is there; the last of a process that was killed may be there without being told.
    numbers = set(Receipt.objects.values_list("number", flat=True))
    assert set(told) <= numbers
    assert len(told) == len(set(told)) >= len(there) - KILLS - ISSUERS
    assert LedgerTransaction.objects.filter(kind="receipt").count() == len(there)
    assert verified()[0] == 0
