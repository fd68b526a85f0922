"""The documented start line under a burst: bounded connections, no 5xx, and a sweep that keeps up.

`SFP_TEST_IGNORE_LOCAL=1 make heavy ARGS=tests/bursts` has a PostgreSQL of its own, with its default of 100 connections.
"""

import http.client
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest
from django.db import connection

from ocpi.models import OcpiSession
from tests.bursts.test_sweep import expired_session, fall_due
from tests.factories import PartnerRoleFactory, issue_token, session_data
from tests.support.processes import free_port
from tests.support.programs import database_url, server_environment, web, worker

pytestmark = pytest.mark.django_db(transaction=True)
MOST_CONNECTIONS = 40


@dataclass
class Watch:
    """How many connections our processes have, looked at all the time."""

    before: int
    most: int = 0
    now: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, url: str) -> None:
        with psycopg.connect(url, autocommit=True) as own:
            while not self.stopped.wait(0.05):
                self.now = count(own) - 1 - self.before
                self.most = max(self.most, self.now)


def count(server: "psycopg.Connection[tuple[int]]") -> int:
    row = server.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()").fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def watched() -> Iterator[Watch]:
    with psycopg.connect(database_url(), autocommit=True) as server:
        watch = Watch(count(server) - 1)
    thread = threading.Thread(target=watch.run, args=(database_url(),))
    thread.start()
    try:
        yield watch
    finally:
        watch.stopped.set()
        thread.join()


@contextmanager
def half_sent(port: int, number: int) -> Iterator[None]:
    """Clients without a token that begin a body and send nothing more."""
    head = b"PUT /ocpi/emsp/2.2.1/sessions/SK/ION/S HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n{"
    with ExitStack() as stack:
        for _ in range(number):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            client.sendall(head)
        yield


def push(port: int, token: str, number: int) -> int:
    """PUT a Session of its own; the HTTP status."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    body = json.dumps(session_data(f"S-{number}"))
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    client.request("PUT", f"/ocpi/emsp/2.2.1/sessions/SK/ION/S-{number}", body, headers)
    status = client.getresponse().status
    client.close()
    return status


def burst(port: int, token: str, first: int, number: int, at_once: int) -> Counter[int]:
    with ThreadPoolExecutor(at_once) as pool:
        return Counter(pool.map(lambda one: push(port, token, one), range(first, first + number)))


def in_pieces(place: "Place", session_id: str) -> int:
    """PUT a Session with `Transfer-Encoding: chunked`, its id encoded in the path; the HTTP status."""
    client = http.client.HTTPConnection("127.0.0.1", place.port, timeout=120)
    text = json.dumps(session_data(unquote(session_id), kwh=1.5)).encode()
    headers = {"Authorization": f"Token {place.token}"}
    path = f"/ocpi/emsp/2.2.1/sessions/SK/ION/{session_id}"
    client.request("PUT", path, iter([text[:100], text[100:]]), headers, encode_chunked=True)
    status = client.getresponse().status
    client.close()
    return status


@dataclass
class Place:
    port: int
    token: str
    watch: Watch


@contextmanager
def running(folder: Path, workers: int, *queues: str, options: tuple[str, ...]) -> Iterator[Place]:
    session = expired_session()
    PartnerRoleFactory.create(partner=session.partner)
    session.partner.roles.update(country_code="SK", party_id="ION")
    port, token = free_port(), issue_token(session.partner)
    environment = server_environment(folder)
    with ExitStack() as stack:
        watch = stack.enter_context(watched())
        stack.enter_context(web(environment, port, folder / "web.log", workers))
        for name in queues:
            log = folder / f"{name}.log"
            stack.enter_context(worker(environment, log, "-n", f"{name}@%h", *options, queues=name))
        yield Place(port, token, watch)


def lag_during(place: Place, pushes: int, halves: int) -> tuple[Counter[int], float]:
    """(HTTP statuses of the burst, seconds until a session that fell due meanwhile was moved)."""
    session = expired_session()
    with half_sent(place.port, halves), ThreadPoolExecutor(1) as background:
        answered = background.submit(burst, place.port, place.token, 0, pushes, pushes)
        time.sleep(0.3)
        lag = fall_due(session)
        return answered.result(), lag


@pytest.mark.slow
def test_a_burst_and_half_sent_bodies(tmp_path: Path) -> None:
    with running(tmp_path, 1, "engine", options=()) as place:
        statuses, lag = lag_during(place, 60, 40)
        assert statuses == {201: 60}
        assert lag < 2.0
        assert 0 < place.watch.most <= 8 + 2 + 2
        assert in_pieces(place, "S%2F1") == 201
        assert OcpiSession.objects.get(ocpi_id="S/1").kwh == Decimal("1.5")


@pytest.mark.heavy
def test_three_hundred_pushes_and_a_hundred_and_fifty_half_sent_bodies(tmp_path: Path) -> None:
    """The four lines of the README; then a thousand bursts, after which nothing is left."""
    options = ("--pool", "prefork", "--concurrency", "8")
    with running(tmp_path, 2, "engine", "push,sync,mail", options=options) as place:
        statuses, lag = lag_during(place, 300, 150)
        assert statuses == {201: 300}
        assert lag < 2.0
        assert place.watch.most <= MOST_CONNECTIONS
        peaks = []
        for number in range(1000):
            assert set(burst(place.port, place.token, 0, 8, 8)) == {200} or number == 0
            peaks.append(place.watch.now)
        assert max(peaks[-100:]) <= max(peaks[:100]) + 1
        time.sleep(75)
        assert place.watch.now <= 4, "connections at rest are given back"
        assert place.watch.most <= MOST_CONNECTIONS
    assert connection.is_usable()
