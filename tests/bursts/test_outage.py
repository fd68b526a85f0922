"""A database that was away, and is back: every process has its connections again within seconds."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import requests
from django.conf import settings
from django.db import ProgrammingError, connection
from psycopg_pool import PoolTimeout

from ocpi.models import Message, OcpiSession
from partners.ground.outage import database_was_away
from sfp_platform.postgresql.base import Pool
from tests.factories import PartnerRoleFactory, issue_token, session_data
from tests.support.processes import eventually, free_port
from tests.support.programs import database_url, server_environment, web

AWAY, SOON = 8.0, 5.0
PUSHES, LONGEST, KNOWN_WITHIN = 20, 60.0, 5.0
"""Seconds: nobody who comes with others waits longer, nor anybody who comes later, when it is known to be away."""


@contextmanager
def relay(port: int) -> Iterator[None]:
    """Listens on `port` and passes everything on to the database."""
    ends: list[socket.socket] = []

    def copy(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)

    def serve(listening: socket.socket) -> None:
        target = connection.settings_dict
        while True:
            try:
                client, _address = listening.accept()
            except OSError:
                return
            server = socket.create_connection((target["HOST"], int(target["PORT"] or 5432)))
            ends.extend([client, server])
            threading.Thread(target=copy, args=(client, server), daemon=True).start()
            threading.Thread(target=copy, args=(server, client), daemon=True).start()

    with socket.create_server(("127.0.0.1", port)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        yield
        listening.shutdown(socket.SHUT_RDWR)
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)  # or who waits for it in another thread would keep it open
        end.close()


def try_once(pool: Pool) -> bool:
    try:
        with pool.connection(timeout=0.5) as one:
            return bool(one.execute("SELECT 1").fetchone() == (1,))
    except PoolTimeout:
        return False


@pytest.mark.slow
@pytest.mark.django_db
def test_a_process_has_its_connections_again_within_seconds() -> None:
    """While it was away somebody asked all the time: the pauses between the pool's own tries must not add up."""
    port = free_port()
    address = psycopg.conninfo.make_conninfo(database_url(), host="127.0.0.1", port=str(port))
    with Pool(address, open=True, **settings.DATABASE_POOL) as pool:
        until = time.monotonic() + AWAY
        while time.monotonic() < until:
            assert not try_once(pool)
        with relay(port):
            back = time.monotonic()
            while not try_once(pool):
                assert time.monotonic() - back < SOON


@pytest.mark.slow
@pytest.mark.django_db
def test_who_waits_alone_has_one_as_soon_as_it_is_back() -> None:
    """Beat has one thread: nobody else comes, for whom the pool would try again."""
    port = free_port()
    address = psycopg.conninfo.make_conninfo(database_url(), host="127.0.0.1", port=str(port))
    with Pool(address, open=True, **settings.DATABASE_POOL) as pool, ThreadPoolExecutor(1) as alone:
        waiting = alone.submit(pool.getconn)
        time.sleep(AWAY)
        assert not waiting.done()
        with relay(port):
            pool.putconn(waiting.result(SOON))


def through(port: int) -> str:
    """The URL of the database by way of the relay."""
    parts = urlsplit(database_url())
    login = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{port}"))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_who_comes_while_it_is_away_is_told_to_come_again(tmp_path: Path) -> None:
    """Many pushes at once, a CDR and a driver: 503 and a time, within a minute; when it is back all is as before."""
    role, served, database = PartnerRoleFactory.create(), free_port(), free_port()
    headers = {"Authorization": f"Token {issue_token(role.partner)}"}
    own = server_environment(tmp_path, DATABASE_URL=through(database), SPOOL_DIR=str(tmp_path / "spool"))
    host = f"http://127.0.0.1:{served}"
    ocpi = f"{host}/ocpi/emsp/2.2.1"

    def push(number: int) -> requests.Response:
        """On the plain way: all that are there at once share a statement."""
        who = {"country_code": role.country_code, "party_id": role.party_id}
        path = f"{ocpi}/sessions/{role.country_code}/{role.party_id}/S-{number}"
        return requests.put(path, json=session_data(f"S-{number}", **who), headers=headers, timeout=LONGEST)

    def ask(number: int) -> requests.Response:
        """The last two are a CDR, and somebody who looks at a charger."""
        if number == PUSHES:
            return requests.post(f"{ocpi}/cdrs", json={}, headers=headers, timeout=LONGEST)
        if number > PUSHES:
            return requests.get(f"{host}/c/ABCDEF/", timeout=LONGEST)
        return push(number)

    with ExitStack() as stack:
        with relay(database):
            stack.enter_context(web(own, served, tmp_path / "web.log"))
            assert push(0).status_code == 201
        with ThreadPoolExecutor(PUSHES + 2) as pool:
            found = list(pool.map(ask, range(PUSHES + 2)))
        began = time.monotonic()
        assert push(0).status_code == 503
        assert time.monotonic() - began < KNOWN_WITHIN
        assert {one.status_code for one in found} == {503}
        assert {one.headers.get("Retry-After") for one in found} == {"5"}
        assert {one.json()["status_code"] for one in found[: PUSHES + 1]} == {3000}
        with relay(database):
            eventually(lambda: push(0).status_code == 200, seconds=SOON, what="the first answer")
            with ThreadPoolExecutor(PUSHES) as pool:
                assert {one.status_code for one in pool.map(push, range(1, PUSHES))} <= {200, 201}
    assert OcpiSession.objects.count() == PUSHES
    assert not Message.objects.filter(http_status=500).exists()


def test_what_is_no_outage_is_none() -> None:
    """A mistake of ours stays one, also where it meets the database."""
    assert database_was_away(psycopg.errors.AdminShutdown("terminating connection"))
    assert database_was_away(PoolTimeout("no connection within 20 s"))
    followed = ProgrammingError("Cannot open a new connection in an atomic block.")
    followed.__context__ = psycopg.OperationalError("the connection is closed")
    assert database_was_away(followed)
    for mistake in (psycopg.errors.DeadlockDetected("deadlock"), psycopg.errors.UndefinedTable("no"), ValueError("x")):
        assert not database_was_away(mistake)
