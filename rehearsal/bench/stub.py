"""A CPO that accepts every command and notes when it came; a thread of the benchmark's own process."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rehearsal.bench import wire


class Cpo:
    """Where it is, and which commands arrived when (`time.perf_counter`), with their bodies."""

    def __init__(self) -> None:
        self.arrived: dict[str, tuple[float, dict[str, Any]]] = {}
        self.news = threading.Condition()
        self.url = ""

    def take(self, body: dict[str, Any], at: float) -> None:
        with self.news:
            self.arrived[str(body.get("evse_uid") or body.get("session_id"))] = (at, body)
            self.news.notify_all()

    def wait_for(self, evse_uid: str, seconds: float) -> float | None:
        """When START_SESSION for this EVSE came, or None."""
        with self.news:
            self.news.wait_for(lambda: evse_uid in self.arrived, seconds)
            found = self.arrived.get(evse_uid)
        return found[0] if found else None


@contextmanager
def running() -> Iterator[Cpo]:
    """A CPO that listens until the block ends."""
    cpo = Cpo()

    class Handler(BaseHTTPRequestHandler):
        """POST /commands/..."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            at = time.perf_counter()
            cpo.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))), at)
            answer = {"data": {"result": "ACCEPTED", "timeout": 30}, "status_code": 1000, "timestamp": wire.moment(0)}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    cpo.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield cpo
    finally:
        server.shutdown()
        server.server_close()
