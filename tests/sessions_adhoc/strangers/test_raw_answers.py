"""GET /sessions as bytes on the wire: packed, in pieces, cut off, too large, drop by drop (rule 8).

What can be read is read. Whatever else comes says nothing: the money stays reserved, and no worker is held up.
"""

import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django import Settings

from partners.models import RemoteEndpoint
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import Driver
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome
from tests.sessions_adhoc.looking import state

pytestmark = pytest.mark.django_db
HELD = ("escalated", "reserved", 0)


class Wire:
    """Answers each connection with these bytes, `pause` seconds between the pieces."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.pause = 0.0
        self.asked = 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}/sessions"

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.recv(65536)
            self.asked += 1
            try:
                for piece in self.pieces:
                    connection.sendall(piece)
                    time.sleep(self.pause)
            except OSError:
                return


@pytest.fixture
def wire(stranger: Foreign) -> Iterator[Wire]:
    made = Wire()
    RemoteEndpoint.objects.filter(partner=stranger.cpo.partner, module="sessions").update(url=made.url)
    yield made
    made.listening.close()


def head(**headers: Any) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


READABLE: dict[str, Callable[[bytes], list[bytes]]] = {
    "gzip": lambda text: [head(Content_Encoding="gzip", Connection="close"), gzip.compress(text)],
    "deflate": lambda text: [head(Content_Encoding="deflate", Connection="close"), zlib.compress(text)],
    "deflate without its head": lambda text: [head(Content_Encoding="deflate", Connection="close"), deflated(text)],
    "chunks": lambda text: [
        head(Transfer_Encoding="chunked"), *(chunk(text[at : at + 7]) for at in range(0, len(text), 7)), chunk(b""),
    ],
    "chunks of gzip": lambda text: [
        head(Transfer_Encoding="chunked", Content_Encoding="gzip"), chunk(gzip.compress(text)), chunk(b""),
    ],
    "until it closes": lambda text: [head(Connection="close"), text],
    "HTTP/1.0": lambda text: [b"HTTP/1.0 200 OK\r\n\r\n" + text],
    "with a mark": lambda text: [head(Connection="close"), b"\xef\xbb\xbf" + text],
}  # fmt: skip

UNREADABLE: dict[str, Callable[[bytes], list[bytes]]] = {
    "cut off": lambda text: [head(Content_Length=len(text) + 100), text],
    "cut in a chunk": lambda text: [head(Transfer_Encoding="chunked"), chunk(text)[:-20]],
    "cut gzip": lambda text: [head(Content_Encoding="gzip", Connection="close"), gzip.compress(text)[:-12]],
    "no gzip": lambda text: [head(Content_Encoding="gzip", Connection="close"), text],
    "UTF-16": lambda text: [head(Connection="close"), text.decode().encode("utf-16")],
    "Latin-1": lambda text: [head(Connection="close"), text.replace(b"Success", "Žiadne á".encode("cp1250"))],
    "no head": lambda text: [text],
    "nothing": lambda _text: [b""],
    "a bomb": lambda _text: [
        head(Content_Encoding="gzip", Connection="close"), gzip.compress(b" " * (64 * 1024 * 1024)),
    ],
    "an endless head": lambda _text: [b"HTTP/1.1 200 OK\r\n", *[b"X-A: %d\r\n" % n for n in range(500)], b"\r\n"],
}  # fmt: skip


def listing(stranger: Foreign, *, ours: bool) -> bytes:
    bodies = [stranger.session_body(1, "ACTIVE", "S-1", -1, stranger.now())] if ours else []
    return json.dumps(envelope(bodies).body).encode()


@pytest.mark.parametrize("how", READABLE)
def test_what_can_be_read_is_read(stranger: Foreign, driver: Driver, wire: Wire, how: str) -> None:
    session = driver.start()
    wire.pieces = READABLE[how](listing(stranger, ours=True))
    stranger.later(minutes=6)
    assert state(session)[0] == "charging"


@pytest.mark.parametrize("how", UNREADABLE)
def test_what_cannot_be_read_says_nothing(stranger: Foreign, driver: Driver, wire: Wire, how: str) -> None:
    session = driver.start()
    wire.pieces = UNREADABLE[how](listing(stranger, ours=False))
    stranger.later(minutes=8)
    assert outcome(session) == HELD
    assert wire.asked == 3


@pytest.mark.heavy
def test_drop_by_drop(stranger: Foreign, driver: Driver, wire: Wire, settings: Settings) -> None:
    """A byte now and then holds no worker: one deadline is for all of it."""
    settings.OCPI_CONNECT_TIMEOUT, settings.OCPI_READ_TIMEOUT = 0.3, 0.3
    session = driver.start()
    text = listing(stranger, ours=False)
    wire.pieces = [head(Content_Length=len(text)), *(text[at : at + 1] for at in range(len(text)))]
    wire.pause = 0.1
    began = time.monotonic()
    stranger.later(minutes=8)
    assert outcome(session) == HELD
    assert time.monotonic() - began < 10
