"""SIGTERM: whoever gets it finishes what it took, takes nothing new, and is gone within 30 s. Also while it starts.

`make heavy ARGS="tests/operating/test_leaving.py -s"` prints how long each took.
"""

import http.client
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGTERM
from typing import Any

import psycopg
import pytest
from django.conf import settings

from ocpi.calls.commands import create_unlock_connector
from ocpi.models import Command, Message, OcpiSession
from partners.models import Partner
from tests.factories import PartnerFactory, PartnerRoleFactory, session_data
from tests.ocpi.cpo import Answer, ScriptedCpo, Seen, connected_partner, envelope
from tests.ocpi.server.conftest import Cpo
from tests.sessions_adhoc.between import address
from tests.support.processes import Process, eventually, file_contains, free_port
from tests.support.programs import manage, server_environment, web

pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
IN_TIME = 30.0
REQUESTS, TASKS = 100, 20
MOMENTS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2, 1.6, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0)
"""Seconds after the start at which a program is told to stop: before, while and after it is ready."""
KEYS = {"FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS)}
CELERY = [sys.executable, "-m", "celery", "-A", "sfp_platform"]


@contextmanager
def nobody_writes(*tables: str) -> Iterator[None]:
    """A block in which whoever writes to these waits, and goes on when it ends."""
    with psycopg.connect(**address(), autocommit=True) as other, other.transaction():
        for table in tables:
            other.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield


def seconds_to_end(process: Process, meanwhile: Callable[[], Any] = lambda: None) -> float:
    """Tell it to stop; how long until it and all that it started are gone."""
    began = time.monotonic()
    if process.exit_code() is None:
        os.kill(process.pid, SIGTERM)
    meanwhile()
    wait_for_end(process)
    return time.monotonic() - began


def wait_for_end(process: Process) -> None:
    """Of the program and of everything that it started."""
    eventually(lambda: process.exit_code() is not None, seconds=90, what="its end")
    eventually(lambda: not group(process.pid), seconds=90, what="the end of what it started")


def group(pid: int) -> list[str]:
    """What runs in the process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, fields = stat.read_text().rsplit(")", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _parent, its_group = fields.split()[:3]
        if int(its_group) == pid and state != "Z":
            found.append(name)
    return found


class Pushes:
    """So many at once, each over a connection of its own; half of them new Sessions, half changes of known ones."""

    def __init__(self, port: int, cpo: Cpo, known: list[str]) -> None:
        self.port, self.headers = port, {"Authorization": f"Token {cpo.written_token()}"}
        self.answers: list[tuple[int, str | None]] = []
        self.failures: list[Exception] = []
        new = [f"N-{number}" for number in range(REQUESTS - len(known))]
        todo = [("PUT", name, session_data(name)) for name in new]
        todo += [("PATCH", name, {"kwh": 7, "last_updated": "2026-11-29T10:00:00Z"}) for name in known]
        self.threads = [threading.Thread(target=self._push, args=one) for one in todo]
        for thread in self.threads:
            thread.start()

    def _push(self, method: str, name: str, body: Any) -> None:
        try:
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            client.request(method, f"/ocpi/emsp/2.2.1/sessions/SK/ION/{name}", json.dumps(body), self.headers)
            answer = client.getresponse()
            answer.read()
            self.answers.append((answer.status, answer.headers["Connection"]))
        except (OSError, http.client.HTTPException) as failure:
            self.failures.append(failure)

    def wait(self) -> None:
        for thread in self.threads:
            thread.join(60)


def connections_to(port: int) -> int:
    """How many connections are accepted and open at this port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(1 for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01" and row[9] != "0")


def test_no_request_that_was_taken_is_lost(tmp_path: Path) -> None:
    """A hundred wait for the database when the web server is told to stop, pushes and others."""
    partner = PartnerFactory.create(code="ion", party_id="ION")
    PartnerRoleFactory.create(partner=partner)
    cpo, port = Cpo(partner), free_port()
    known = [f"K-{number}" for number in range(REQUESTS // 2)]
    for name in known:
        assert cpo.put(f"sessions/SK/ION/{name}", session_data(name)).status_code == 201
    before = Message.objects.count()
    environment = server_environment(tmp_path, SPOOL_DIR=str(tmp_path / "spool"))
    with web(environment, port, tmp_path / "web.log", workers=2) as server:
        with ExitStack() as locked:
            locked.enter_context(nobody_writes("ocpi_ocpisession", "ocpi_message"))
            pushes = Pushes(port, cpo, known)
            eventually(lambda: connections_to(port) == REQUESTS, what="all are taken")
            time.sleep(1)

            def let_go() -> None:
                time.sleep(5)
                locked.close()

            took = seconds_to_end(server, let_go)
        pushes.wait()
        assert server.exit_code() == 0
    sys.stdout.write(f"\n{REQUESTS} requests in flight, which waited 5 s: gone after {took:.1f} s\n")
    assert pushes.failures == []
    assert Counter(pushes.answers) == {(201, "close"): REQUESTS - len(known), (200, "close"): len(known)}
    assert OcpiSession.objects.count() == REQUESTS
    assert OcpiSession.objects.filter(kwh=7, ocpi_id__in=known).count() == len(known)
    assert Message.objects.count() == before + REQUESTS
    assert took < IN_TIME


def test_a_request_that_does_not_end_keeps_nobody(tmp_path: Path) -> None:
    """The database never answers: after 25 s who waits for it is killed, and everything is gone in time."""
    partner = PartnerFactory.create(code="ion", party_id="ION")
    PartnerRoleFactory.create(partner=partner)
    cpo, port = Cpo(partner), free_port()
    with web(server_environment(tmp_path), port, tmp_path / "web.log", workers=2) as server:
        with nobody_writes("ocpi_ocpisession", "ocpi_message"):
            pushes = Pushes(port, cpo, [])
            eventually(lambda: connections_to(port) == REQUESTS, what="all are taken")
            took = seconds_to_end(server)
        pushes.wait()
    sys.stdout.write(f"\n{REQUESTS} requests that never end: gone after {took:.1f} s\n")
    assert took < IN_TIME


PROGRAMS: dict[str, Callable[[Path, int], list[str]]] = {
    "web": lambda _folder, port: [
        *(sys.executable, "-m", "sfp_platform.web.serve", "--port", str(port), "--workers", "2"),
    ],
    "worker": lambda _folder, _port: [*CELERY, "worker", "--queues", "engine", "--concurrency", "8"],
    "beat": lambda folder, _port: [*CELERY, "beat", "--schedule", str(folder / "schedule")],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_whoever_is_told_to_stop_while_it_starts_is_gone(name: str, tmp_path: Path) -> None:
    environment, taken = server_environment(tmp_path), {}
    for moment in MOMENTS:
        command = PROGRAMS[name](tmp_path, free_port())
        with Process(command, log=tmp_path / f"{moment}.log", env=environment) as process:
            time.sleep(moment)
            taken[moment] = seconds_to_end(process)
    told = ", ".join(f"{moment:g} s: {took:.1f}" for moment, took in taken.items())
    sys.stdout.write(f"\n{name}, told to stop after ...: gone after ... s: {told}\n")
    assert max(taken.values()) < IN_TIME


@contextmanager
def worker(environment: dict[str, str], log: Path, *options: str) -> Iterator[Process]:
    command = [*CELERY, "worker", "--queues", "engine", "--loglevel", "INFO", "-n", log.stem, *options]
    with Process(command, log=log, env=environment, ready=file_contains(log, " ready."), grace=40) as process:
        yield process


@pytest.fixture
def slow() -> Iterator[ScriptedCpo]:
    """Answers each command when it is let go on."""
    server = ScriptedCpo()
    yield server
    server.close()


def hand_out(environment: dict[str, str], commands: list[Command]) -> None:
    """Queue them, as another process of the platform does."""
    keys = [str(one.pk) for one in commands]
    text = "from partners.ground.enqueue import enqueue\n"
    manage(environment, "shell", "-c", f"{text}for key in {keys}: enqueue('ocpi.tasks.send_command', key)")


def unlock(partner: Partner, number: int) -> Command:
    return create_unlock_connector(partner=partner, location_id=f"L-{number}", evse_uid="E", connector_id="1")


def test_no_task_is_lost_or_done_twice(tmp_path: Path, slow: ScriptedCpo) -> None:
    """Twenty commands are being sent, twenty wait: the first are answered, the others sent by whoever comes next."""
    go_on = threading.Event()
    many = [connected_partner(slow.url, party=party) for party in ("ION", "GRN", "VOL", "ZSE", "EJO")]

    def answer(_seen: Seen) -> Answer:
        go_on.wait(60)
        return envelope({"result": "ACCEPTED", "timeout": 30})

    slow.on("POST /commands/UNLOCK_CONNECTOR", answer)
    environment = server_environment(tmp_path, **KEYS)
    sent = [unlock(many[number % 5], number) for number in range(2 * TASKS)]
    with (
        worker(environment, tmp_path / "threads.log", "--pool", "threads", "--concurrency", "12") as one,
        worker(environment, tmp_path / "prefork.log", "--concurrency", "8") as other,
    ):
        hand_out(environment, sent)
        eventually(lambda: len(slow.seen) == TASKS, what="twenty are being sent")
        threading.Timer(5, go_on.set).start()
        began = time.monotonic()
        seconds_to_end(one, lambda: os.kill(other.pid, SIGTERM))
        wait_for_end(other)
        took = time.monotonic() - began
        assert (one.exit_code(), other.exit_code()) == (0, 0)
    sys.stdout.write(f"\n{TASKS} tasks in flight, which waited 5 s: gone after {took:.1f} s\n")
    assert took < IN_TIME
    assert Command.objects.exclude(state="answered").count() == 2 * TASKS - len(slow.seen)
    with worker(environment, tmp_path / "next.log", "--pool", "threads", "--concurrency", "12"):
        eventually(lambda: Command.objects.filter(state="answered").count() == 2 * TASKS, what="the others are sent")
    assert Counter(one.body["location_id"] for one in slow.seen) == {f"L-{number}": 1 for number in range(2 * TASKS)}


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_task_that_does_not_end_keeps_nobody(pool: str, tmp_path: Path, slow: ScriptedCpo) -> None:
    """Its command is not sent again by whoever comes next."""
    slow.on("POST /commands/UNLOCK_CONNECTOR", envelope({"result": "ACCEPTED", "timeout": 30}, delay=90))
    environment = server_environment(tmp_path, OCPI_READ_TIMEOUT="120", **KEYS)
    sent = unlock(connected_partner(slow.url), 1)
    with worker(environment, tmp_path / "first.log", "--pool", pool, "--concurrency", "2") as first:
        hand_out(environment, [sent])
        eventually(lambda: slow.seen, what="it is being sent")
        took = seconds_to_end(first)
        assert first.exit_code() == 1
    sys.stdout.write(f"\na task that never ends, {pool}: gone after {took:.1f} s\n")
    assert took < IN_TIME
    with worker(environment, tmp_path / "next.log", "--pool", "threads", "--concurrency", "2"):
        hand_out(environment, [sent, unlock(connected_partner(slow.url, party="GRN"), 2)])
        eventually(lambda: len(slow.seen) == 2, what="the next one")
        time.sleep(1)
    assert [one.body["location_id"] for one in slow.seen] == ["L-1", "L-2"]
