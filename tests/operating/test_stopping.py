"""Real processes, no session open: whatever stops is named within 30 s, and not any more once it is back.

`make heavy ARGS="tests/health -s"` prints how long each took.
"""

import json
import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tests.bursts.test_outage import relay
from tests.support.processes import Process, eventually, file_contains, free_port, url_answers
from tests.support.programs import database_url, server_environment, web

pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
IN_TIME = 30.0
MOST_IDLE = 0.05
"""Of a core, both workers and beat; a busy machine makes the same work cost half as much again."""


def faults(port: int) -> dict[str, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/", timeout=20) as answer:
            body = json.load(answer)
    except urllib.error.HTTPError as answer:
        body = json.load(answer)
    wrong: dict[str, str] = body["faults"]
    return wrong


@contextmanager
def mail_server(port: int) -> Iterator[None]:
    """Says hello and goodbye."""

    def serve(listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            with closing(client):
                client.sendall(b"220 hello\r\n")
                while said := client.recv(1024):
                    client.sendall(b"221 bye\r\n" if said.upper().startswith(b"QUIT") else b"250 fine\r\n")

    with socket.create_server(("127.0.0.1", port)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        yield
        listening.shutdown(socket.SHUT_RDWR)


class Platform:
    """Everything that there is, each in a way to be stopped and started."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder, self.stacks = folder, dict[str, ExitStack]()
        self.processes = dict[str, Any]()
        self.web_port, self.redis_port, self.mail_port, self.database_port = (free_port() for _ in range(4))
        url = psycopg.conninfo.conninfo_to_dict(database_url())
        login = f"{url['user']}:{url['password']}" if url.get("password") else f"{url['user']}"
        self.environment = server_environment(
            folder,
            DATABASE_URL=f"postgres://{login}@127.0.0.1:{self.database_port}/{url['dbname']}",
            REDIS_URL=f"redis://127.0.0.1:{self.redis_port}/0",
            EMAIL_URL=f"smtp://127.0.0.1:{self.mail_port}",
            SPOOL_DIR=str(folder / "spool"),
            METRICS_DIR=str(folder / "metrics"),
        )
        self.environment |= more
        self.what: dict[str, Callable[[], Any]] = {
            "database": lambda: relay(self.database_port),
            "broker": self.redis,
            "mail_server": lambda: mail_server(self.mail_port),
            "web": lambda: web(self.environment, self.web_port, folder / "web.log", workers=1),
            "engine": lambda: self.worker("engine", "engine"),
            "calls": lambda: self.worker("calls", "push,sync,mail"),
            "beat": self.beat,
        }

    def redis(self) -> Process:
        command = ["redis-server", "--port", str(self.redis_port), "--save", "", "--appendonly", "no"]
        return Process(
            command, log=self.folder / "redis.log", ready=file_contains(self.folder / "redis.log", "Ready to")
        )

    def worker(self, name: str, queues: str) -> Process:
        command = [sys.executable, "-m", "celery", "-A", "sfp_platform", "worker", "-n", name, "--queues", queues]
        log = self.folder / f"{name}.log"
        log.unlink(missing_ok=True)
        return Process([*command, "--concurrency", "2", "--loglevel", "INFO"], log=log, env=self.environment, grace=20)

    def beat(self, name: str = "beat") -> Process:
        schedule = ["--schedule", str(self.folder / name)]
        command = [sys.executable, "-m", "celery", "-A", "sfp_platform", "beat", *schedule]
        return Process(command, log=self.folder / f"{name}.log", env=self.environment)

    def start(self, name: str) -> None:
        self.stacks[name] = stack = ExitStack()
        self.processes[name] = stack.enter_context(self.what[name]())

    def stop(self, name: str) -> None:
        self.stacks.pop(name).close()

    def stop_all(self) -> None:
        for name in list(reversed(self.stacks)):
            self.stop(name)

    def seconds_until(self, holds: Callable[[dict[str, str]], bool]) -> float:
        began = time.monotonic()
        eventually(lambda: holds(faults(self.web_port)), seconds=90, what="the verdict")
        return time.monotonic() - began


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    made = Platform(tmp_path)
    try:
        for name in made.what:
            made.start(name)
        eventually(url_answers(f"http://127.0.0.1:{made.web_port}/health/ready"))
        made.seconds_until(lambda found: not found)
        yield made
    finally:
        made.stop_all()


NAMED = {
    "database": {"database"},
    "broker": {"broker"},
    "mail_server": {"mail_server"},
    "engine": {"engine"},
    "calls": {"push", "sync", "mail"},
    "beat": {"beat"},
}


def test_whatever_stops_is_named_in_time_and_gone_when_it_is_back(platform: Platform) -> None:
    for name, named in NAMED.items():
        play(platform, name, named, stop=partial(platform.stop, name), start=partial(platform.start, name))


def test_a_disk_that_cannot_be_used_and_a_migration_that_is_missing_are_named_too(platform: Platform) -> None:
    spool, away = platform.folder / "spool", platform.folder / "away"
    recorder = MigrationRecorder(connection)

    def take_away() -> None:
        spool.rename(away)
        spool.touch()

    def put_back() -> None:
        spool.unlink()
        away.rename(spool)

    play(platform, "disk", {"disk"}, stop=take_away, start=put_back)
    missing = ("billing", "0001_initial")
    try:
        unapplied, applied = recorder.record_unapplied, recorder.record_applied
        play(platform, "migrations", {"migrations"}, stop=lambda: unapplied(*missing), start=lambda: applied(*missing))
    finally:
        if missing not in recorder.applied_migrations():
            recorder.record_applied(*missing)


def play(platform: Platform, name: str, named: set[str], stop: Callable[[], None], start: Callable[[], None]) -> None:
    """Stopped, these and no others are named in time; started again, none is."""
    stop()
    stopped = platform.seconds_until(lambda found: set(found) >= named)
    assert set(faults(platform.web_port)) == named
    start()
    back = platform.seconds_until(lambda found: not found)
    sys.stdout.write(f"\n{name}: named after {stopped:.1f} s, gone {back:.1f} s after it was started\n")
    assert stopped < IN_TIME
    assert back < IN_TIME


def cpu_seconds(pid: int) -> float:
    """What the process and its children have used."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == pid:  # its process group
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def test_workers_and_beat_at_rest_cost_next_to_nothing(platform: Platform) -> None:
    groups = {name: os.getpgid(platform.processes[name].pid) for name in ("engine", "calls", "beat")}
    before = {name: cpu_seconds(group) for name, group in groups.items()}
    time.sleep(60)
    used = {name: (cpu_seconds(group) - before[name]) / 60 for name, group in groups.items()}
    sys.stdout.write(f"\nof a core at rest: {', '.join(f'{name} {share:.2%}' for name, share in used.items())}\n")
    assert sum(used.values()) < MOST_IDLE
