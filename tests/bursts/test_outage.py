"""A database that was away, and is back: every process has its connections again within seconds."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from psycopg_pool import ConnectionPool, PoolTimeout

from tests.support.processes import free_port
from tests.support.programs import database_url

AWAY, SOON = 8.0, 5.0


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
        end.close()


def try_once(pool: "ConnectionPool[psycopg.Connection]") -> bool:
    try:
        with pool.connection(timeout=0.5) as one:
            return one.execute("SELECT 1").fetchone() == (1,)
    except PoolTimeout:
        return False


@pytest.mark.slow
@pytest.mark.django_db
def test_a_process_has_its_connections_again_within_seconds() -> None:
    """While it was away somebody asked all the time: the pauses between the pool's own tries must not add up."""
    port = free_port()
    address = psycopg.conninfo.make_conninfo(database_url(), host="127.0.0.1", port=str(port))
    with ConnectionPool(address, open=True, **settings.DATABASE_POOL) as pool:
        until = time.monotonic() + AWAY
        while time.monotonic() < until:
            assert not try_once(pool)
        with relay(port):
            back = time.monotonic()
            while not try_once(pool):
                assert time.monotonic() - back < SOON
