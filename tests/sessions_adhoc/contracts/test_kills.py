"""Each CDR of a contract is handed over exactly once, whoever is killed: our workers, our web server, the back office.

Real processes, this test's own PostgreSQL database. `SFP_CONTRACT_CHARGES=1000` makes it as many.
"""

import os
import random
import re
import signal
import socket
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ocpi.models import Cdr
from partners.models import Partner
from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import ContractNumber, ContractRecord, WebhookDelivery, WebhookEndpoint
from sessions_adhoc.webhooks import endpoints
from tests.factories import (
    ConnectorFactory,
    EvseFactory,
    LocationFactory,
    PartnerFactory,
    cdr_data,
    issue_token,
    period_data,
    session_data,
)
from tests.sessions_adhoc.conftest import stamp
from tests.sessions_adhoc.contracts.conftest import add_tariff, make_token
from tests.sessions_adhoc.contracts.ledger import opened
from tests.support import programs
from tests.support.processes import Process, eventually, file_contains, free_port, url_answers

pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
CHARGES = int(os.environ.get("SFP_CONTRACT_CHARGES", "150"))
CONTRACTS, WORKERS = 10, 3
FULL_PACE = 0.25
LUCK = random.Random(12)


def is_free(port: int) -> bool:
    """Whether nobody listens there any more."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class World:
    """The processes, and who of them is killed next."""

    def __init__(self, folder: Path, partner: Partner, token: str) -> None:
        self.folder, self.partner, self.token = folder, partner, token
        self.ours, self.theirs = free_port(), free_port()
        self.book = folder / "ledger.sqlite"
        client, self.key = create_client_key("back office", is_back_office=True)
        _row, self.secret = endpoints.create(client, f"http://127.0.0.1:{self.theirs}/hooks")
        self.environment = programs.server_environment(folder / "var", LIMIT_STRANGERS="0", LIMIT_CLIENTS="0")
        self.environment |= {"LIMIT_PARTNERS": "0", "DJANGO_SETTINGS_MODULE": "sfp_platform.settings"}
        # The secret of the webhook was encrypted here.
        self.environment["FIELD_ENCRYPTION_KEYS"] = ",".join(settings.FIELD_ENCRYPTION_KEYS)
        self.herd_log = folder / "herd.log"
        self.kills = Counter[str]()
        self.running: dict[str, Process] = {}

    def stop(self) -> None:
        for process in self.running.values():
            process.stop()

    def start(self, name: str) -> None:
        made = getattr(self, f"_{name}")()
        made.__enter__()
        self.running[name] = made

    def _web(self) -> Process:
        return programs.web(self.environment, self.ours, self.folder / "web.log")

    def _office(self) -> Process:
        api = f"http://127.0.0.1:{self.ours}/api/v1/contract-charges/"
        command = [sys.executable, "-m", "tests.sessions_adhoc.contracts.ledger", str(self.theirs), str(self.book)]
        log = self.folder / "office.log"
        ready = url_answers(f"http://127.0.0.1:{self.theirs}/")
        return Process([*command, self.secret, api, self.key], log=log, env=self.environment, ready=ready)

    def _herd(self) -> Process:
        command = [sys.executable, "-m", "tests.sessions_adhoc.contracts.herd", str(WORKERS)]
        return Process(command, log=self.herd_log, env=self.environment, ready=file_contains(self.herd_log, "worker"))

    def kill_somebody(self) -> None:
        """With -9, by its pid; whoever it was begins again."""
        name = LUCK.choice(["worker", "worker", "worker", "office", "office", "web"])
        if name == "worker":
            pids = [pid for pid in re.findall(r"worker (\d+)", self.herd_log.read_text()) if self._is_ours(pid)]
            if pids:
                os.kill(int(LUCK.choice(pids)), signal.SIGKILL)
                self.kills[name] += 1
            return
        self.kills[name] += 1
        process = self.running[name]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # Its children were killed with it; whose socket it was may end a moment later.
        eventually(lambda: is_free(self.ours if name == "web" else self.theirs), seconds=10, what="a free port")
        self.start(name)

    def _is_ours(self, pid: str) -> bool:
        """Whether a worker of this herd lives under that number."""
        status = Path(f"/proc/{pid}/stat")
        if not status.exists():
            return False
        state, parent = status.read_text().rpartition(")")[2].split()[:2]
        return state != "Z" and int(parent) == self.running["herd"].pid

    def push(self, method: str, path: str, body: dict[str, Any]) -> None:
        """As a CPO does: again until it is answered. So what was stored, and not answered, comes twice."""
        url = f"http://127.0.0.1:{self.ours}/ocpi/emsp/2.2.1/{path}"
        while True:
            try:
                answer = requests.request(
                    method, url, json=body, headers={"Authorization": f"Token {self.token}"}, timeout=10
                )
                if answer.ok and answer.json()["status_code"] == 1000:
                    return
                assert answer.status_code >= 500, answer.text
            except requests.RequestException:
                pass
            time.sleep(0.05)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    partner = PartnerFactory.create(code="ion", party_id="ION", token_encoding="raw", environment="production")
    location = LocationFactory.create(partner=partner, ocpi_id="LOC-1")
    ConnectorFactory.create(evse=EvseFactory.create(location=location, uid="EVSE-1"))
    add_tariff(partner)
    for number in range(CONTRACTS):
        make_token(f"CARD-{number}", f"SK-SFP-C{number:08}", at=timezone.now() - timedelta(days=9))
    made = World(tmp_path, partner, issue_token(partner))
    with ExitStack() as stack:
        for name in ("web", "office", "herd"):
            made.start(name)
        stack.callback(made.stop)
        yield made


def tell(world: World, number: int) -> None:
    """A charge: its Session to its end, its CDR; each third one is corrected by a credit and a new CDR."""
    began = timezone.now() - timedelta(hours=2)
    token = {"country_code": "SK", "party_id": "SFP", "uid": f"CARD-{number % CONTRACTS}", "type": "RFID"}
    token["contract_id"] = f"SK-SFP-C{number % CONTRACTS:08}"
    shared: dict[str, Any] = {"auth_method": "WHITELIST", "authorization_reference": None, "cdr_token": token}
    shared |= {"start_date_time": stamp(began), "end_date_time": stamp(began + timedelta(hours=1))}
    shared["last_updated"] = stamp(began + timedelta(hours=1))
    session = session_data(f"S-{number}", kwh=10, status="COMPLETED", **shared)
    cost = {"total_cost": {"excl_vat": 4.9, "incl_vat": 6.03}, "total_energy": 10}
    cost["charging_periods"] = [period_data(stamp(began), ENERGY=10)]
    cdrs = [cdr_data(f"CDR-{number}", session_id=f"S-{number}", **shared, **cost)]
    if number % 3 == 0:
        credit = {"credit": True, "credit_reference_id": f"CDR-{number}"}
        cdrs.append(cdr_data(f"CREDIT-{number}", session_id=f"S-{number}", **shared, **cost, **credit))
        cdrs.append(cdr_data(f"CDR-{number}-B", session_id=f"S-{number}", **shared, **cost))
    world.push("PUT", f"sessions/SK/ION/S-{number}", session)
    for one in cdrs:
        world.push("POST", "cdrs", one)


def test_each_is_handed_over_exactly_once(world: World) -> None:
    for number in range(CHARGES):
        tell(world, number)
        if LUCK.random() < FULL_PACE:
            world.kill_somebody()
    corrected = len(range(0, CHARGES, 3))
    wanted = CHARGES * 2 + corrected * 2
    assert (Cdr.objects.count(), ContractRecord.objects.count()) == (CHARGES + 2 * corrected, wanted)
    for _ in range(6):
        time.sleep(0.5)
        world.kill_somebody()
    eventually(lambda: is_over(wanted), what="the end of all records")
    compare(world, wanted)


def hurry() -> None:
    """What a killed worker had under its lease, and what waits for a probe, is due now: only time is shortened."""
    now = timezone.now()
    ahead = {ContractRecord: 2, WebhookDelivery: 20}
    for model, seconds in ahead.items():
        with transaction.atomic():
            late = model._base_manager.filter(next_check_at__gt=now + timedelta(seconds=seconds))
            free = list(late.select_for_update(skip_locked=True).values_list("pk", flat=True))
            model._base_manager.filter(pk__in=free).update(next_check_at=now)
    WebhookEndpoint.objects.exclude(retry_at=None).update(retry_at=now)


def is_over(wanted: int) -> bool:
    hurry()
    acknowledged = ContractRecord.objects.exclude(acknowledged_at=None)
    return acknowledged.count() == wanted and not WebhookDelivery.objects.exclude(state="taken").exists()


def compare(world: World, wanted: int) -> None:
    """Our books, what webhooks brought and what was read over the API: the same, each once."""
    rows = {str(row.uuid): row for row in ContractRecord.objects.all()}
    assert {row.state for row in rows.values()} == {"handed"}
    assert sorted(row.number or 0 for row in rows.values()) == list(range(1, wanted + 1))
    assert ContractNumber.objects.get().last == wanted
    book = opened(str(world.book))
    booked, read = (
        dict(book.execute(f"SELECT id, body FROM {table}").fetchall())  # noqa: S608
        for table in ("booked", "read")
    )
    assert booked == {f"msg_{identifier.replace('-', '')}": body for identifier, body in read.items()}
    assert read.keys() == rows.keys()
    came = Counter(row[0] for row in book.execute("SELECT id FROM delivered"))
    check_order(book)
    corrected = len(range(0, CHARGES, 3))
    kinds = Counter(row.kind for row in rows.values())
    assert kinds == {"session": CHARGES, "cdr": CHARGES + corrected, "credit": corrected}
    owed = sum((1 if row.kind == "cdr" else -1) * row.pays for row in rows.values() if row.pays is not None)
    assert round(owed * 100) == CHARGES * 603
    again = sum(count - 1 for count in came.values())
    sys.stdout.write(
        f"\n{wanted} records ({dict(kinds)}), each once in both books; killed {dict(world.kills)};"
        f" {again} deliveries came again and were passed over\n"
    )


def check_order(book: sqlite3.Connection) -> None:
    """Of one contract, what came for the first time came in order."""
    last, seen = dict[str, int](), set[str]()
    for identifier, number, contract in book.execute("SELECT id, number, contract FROM delivered ORDER BY rowid"):
        if identifier not in seen:
            assert number > last.get(contract, 0), (contract, number)
            seen.add(identifier)
            last[contract] = number
