"""Web and workers on hosts of their own need nothing of ours between them: two network namespaces, one database.

Neither can reach the other; both reach PostgreSQL and Redis, and nothing else. Needs root.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.utils import timezone

from sessions_adhoc.models import AdHocSession
from tests.bursts.test_sweep import expired_session
from tests.support.processes import Process, eventually
from tests.support.programs import database_url, server_environment

pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
IP = "/usr/sbin/ip"
WEB, WORKERS = "10.77.1", "10.77.2"
PORT = 18_790


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def host(name: str, network: str) -> Iterator[list[str]]:
    """A host with a line to this one; gives what begins its commands."""
    run(IP, "netns", "add", name)
    try:
        run(IP, "link", "add", f"{name}-up", "type", "veth", "peer", "name", "eth0", "netns", name)
        run(IP, "addr", "add", f"{network}.1/24", "dev", f"{name}-up")
        run(IP, "link", "set", f"{name}-up", "up")
        inside = [IP, "netns", "exec", name]
        run(*inside, IP, "addr", "add", f"{network}.2/24", "dev", "eth0")
        run(*inside, IP, "link", "set", "eth0", "up")
        run(*inside, IP, "link", "set", "lo", "up")
        yield inside
    finally:
        run(IP, "netns", "del", name)


@contextmanager
def served_at(address: str, target: tuple[str, int]) -> Iterator[int]:
    """What listens on this host alone, for those who come by `address`; gives the port."""

    def copy(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)

    def serve(listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            server = socket.create_connection(target)
            for pair in ((client, server), (server, client)):
                threading.Thread(target=copy, args=pair, daemon=True).start()

    with socket.create_server((address, 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def environment(folder: Path, stack: ExitStack, network: str) -> dict[str, str]:
    """What every process of one host is told."""
    folder.mkdir()
    database, broker = psycopg.conninfo.conninfo_to_dict(database_url()), urlsplit(os.environ["REDIS_URL"])
    at = f"{network}.1"
    database_port = stack.enter_context(served_at(at, (str(database["host"]), int(database.get("port") or 5432))))
    broker_port = stack.enter_context(served_at(at, (broker.hostname or "", broker.port or 6379)))
    login = f"{database['user']}:{database['password']}" if database.get("password") else f"{database['user']}"
    known = f"{broker.netloc.rpartition('@')[0]}@" if "@" in broker.netloc else ""
    return server_environment(
        folder,
        DATABASE_URL=f"postgres://{login}@{at}:{database_port}/{database['dbname']}",
        REDIS_URL=f"redis://{known}{at}:{broker_port}/0",
        SECRET_KEY="the same on all",
    )


ASK = f"""
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:{PORT}/health/ready", timeout=20).read().decode())
"""


def is_well(inside: list[str]) -> bool:
    """Health, asked on the host itself."""
    done = subprocess.run([*inside, sys.executable, "-c", ASK], capture_output=True, text=True, check=False)
    return done.returncode == 0 and json.loads(done.stdout)["faults"] == {}


def test_hosts_share_a_database_and_a_broker_and_nothing_else(tmp_path: Path) -> None:
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "-A", "sfp_platform"]
    with ExitStack() as stack:
        first = stack.enter_context(host("sfp-one", WEB))
        second = stack.enter_context(host("sfp-two", WORKERS))
        prefix = {"REDIS_KEY_PREFIX": f"{os.environ['REDIS_KEY_PREFIX']}hosts:"}
        one = {**environment(tmp_path / "one", stack, WEB), **prefix}
        two = {**environment(tmp_path / "two", stack, WORKERS), **prefix}
        serve = [*python, "sfp_platform.web.serve", "--host", "0.0.0.0", "--port", str(PORT)]  # noqa: S104
        beat = [*celery, "beat", "--schedule", str(tmp_path / "schedule")]
        work = [*celery, "worker", "--concurrency", "2", "--queues"]
        for inside, command, own, name in (
            (first, serve, one, "web"),
            (first, beat, one, "beat"),
            (second, [*work, "engine", "-n", "engine@two"], two, "engine"),
            (second, [*work, "push,sync,mail", "-n", "calls@two"], two, "calls"),
        ):
            stack.enter_context(Process([*inside, *command], log=tmp_path / f"{name}.log", env=own, grace=20))
        eventually(lambda: is_well(first), seconds=90, what="health asked of the first host")
        reached = subprocess.run(
            [*second, "/usr/bin/timeout", "2", "/bin/bash", "-c", f"</dev/tcp/{WEB}.2/{PORT}"], check=False
        )
        assert reached.returncode != 0
        session = expired_session()
        AdHocSession.objects.filter(pk=session.pk).update(next_check_at=timezone.now())
        eventually(
            AdHocSession.objects.filter(pk=session.pk, state="cancelled").exists, what="the engine on the second"
        )
