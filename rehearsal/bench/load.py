"""A bounded load generator in a process of its own: N kept-alive connections, each one request at a time.

    python -m rehearsal.bench.load '{"port": 8000, "connections": 8, "seconds": 4, "token": "...", "prefix": "r1"}'

Plain asyncio streams would take as much processor as the server; this is a protocol of forty lines. Prints JSON:
how many were answered with HTTP 200 or 201, how many were not, and each one's milliseconds.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from rehearsal.bench import wire

WARM_UP = 0.5


def requests(spec: dict[str, Any], connection: int) -> Iterator[bytes]:
    """The endless requests of one connection."""
    number = 0
    while True:
        method, session_id, body = wire.step(f"{spec['prefix']}-{connection}", number)
        head = (
            f"{method} /ocpi/emsp/2.2.1/sessions/SK/ION/{session_id} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{spec['port']}\r\nAuthorization: Token {spec['token']}\r\n"
            f"Content-Type: application/json\r\nX-Request-ID: {session_id}-{number}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body
        number += 1


class Connection(asyncio.Protocol):
    """Sends the next request when the last one is answered, `rate` seconds apart when there is one."""

    def __init__(self, spec: dict[str, Any], number: int, begins: float) -> None:
        self.sending = requests(spec, number)
        self.rate = spec.get("rate", 0.0)
        self.begins, self.ends = begins, begins + spec["seconds"]
        self.taken: list[float] = []
        self.failed = 0
        self.received = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(next(self.sending))

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found or len(body) < content_length(head):
            return
        self.received = b""
        self.note(head)
        now = time.perf_counter()
        if now >= self.ends:
            self.transport.close()
        elif self.rate:
            asyncio.get_running_loop().call_later(max(0.0, self.rate - (now - self.sent)), self.send)
        else:
            self.send()

    def note(self, head: bytes) -> None:
        if self.sent < self.begins:
            return
        if head[9:12] in (b"200", b"201"):
            self.taken.append((time.perf_counter() - self.sent) * 1000)
        else:
            self.failed += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.failed += time.perf_counter() < self.ends
        self.done.set_result(None)


def content_length(head: bytes) -> int:
    """The answer's length; all servers here send one."""
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


async def run(spec: dict[str, Any]) -> dict[str, Any]:
    """Load one server for `seconds`, after a short warm-up that does not count."""
    loop, begins = asyncio.get_running_loop(), time.perf_counter() + WARM_UP
    connections = [Connection(spec, number, begins) for number in range(spec["connections"])]
    for one in connections:
        await loop.create_connection(lambda one=one: one, "127.0.0.1", spec["port"])  # type: ignore[misc]
    await asyncio.wait_for(asyncio.gather(*(one.done for one in connections)), spec["seconds"] + 20)
    taken = [ms for one in connections for ms in one.taken]
    return {"taken": taken, "failed": sum(one.failed for one in connections), "seconds": spec["seconds"]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(run(json.loads(sys.argv[1])))))
