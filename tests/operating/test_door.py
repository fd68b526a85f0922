"""The socket of a process that leaves: nobody comes in by it any more, and the others go on with it."""

import os
import socket
from collections.abc import Iterator

import pytest

from sfp_platform.web.leaving import Door


def open_files() -> list[str]:
    return sorted(os.listdir("/proc/self/fd"))


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as one:
        one.setblocking(False)
        yield one


def test_a_closed_door_leads_nowhere_and_is_the_others_still(listening: socket.socket) -> None:
    with listening.dup() as others:
        address = listening.getsockname()
        Door(listening.fileno()).close()
        with socket.create_connection(address), pytest.raises(BlockingIOError):
            listening.accept()
        with socket.create_connection(address):
            client, _ = others.accept()
            client.close()


def test_who_came_in_is_seen_and_looking_opens_nothing(listening: socket.socket) -> None:
    door, before = Door(listening.fileno()), open_files()
    door.close()
    assert not door.has_visitors()
    assert open_files() == before


def test_a_visitor_is_one_until_he_is_gone(listening: socket.socket) -> None:
    door = Door(listening.fileno())
    with socket.create_connection(listening.getsockname()) as caller:
        client, _ = listening.accept()
        door.close()
        before = open_files()
        assert [door.has_visitors() for _ in range(3)] == [True] * 3
        assert open_files() == before
        client.sendall(b"still open")
        assert caller.recv(100) == b"still open"
        client.close()
        assert not door.has_visitors()
