"""The other side for tests of what we call: a scripted HTTP server on loopback, and the CPO simulator."""

import base64
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from django.utils import timezone

from ocpi.versions import VERSIONS
from partners import tokens
from partners.models import Partner, ReceivedToken, RemoteEndpoint
from tests.support.processes import PATIENCE, Process, file_exists

TOKEN_A = "aaaaaaaa-1111-4111-8111-aaaaaaaaaaaa"
TOKEN_C = "cccccccc-3333-4333-8333-cccccccccccc"
MODULES = {
    "credentials": "SENDER",
    "locations": "SENDER",
    "sessions": "SENDER",
    "cdrs": "SENDER",
    "tariffs": "SENDER",
    "tokens": "RECEIVER",
    "commands": "RECEIVER",
}
HTML = "<!DOCTYPE html><html><body>It works!</body></html>"


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any

    @property
    def token(self) -> str:
        """The token in the header, decoded where it is base64."""
        value = self.headers.get("authorization", "").removeprefix("Token ")
        try:
            return base64.b64decode(value, validate=True).decode()
        except ValueError:
            return value


@dataclass
class Answer:
    """What to answer. `body` is sent as JSON unless it is text; `drip` seconds lie between its bytes."""

    body: Any = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0


def envelope(data: Any = None, code: int = 1000, message: str = "Success", **answer: Any) -> Answer:
    """A well-formed OCPI answer."""
    body = {"data": data, "status_code": code, "status_message": message, "timestamp": "2026-11-22T10:00:00Z"}
    return Answer(body, **answer)


Reaction = Answer | Callable[[Seen], Answer]


def react_to(reaction: Reaction, seen: Seen) -> Answer:
    return reaction(seen) if callable(reaction) else reaction


class ScriptedCpo:
    """Answers by path; what it has no script for is a 404. `seen` holds every request, in order."""

    def __init__(self) -> None:
        self.script: dict[str, Reaction] = {}
        self.seen: list[Seen] = []
        cpo = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                cpo.handle(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *_args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def on(self, path: str, reaction: Reaction) -> None:
        """Script a path, or `METHOD path`."""
        self.script[path] = reaction

    def calls(self, method: str, path: str = "") -> list[Seen]:
        """The requests of a method whose path contains `path`."""
        return [one for one in self.seen if one.method == method and path in one.path]

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length).decode()
        parts = urlsplit(handler.path)
        seen = Seen(
            handler.command,
            parts.path,
            {name: values[0] for name, values in parse_qs(parts.query).items()},
            {name.lower(): value for name, value in handler.headers.items()},
            json.loads(body) if body else None,
        )
        self.seen.append(seen)
        found = self.script.get(f"{seen.method} {seen.path}") or self.script.get(seen.path)
        answer = react_to(found or Answer("nothing here", 404), seen)
        try:
            respond(handler, answer)
        except OSError:
            return  # the caller gave up, as it should

    def register_normally(
        self,
        version: str = "2.2.1",
        modules: dict[str, str] | None = None,
        accepted: tuple[str, ...] | None = (TOKEN_A, TOKEN_C),
    ) -> str:
        """Script a registration that goes well and gives Token C; return the versions URL.

        `accepted`: the tokens that open it; None means any.
        """
        offered = MODULES if modules is None else modules
        base = f"{self.url}/{version}"
        endpoints = [{"identifier": name, "role": role, "url": f"{base}/{name}"} for name, role in offered.items()]
        answers = {
            "/versions": envelope([{"version": version, "url": f"{base}/details"}]),
            f"/{version}/details": envelope({"version": version, "endpoints": endpoints}),
            f"POST /{version}/credentials": envelope(credentials_data(self.url)),
        }
        for path, answer in answers.items():
            self.on(path, self.guarded(answer, accepted) if accepted else answer)
        return f"{self.url}/versions"

    def guarded(self, reaction: Reaction, accepted: tuple[str, ...] = (TOKEN_A, TOKEN_C)) -> Reaction:
        """Answer HTTP 401 to any other token."""

        def react(seen: Seen) -> Answer:
            if seen.token not in accepted:
                return envelope(None, 2000, "Unknown token", status=401)
            return react_to(reaction, seen)

        return react


def credentials_data(url: str, token: str = TOKEN_C, **changes: Any) -> dict[str, Any]:
    """Credentials of SK*ION in OCPI 2.2.1."""
    role = {"role": "CPO", "business_details": {"name": "Ion"}, "party_id": "ION", "country_code": "SK"}
    return {"token": token, "url": f"{url}/versions", "roles": [role], **changes}


def respond(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    payload = text.encode()
    time.sleep(answer.delay)
    # The server's own Date only where the script has none.
    (handler.send_response_only if "Date" in answer.headers else handler.send_response)(answer.status)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(payload)))
    handler.end_headers()
    if not answer.drip:
        handler.wfile.write(payload)
        return
    for byte in payload:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(answer.drip)


def connected_partner(
    base: str, version: str = "2.2.1", modules: dict[str, str] | None = None, party: str = "ION"
) -> Partner:
    """SK*ION, connected: its modules are at `base`/<module>, and Token C opens them."""
    partner = Partner.objects.create(
        code=party.lower(),
        name=f"{party} Charging",
        country_code="SK",
        party_id=party,
        version=version,
        versions_url=f"{base}/versions",
        connection=Partner.Connection.CONNECTED,
        connected_at=timezone.now(),
    )
    tokens.store_received(partner, TOKEN_C, ReceivedToken.Purpose.CONNECTION)
    for module, role in (MODULES if modules is None else modules).items():
        role = role if VERSIONS[version].has_roles else ""
        url = f"{base}/{module}"
        RemoteEndpoint.objects.create(partner=partner, version=version, module=module, role=role, url=url)
    return partner


class Simulator:
    """The CPO simulator in a process of its own."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.versions_url: str = ready["versions_url"]
        self.control_url: str = ready["control_url"]
        self.token_a: str = ready["token_a"]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control API; its refusal fails the test."""
        answer = requests.request(method, f"{self.control_url}/{path}", json=body, timeout=PATIENCE)
        assert answer.ok, answer.text
        return answer.json()

    def behave(self, **wishes: Any) -> None:
        self.control("POST", "behaviour", wishes)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.control("GET", "state")
        return found

    def exchanges(self, method: str, path: str) -> list[dict[str, Any]]:
        """Its own record of what it received from us."""
        return [
            one
            for one in self.control("GET", "exchanges?limit=500")
            if one.get("method") == method and path in one.get("url", "")
        ]


@contextmanager
def simulator(folder: Path, *arguments: str) -> Iterator[Simulator]:
    """Run the simulator for a `with` block."""
    ready = folder / "ready.json"
    command = [
        *(sys.executable, "-m", "cpo_simulator", "--port", "0", "--ready-file", str(ready)),
        *("--token-a", TOKEN_A, "--country", "SK", "--party", "ION", "--speed", "60"),
        *arguments,
    ]
    with Process(command, log=folder / "cpo.log", ready=file_exists(ready)):
        yield Simulator(json.loads(ready.read_text()))
