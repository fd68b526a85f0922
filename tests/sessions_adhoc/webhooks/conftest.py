"""A client with a webhook, and the machine behind it: it checks what arrives by code of its own."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rehearsal.back_office_fake import signatures
from sessions_adhoc.models import ClientKey, WebhookDelivery, WebhookEndpoint
from sessions_adhoc.tasks import push_webhooks_tick
from sessions_adhoc.webhooks import endpoints
from tests.sessions_adhoc.conftest import Clock, Driver


@dataclass
class Receiver:
    """The client's machine. `answers`: what it says next, then 204. `got`: (webhook-id, event) in order of arrival."""

    url: str = ""
    secret: str = ""
    clock: Clock | None = None
    answers: list[int] = field(default_factory=list)
    refuses: Callable[[dict[str, Any]], bool] = lambda _event: False
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    signed: list[int] = field(default_factory=list)

    def take(self, headers: dict[str, str], body: bytes) -> int:
        assert self.clock is not None
        now = int(self.clock.now().timestamp())
        assert signatures.is_right(self.secret, headers, now, body), headers
        assert headers["content-type"] == "application/json"
        self.signed.append(len(headers["webhook-signature"].split(" ")))
        event = json.loads(body)
        self.got.append((headers["webhook-id"], event))
        if self.answers:
            return self.answers.pop(0)
        return 500 if self.refuses(event) else 204

    def kinds(self) -> list[str]:
        return [event["type"] for _id, event in self.got]


@pytest.fixture
def receiver(clock: Clock) -> Iterator[Receiver]:
    mine = Receiver(clock=clock)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = mine.take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(b"" if status == 204 else b"<b>no\x00pe</b>\n")

        def log_message(self, *_args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    mine.url = f"http://127.0.0.1:{server.server_port}/hooks"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield mine
    server.shutdown()
    server.server_close()


@pytest.fixture
def endpoint(driver: Driver, receiver: Receiver) -> WebhookEndpoint:
    """The driver's app has a webhook."""
    made, receiver.secret = endpoints.create(ClientKey.objects.get(name="app"), receiver.url)
    return made


def push(clock: Clock) -> None:
    """What beat and a worker do, until nothing is due."""
    while push_webhooks_tick():
        clock.run_tasks()


def wait(clock: Clock, **delta: float) -> None:
    """Let time pass; look each time that an event is due."""
    until = clock.now() + timedelta(**delta)
    while (due := next_due()) is not None and due <= until:
        clock.traveller.move_to(max(due, clock.now()))
        push(clock)
    clock.traveller.move_to(until)
    push(clock)


def next_due() -> Any:
    """When an event is tried next at an endpoint that is on."""
    rows = WebhookDelivery.objects.filter(endpoint__state="on", endpoint__client__revoked_at=None).exclude(
        next_check_at=None
    )
    known = rows.values_list("next_check_at", "endpoint__retry_at")
    dues = [max(due, probe or due) for due, probe in known if due is not None]
    return min(dues, default=None)


def states() -> list[tuple[str, str]]:
    return list(WebhookDelivery.objects.order_by("pk").values_list("kind", "state"))
