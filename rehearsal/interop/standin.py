"""A server on loopback with fixed answers: it stands in for the partner whose URL an example names."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from ocpi.versions import Version


class StandIn:
    """Serves `answers` (path -> JSON, or bytes as they are) for the length of a `with` block."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        answers = self.answers

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = answers.get(self.path)
                body = found if isinstance(found, bytes) else json.dumps(found).encode()
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        serve = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        serve.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def offer(self, version: Version) -> str:
        """Serve versions and details with every module that we need; return the versions URL."""
        sides = {"credentials": "SENDER", **{need.identifier: str(need.role) for need in version.required_remote}}
        endpoints = [{"identifier": name, "role": role, "url": f"{self.url}/{name}"} for name, role in sides.items()]
        details = {"version": version.number, "endpoints": endpoints}
        self.answers["/versions"] = _envelope([{"version": version.number, "url": f"{self.url}/details"}])
        self.answers["/details"] = _envelope(details)
        return f"{self.url}/versions"


def _envelope(data: Any) -> dict[str, Any]:
    return {"data": data, "status_code": 1000, "status_message": "Success", "timestamp": "2026-11-22T10:00:00Z"}
