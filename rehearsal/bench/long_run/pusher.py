"""A CPO that pushes Sessions at a steady rate, repeats what was not taken, and notes each answer: a process of its own.

    python -m rehearsal.bench.long_run.pusher '{"port": 8000, "token": "...", "rate": 200, "notes": "/path/pushes.txt"}'

It ends on SIGTERM, when what is under way is taken. Each try has an `X-Request-ID` of its own. A line of the notes is
`moment milliseconds status id`: the moment in seconds since 1970 when it was sent; for the status see `LOST`.
"""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from rehearsal.bench import wire
from rehearsal.bench.load import content_length

CONNECTIONS = 16
TIMEOUT = 30.0
PAUSE = 0.5
"""Seconds until a push that was not taken is sent again."""
PREFIX = "LR"
LOST = 0
"""The status of a try without an answer: the connection was refused or broke, or it took longer than `TIMEOUT`."""
TAKEN = (200, 201)


@dataclass(frozen=True)
class Note:
    """What became of one try."""

    at: float
    ms: float
    status: int
    request_id: str

    @property
    def is_taken(self) -> bool:
        return self.status in TAKEN


def read(notes: Path) -> Iterator[Note]:
    """All of them, in the order in which they were answered."""
    with notes.open() as lines:
        for line in lines:
            at, ms, status, request_id = line.split()
            yield Note(float(at), float(ms), int(status), request_id)


class Sender:
    """One connection: a push at each of its moments, the next one when the last was taken."""

    def __init__(self, spec: dict[str, Any], number: int, notes: TextIO, leaving: asyncio.Event) -> None:
        self.spec, self.number, self.notes, self.leaving = spec, number, notes, leaving
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self) -> None:
        """Until it is to leave. What an outage has held up is sent as fast as it is taken."""
        spacing = CONNECTIONS / self.spec["rate"]
        due, number = time.monotonic() + spacing * self.number / CONNECTIONS, 0
        while not self.leaving.is_set():
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self._push(number)
            number, due = number + 1, due + spacing
        if self.streams:
            self.streams[1].close()

    async def _push(self, number: int) -> None:
        """Until it is taken."""
        method, session_id, body = wire.step(f"{PREFIX}-{self.number}", number)
        tries = 0
        while not await self._try(method, session_id, body, f"{session_id}-{number}-{tries}"):
            tries += 1
            await asyncio.sleep(PAUSE)

    async def _try(self, method: str, session_id: str, body: bytes, request_id: str) -> bool:
        at, began = time.time(), time.perf_counter()
        try:
            async with asyncio.timeout(TIMEOUT):
                status = await self._ask(method, session_id, body, request_id)
        except (OSError, EOFError, TimeoutError):
            status = LOST
        ms = (time.perf_counter() - began) * 1000
        self.notes.write(f"{at:.3f} {ms:.1f} {status} {request_id}\n")
        if status == LOST and self.streams:
            self.streams[1].close()
            self.streams = None
        return status in TAKEN

    async def _ask(self, method: str, session_id: str, body: bytes, request_id: str) -> int:
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.spec["port"])
        reader, writer = self.streams
        head = (
            f"{method} /ocpi/emsp/2.2.1/sessions/SK/ION/{session_id} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{self.spec['port']}\r\nAuthorization: Token {self.spec['token']}\r\n"
            f"Content-Type: application/json\r\nX-Request-ID: {request_id}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(content_length(answer))
        if b"connection: close" in answer.lower():
            writer.close()
            self.streams = None
        return int(answer[9:12])


async def run(spec: dict[str, Any]) -> None:
    """Push until SIGTERM comes."""
    leaving = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, leaving.set)
    with Path(spec["notes"]).open("w") as notes:
        await asyncio.gather(*(Sender(spec, number, notes, leaving).run() for number in range(CONNECTIONS)))


if __name__ == "__main__":
    asyncio.run(run(json.loads(sys.argv[1])))
