"""The fake's HTTP server: Stripe's API, the driver's pages, and what a rehearsal asks of it under `/_fake/`."""

import json
import random
import re
import threading
import time
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from rehearsal.stripe_fake import pages, staff
from rehearsal.stripe_fake.books import Books, Thing
from rehearsal.stripe_fake.checking import Wrong, checked, parsed
from rehearsal.stripe_fake.keys import Keys
from rehearsal.stripe_fake.killing import kill_asker
from rehearsal.stripe_fake.webhooks import Webhooks

SLOW_SECONDS = 6.0
Do = Callable[[Books, str, Thing], Thing]


def _one(books: Books, thing: Thing, given: Thing) -> Thing:
    return books.shown(thing, tuple(given.get("expand", ())))


def _intents(act: Callable[[Books, Thing, Thing], Thing]) -> Do:
    return lambda books, pk, given: _one(books, act(books, books.find("pi_", pk), given), given)


def _pages(act: Callable[[Books, Thing], Thing]) -> Do:
    return lambda books, pk, given: _one(books, act(books, books.find("cs_", pk)), given)


CALLS: list[tuple[str, str, str, Do]] = [
    ("POST", r"/v1/checkout/sessions", "checkout.sessions.create", lambda b, _, g: _one(b, b.create_page(g), g)),
    ("GET", r"/v1/checkout/sessions", "checkout.sessions.list", lambda b, _, g: b.listed("checkout.session", g)),
    ("GET", r"/v1/checkout/sessions/(cs_\w+)", "checkout.sessions.retrieve", _pages(lambda _, page: page)),
    ("POST", r"/v1/checkout/sessions/(cs_\w+)/expire", "checkout.sessions.expire", _pages(Books.expire_page)),
    ("POST", r"/v1/payment_intents", "payment_intents.create", lambda b, _, g: _one(b, b.create_intent(g), g)),
    ("GET", r"/v1/payment_intents", "payment_intents.list", lambda b, _, g: b.listed("payment_intent", g)),
    ("GET", r"/v1/payment_intents/(\w+)", "payment_intents.retrieve", _intents(lambda _b, intent, _g: intent)),
    ("POST", r"/v1/payment_intents/(\w+)/confirm", "payment_intents.confirm", _intents(Books.confirm)),
    (
        "POST",
        r"/v1/payment_intents/(\w+)/capture",
        "payment_intents.capture",
        _intents(lambda b, intent, g: b.capture(intent, g.get("amount_to_capture"))),
    ),
    (
        "POST",
        r"/v1/payment_intents/(\w+)/cancel",
        "payment_intents.cancel",
        _intents(lambda b, intent, g: b.cancel(intent, g.get("cancellation_reason"))),
    ),
    (
        "POST",
        r"/v1/payment_intents/(\w+)/increment_authorization",
        "payment_intents.increment_authorization",
        _intents(lambda b, intent, g: b.raise_to(intent, g["amount"])),
    ),
    ("POST", r"/v1/refunds", "refunds.create", lambda b, _, g: _one(b, b.refund(g), g)),
    ("GET", r"/v1/refunds", "refunds.list", lambda b, _, g: b.listed("refund", g)),
    ("GET", r"/v1/disputes", "disputes.list", lambda b, _, g: b.listed("dispute", g)),
]


class Fake:
    """The account: books, keys, webhooks, and what is to go wrong next."""

    def __init__(self, base: str, key: str, webhook_url: str, webhook_secret: str) -> None:
        self.books, self.keys, self.key = Books(base), Keys(), key
        self.webhooks = Webhooks(webhook_url, webhook_secret)
        self.books.on_event = self.webhooks.put
        self.faults: list[tuple[str, str]] = []
        self.asked: list[tuple[str, str]] = []
        self.lost_share = 0.0
        self.herd = 0
        self.killed = 0
        self.chance = random.Random(1)  # the same in each run

    def fault_for(self, kind: str) -> str:
        """What is to go wrong with this call, once."""
        for fault in self.faults:
            if fault[0] == kind:
                self.faults.remove(fault)
                return fault[1]
        return ""


class Lost(Exception):
    """The answer never leaves."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: Fake

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it: the books tell."""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def _answer(self, method: str) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        try:
            if url.path.startswith("/_fake/"):
                self._send(200, json.dumps(staff.answer(self.fake, url.path[7:], json.loads(body or "{}"))).encode())
            elif url.path.startswith("/v1/"):
                self._send(*self._api(method, url.path, body if method == "POST" else url.query))
            else:
                page = pages.answer(self.fake.books, method, url.path, dict(parse_qsl(body)))
                self._send(page.status, page.body.encode(), "text/html; charset=utf-8", page.location)
        except Wrong as wrong:
            self._send(wrong.status, json.dumps({"error": wrong.error}).encode())
        except Lost:
            self.close_connection = True

    def _api(self, method: str, path: str, text: str) -> tuple[int, bytes]:
        if self.headers.get("Authorization") != f"Bearer {self.fake.key}":
            raise Wrong("Invalid API Key provided.", status=401)
        for wanted, pattern, kind, do in CALLS:
            found = re.fullmatch(pattern, path)
            if found and wanted == method:
                given = {"limit": 10, **checked(kind, parsed(text))}
                job = partial(do, self.fake.books, found[1] if found.groups() else "", given)
                return self._once(method, (path, text), kind, job)
        raise Wrong(f"Unrecognized request URL ({method}: {path}).", status=404)

    def _once(self, method: str, request: tuple[str, str], kind: str, do: Callable[[], Thing]) -> tuple[int, bytes]:
        """Do it, once per key, and lose the answer or fail where that was asked for."""
        fake, key = self.fake, self.headers.get("Idempotency-Key", "") if method == "POST" else ""
        if key and (earlier := fake.keys.begin(key, request, fake.books.now())):
            return earlier
        fake.asked.append((kind, key))
        fault = fake.fault_for(kind)
        if fault == "lost_request":
            fake.keys.forget(key)
            raise Lost
        answer = (500, b'{"error": {"type": "api_error", "message": "Something went wrong."}}')
        if fault != "fail":
            with fake.books.lock:
                try:
                    done = 200, json.dumps(do()).encode()
                except Wrong as wrong:
                    done = wrong.status, json.dumps({"error": wrong.error}).encode()
            answer = answer if fault == "fail_after" else done
        if key:
            fake.keys.end(key, answer)
        if fault == "kill":
            # It is done, and whoever asked for it never learns that.
            found = kill_asker(self.client_address[1], fake.herd)
            with fake.books.lock:
                fake.killed += found
            raise Lost
        if fault == "lost_answer" or fake.chance.random() < fake.lost_share:
            raise Lost
        if fault == "slow":
            time.sleep(SLOW_SECONDS)
        return answer

    def _send(self, status: int, body: bytes, kind: str = "application/json", location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Listens on loopback. `base` is its own address."""

    daemon_threads = True

    def __init__(self, port: int, key: str, webhook_url: str, webhook_secret: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.base = f"http://127.0.0.1:{self.server_address[1]}"
        self.fake = Fake(self.base, key, webhook_url, webhook_secret)
        self.RequestHandlerClass = type("Handler", (Handler,), {"fake": self.fake})

    def start(self) -> None:
        """In threads of this process."""
        self.fake.webhooks.start()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Answer nobody any more, and deliver nothing."""
        self.shutdown()
        self.server_close()
        self.fake.webhooks.stop()
