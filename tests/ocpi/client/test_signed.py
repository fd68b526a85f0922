"""Signed calls: what is sent, which answers count, and what is known of a call without one."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ocpi.client import signed
from rehearsal.back_office_fake import signatures
from rehearsal.back_office_fake.__main__ import SECRET

Respond = Callable[[Any, bytes], None]


class Handler(BaseHTTPRequestHandler):
    respond: Respond

    def log_message(self, *_args: Any) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        type(self).respond(self, f"GET {self.path}".encode())

    def do_POST(self) -> None:
        type(self).respond(self, self.rfile.read(int(self.headers["Content-Length"])))


@pytest.fixture
def peer() -> Iterator[Callable[[Respond], signed.Peer]]:
    """`peer(respond)`: a server that answers by it, as a peer."""
    servers: list[ThreadingHTTPServer] = []

    def serve(respond: Respond) -> signed.Peer:
        handler = type("Handler", (Handler,), {"respond": staticmethod(respond)})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        servers.append(server)
        return signed.Peer(f"http://127.0.0.1:{server.server_address[1]}/v1/", (SECRET,))

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def answer(handler: Any, body: bytes, status: int = 200, **more: str) -> None:
    headers = signatures.headers(SECRET, handler.headers["webhook-id"], int(time.time()), body)
    handler.send_response(status)
    for name, value in {**headers, "Content-Length": str(len(body)), **more}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def test_what_is_sent_is_signed(peer: Any) -> None:
    seen: list[tuple[str, bytes, bool]] = []

    def respond(handler: Any, content: bytes) -> None:
        given = {name.lower(): value for name, value in handler.headers.items()}
        seen.append((handler.path, content, signatures.is_right(SECRET, given, int(time.time()), content)))
        answer(handler, b'{"a": 1}', 422)

    there = peer(respond)
    assert signed.get(there, "/things/1?key=a%3Ab") == signed.SignedReply(422, {"a": 1})
    assert signed.post(there, "/things", {"verb": "x", "sum": 1}) == signed.SignedReply(422, {"a": 1})
    assert seen == [
        ("/v1/things/1?key=a%3Ab", b"GET /v1/things/1?key=a%3Ab", True),
        ("/v1/things", b'{"verb":"x","sum":1}', True),
    ]
    signed.get(there, "/things")
    assert seen[-1] == ("/v1/things", b"GET /v1/things", True)


def test_our_own_call_is_no_answer_to_itself(peer: Any) -> None:
    """It has the id and a right signature: whoever reflects it must get nothing that reads as one."""

    def respond(handler: Any, content: bytes) -> None:
        handler.send_response(200)
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
            handler.send_header(name, handler.headers[name])
        handler.end_headers()
        handler.wfile.write(content)

    assert "payment" not in signed.post(peer(respond), "/x", {"verb": "capture", "amount": 1}).data
    with pytest.raises(signed.NoSignedAnswer, match="is no JSON"):
        signed.get(peer(respond), "/x")


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000])
def test_a_signed_answer_that_is_no_json(peer: Any, body: bytes) -> None:
    with pytest.raises(signed.NoSignedAnswer, match=r"its answer \(HTTP 200\) is no JSON") as silence:
        signed.post(peer(lambda handler, _content: answer(handler, body)), "/x", {})
    assert (silence.value.might_have_arrived, silence.value.status) == (True, 200)


def test_nobody_sends_us_to_another_host(peer: Any) -> None:
    reached: list[str] = []
    elsewhere = peer(lambda handler, _content: reached.append(handler.path)).url.replace("127.0.0.1", "localhost")

    def respond(handler: Any, _content: bytes) -> None:
        answer(handler, b"{}", 307, Location=elsewhere)

    with pytest.raises(signed.NoSignedAnswer, match="redirect to another host") as silence:
        signed.post(peer(respond), "/x", {})
    assert (silence.value.might_have_arrived, reached) == (True, [])


def test_who_does_not_answer_in_time_may_have_read_it(peer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed, "READ_SECONDS", 0.2)
    done = threading.Event()
    with pytest.raises(signed.NoSignedAnswer, match="did not answer within") as silence:
        signed.post(peer(lambda _handler, _content: done.wait(5)), "/x", {})
    done.set()
    assert silence.value.might_have_arrived


def test_secrets_are_in_no_text(peer: Any) -> None:
    there = peer(lambda handler, _content: answer(handler, json.dumps({}).encode()))
    assert SECRET not in repr(there)
