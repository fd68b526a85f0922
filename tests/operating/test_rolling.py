"""A new version comes in while 200 pushes arrive each second: none fails, and no command is sent twice.

The web server as `deploy/` has it: nginx before it, and a socket that outlives it, as systemd's does. First it is
reloaded, then restarted; meanwhile the workers are restarted, one after the other.
`make heavy ARGS="tests/operating/test_rolling.py -s"` prints the figures.
"""

import base64
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGHUP, SIGKILL
from typing import Any

import pytest
from django.conf import settings

from ocpi.calls.commands import create_unlock_connector
from ocpi.models import Command, Message, OcpiSession
from partners.models import Partner
from rehearsal.bench.figures import percentile
from tests.factories import PartnerFactory, PartnerRoleFactory, issue_token
from tests.ocpi.cpo import ScriptedCpo, connected_partner, envelope
from tests.support.nginx import nginx
from tests.support.processes import ROOT, Process, eventually, file_contains, free_port, url_answers
from tests.support.programs import manage, server_environment

pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
SECONDS, RATE, CONNECTIONS = 60, 200, 16
COMMANDS, BEFORE = 60, 5
"""Commands; and seconds of pushes before anything is done."""
LONGEST = 10.0
"""Seconds. Requests wait while the web server is restarted, as long as its start takes."""
SENT = 0.85
"""The share of the pushes that come: those who wait for an answer send nothing meanwhile. On two quiet cores it is 0.9;
nearly all of the rest is the five seconds of the restart."""
RELOADING, LONGEST_RELOADING = 0.9, 1.0
"""While it is reloaded nobody is to notice: the share of the pushes that came just before, and seconds."""
SERVE = [sys.executable, "-m", "sfp_platform.web.serve", "--workers", "2", "--port", "1"]
CELERY = [sys.executable, "-m", "celery", "-A", "sfp_platform", "worker", "--loglevel", "INFO"]
AS_SYSTEMD = ["/bin/sh", "-c", 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&0', "sh"]


class Unit:
    """The web server as a unit of systemd: with a socket that stays when it is restarted."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port = self.socket.getsockname()[1]
        self.environment, self.log = environment, log
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                [*AS_SYSTEMD, *SERVE],
                cwd=ROOT,
                env=self.environment,
                stdin=self.socket.fileno(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def reload(self) -> None:
        """Until each process is a new one."""
        before = self.processes()
        self.popen.send_signal(SIGHUP)
        eventually(lambda: len(self.processes()) == 2 and not before & self.processes(), what="new processes")

    def restart(self) -> None:
        self.popen.terminate()
        assert self.popen.wait(30) == 0
        self.start()

    def processes(self) -> set[int]:
        """Those that accept connections."""
        found = subprocess.run(
            ["/usr/bin/pgrep", "-P", str(self.popen.pid)], capture_output=True, text=True, check=False
        )
        return set(map(int, found.stdout.split()))

    def stop(self) -> None:
        self.popen.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, SIGKILL)
        self.socket.close()


@contextmanager
def web_unit(environment: dict[str, str], log: Path) -> Iterator[Unit]:
    unit = Unit(environment, log)
    try:
        eventually(url_answers(f"http://127.0.0.1:{unit.port}/health/live"), what="the web server")
        yield unit
    finally:
        unit.stop()


def worker(environment: dict[str, str], folder: Path, name: str) -> Process:
    log = folder / f"{name}.log"
    log.unlink(missing_ok=True)
    command = [*CELERY, "-n", name, "--queues", "engine", "--concurrency", "16", "--pool", "threads"]
    return Process(command, log=log, env=environment, ready=file_contains(log, " ready."), grace=30)


def pushing(port: int, partner: Partner) -> "subprocess.Popen[str]":
    """200 pushes a second for a minute, in a process of its own."""
    spec = {
        "port": port,
        "connections": CONNECTIONS,
        "seconds": SECONDS,
        "rate": CONNECTIONS / RATE,
        "token": base64.b64encode(issue_token(partner).encode()).decode(),
        "prefix": "r",
    }
    command = [sys.executable, "-m", "rehearsal.bench.load", json.dumps(spec)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@contextmanager
def commanding(environment: dict[str, str], partners: list[Partner]) -> Iterator[list[Command]]:
    """Commands that are to be sent, one after the other, until the block ends."""
    commands = [
        create_unlock_connector(
            partner=partners[number % len(partners)], location_id=f"L-{number}", evse_uid="E", connector_id="1"
        )
        for number in range(COMMANDS)
    ]
    keys = [str(one.pk) for one in commands]
    text = (
        "import time\nfrom partners.ground.enqueue import enqueue\n"
        f"for key in {keys}: enqueue('ocpi.tasks.send_command', key) or time.sleep({0.5 * SECONDS / COMMANDS})"
    )
    queueing = threading.Thread(target=manage, args=(environment, "shell", "-c", text))
    queueing.start()
    yield commands
    queueing.join()


def test_no_push_fails_and_no_command_is_sent_twice(tmp_path: Path) -> None:
    cpo = ScriptedCpo()
    cpo.on("POST /commands/UNLOCK_CONNECTOR", envelope({"result": "ACCEPTED", "timeout": 30}, delay=0.5))
    pusher = PartnerFactory.create(code="ion", party_id="ION")
    PartnerRoleFactory.create(partner=pusher)
    called = [connected_partner(cpo.url, party=party) for party in ("GRN", "VOL", "ZSE", "EJO")]
    keys = ",".join(settings.FIELD_ENCRYPTION_KEYS)
    spool = str(tmp_path / "spool")
    environment = server_environment(tmp_path, FIELD_ENCRYPTION_KEYS=keys, SPOOL_DIR=spool, LIMIT_PARTNERS="0")
    workers = [worker(environment, tmp_path, name) for name in ("first", "second")]
    try:
        with web_unit(environment, tmp_path / "web.log") as unit, nginx(tmp_path, unit.port) as port:
            for one in workers:
                one.__enter__()
            load = pushing(port, pusher)
            with commanding(environment, called):
                time.sleep(BEFORE)
                began = time.time()
                took = {"reload": timed(unit.reload)}
                reloaded = time.time()
                for one in workers:
                    took[one.log.stem] = timed(lambda one=one: (one.stop(), one.__enter__()))
                took["restart"] = timed(unit.restart)
            found = json.loads(load.communicate()[0])
            answered = {"state": "answered", "response": "ACCEPTED"}
            eventually(lambda: Command.objects.filter(**answered).count() == COMMANDS, what="all commands are sent")
    finally:
        for one in workers:
            one.stop()
        cpo.close()
    before, reloading = answers(tmp_path, began - BEFORE, began), answers(tmp_path, began, reloaded)
    tell(found, took, before, reloading)
    assert found["failed"] == 0
    assert len(found["taken"]) > RATE * SECONDS * SENT
    assert Counter(one.body["location_id"] for one in cpo.seen) == {f"L-{number}": 1 for number in range(COMMANDS)}
    assert set(Message.objects.filter(direction="in").values_list("http_status", flat=True)) == {200, 201}
    assert OcpiSession.objects.count() >= len(found["taken"]) // 4
    assert max(found["taken"]) < LONGEST * 1000
    assert len(reloading) / took["reload"] > RELOADING * len(before) / BEFORE
    assert max(reloading)[0] < LONGEST_RELOADING
    assert {status for _seconds, status in answers(tmp_path, 0, time.time())} <= {"200", "201", "499"}


def timed(action: Any) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def answers(folder: Path, since: float, until: float) -> list[tuple[float, str]]:
    """(seconds, HTTP status) of what nginx answered between two moments. 499: who asked had gone home, at the end."""
    rows = [line.split() for line in (folder / "nginx-access.log").read_text().splitlines()]
    return [(float(seconds), status) for at, seconds, status in rows if since <= float(at) <= until]


def tell(
    found: dict[str, Any], took: dict[str, float], before: list[tuple[float, str]], reloading: list[tuple[float, str]]
) -> None:
    taken = sorted(found["taken"])
    told = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items())
    figures = f"p50 {percentile(taken, 50):.0f} ms, p99 {percentile(taken, 99):.0f} ms, longest {taken[-1]:.0f} ms"
    rates = f"before {len(before) / BEFORE:.0f}/s, during the reload {len(reloading) / took['reload']:.0f}/s"
    reload = f"{rates}, longest {max(reloading)[0] * 1000:.0f} ms"
    sys.stdout.write(f"\n{len(taken)} pushes, {found['failed']} failed; {figures}; {reload}; {told}\n")


def test_processes_are_replaced_and_end_with_the_supervisor(tmp_path: Path) -> None:
    """One that is killed; new ones that cannot start, for which the old ones go on; all, without a supervisor."""
    own = {"PYTHONPATH": str(tmp_path / "own")}
    with web_unit(server_environment(tmp_path, **own), tmp_path / "web.log") as unit:
        eventually(lambda: len(unit.processes()) == 2, what="both")
        killed = min(unit.processes())
        os.kill(killed, SIGKILL)
        eventually(lambda: len(unit.processes() - {killed}) == 2, what="another one")
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "structlog.py").write_text("raise SystemExit(7)\n")
        before = unit.processes()
        unit.popen.send_signal(SIGHUP)
        eventually(
            file_contains(tmp_path / "web.log", "the new process ended with 7: the old ones go on"), what="so said"
        )
        assert unit.processes() == before
        assert url_answers(f"http://127.0.0.1:{unit.port}/health/live")()
        os.kill(unit.popen.pid, SIGKILL)
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in before), seconds=30, what="their end")


def test_a_port_that_is_taken_and_what_cannot_start_are_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = [*SERVE[:-1], str(taken.getsockname()[1])]
        done = subprocess.run(
            line, cwd=ROOT, env=server_environment(tmp_path), capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert "Address already in use" in done.stderr
    line, own = [*SERVE[:-1], str(free_port())], server_environment(tmp_path, DATABASE_URL="nonsense")
    done = subprocess.run(line, cwd=ROOT, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "web: a process ended before it was ready" in done.stderr
