"""The stand-in's HTTP server. A test in the same process looks at `books`, `asked` and `faults` itself."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rehearsal.back_office_fake import signatures
from rehearsal.back_office_fake.books import FIELDS, Books, Thing, Wrong
from rehearsal.back_office_fake.events import Events

FORGED = "whsec_" + "Zm9yZ2VkLWZvcmdlZC1mb3JnZWQtZm9yZ2VkLWZvcmc="
HIDDEN = frozenset({"opening", "moved_at"})
DO = re.compile(r"/payments(?:/(?P<reference>[\w.:-]+)/(?P<verb>[a-z]+))?")
LOOK = re.compile(r"/payments/(?P<reference>[\w.:-]+)")


class Lost(Exception):
    """The answer never leaves."""


class Fake:
    """The account: books, the secret, and what is to go wrong next.

    `faults`: (verb, how), each once; the verb of a lookup is `look`. How: `lost_request`, `lost_answer`, `fail` (HTTP
    500 before it is done), `fail_after`, `unsigned`, `forged`, `stale`, `other` (signed as the answer to another call),
    `busy` (409), `garbled` (signed nonsense), `anothers` (another payment's).
    """

    def __init__(self, secret: str, webhook_url: str) -> None:
        self.books, self.secret = Books(), secret
        self.events = Events(webhook_url, self)
        self.books.on_event = self.events.put
        self.faults: list[tuple[str, str]] = []
        self.lists_nothing = False
        self.asked: list[tuple[str, str]] = []
        self.seen: set[str] = set()

    def fault_for(self, verb: str) -> str:
        for fault in self.faults:
            if fault[0] == verb:
                self.faults.remove(fault)
                return fault[1]
        return ""

    def shown(self, payment: Thing, request: Thing | None) -> Thing:
        names = ("key", "verb", "status", "amount", "code", "message")
        return {
            "payment": {name: value for name, value in payment.items() if name not in HIDDEN},
            "request": {name: request[name] for name in names} if request else None,
        }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: Fake

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it: the books tell."""

    def do_GET(self) -> None:
        self._handle(f"GET {self.path}".encode(), self._look)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._handle(body, lambda: self._do(body))

    def _handle(self, content: bytes, work: Any) -> None:
        self.fault = ""
        try:
            with self.fake.books.lock:
                self._check(content)
                status, answer = work()
        except Wrong as wrong:
            status, answer = wrong.status, {"error": {"code": wrong.code, "message": wrong.message}}
        except Lost:
            self.close_connection = True
            return
        self._send(status, answer)

    def _check(self, content: bytes) -> None:
        given = {name.lower(): value for name, value in self.headers.items()}
        now = int(self.fake.books.now().timestamp())
        if not signatures.is_right(self.fake.secret, given, now, content) or given["webhook-id"] in self.fake.seen:
            raise Wrong(401, "not_signed", "The signature is missing, wrong, too old, or was used before.")
        self.fake.seen.add(given["webhook-id"])

    def _look(self) -> tuple[int, Thing]:
        self._begin("look", "")
        url = urlsplit(self.path)
        if url.path == "/payments":
            return 200, self._list(parse_qs(url.query))
        found = LOOK.fullmatch(url.path)
        key = parse_qs(url.query).get("key", [""])[0]
        if not found or not key:
            raise Wrong(400, "malformed", "There is no such address.")
        payment = self.fake.books.find(found["reference"])
        request = self.fake.books.requests.get(key)
        self._fail_after()
        return 200, self.fake.shown(payment, request)

    def _list(self, asked: dict[str, list[str]]) -> Thing:
        if self.fake.lists_nothing or asked.keys() - {"since", "moved_since", "after"}:
            raise Wrong(404, "not_offered", "There is no list.")
        since, moved, after = (asked.get(name, [""])[0] for name in ("since", "moved_since", "after"))
        page = self.fake.books.page(since, moved, after)
        listed = [{name: one[name] for name in one.keys() - HIDDEN} for one in page["payments"]]
        page["payments"] = listed
        self._fail_after()
        return page

    def _do(self, body: bytes) -> tuple[int, Thing]:
        given = json.loads(body)
        found, verb = DO.fullmatch(self.path), given.get("verb")
        wanted = FIELDS.get(verb)
        if not found or wanted is None or given.keys() != wanted | {"verb", "key", "payment"}:
            raise Wrong(400, "malformed", "These are not the fields of a request.")
        if (found["verb"] or "open", found["reference"]) != (verb, given.get("reference")):
            raise Wrong(400, "malformed", "The body is of another address.")
        self._begin(verb, given["key"])
        payment, request = self.fake.books.ask(given)
        self._fail_after()
        status = 422 if request["status"] in ("refused", "declined") else 200
        return status, self.fake.shown(payment, request)

    def _begin(self, verb: str, key: str) -> None:
        self.fake.asked.append((verb, key.partition(":")[2]))
        self.fault = self.fake.fault_for(verb)
        match self.fault:
            case "lost_request":
                raise Lost
            case "fail":
                raise Wrong(500, "failed", "Something went wrong.")
            case "busy":
                raise Wrong(409, "in_progress", "This request is being done.")

    def _fail_after(self) -> None:
        if self.fault == "fail_after":
            raise Wrong(500, "failed", "Something went wrong.")

    def _send(self, status: int, answer: Thing) -> None:
        if self.fault == "lost_answer":
            self.close_connection = True
            return
        if self.fault == "anothers":
            answer["payment"]["reference"] = "of_another"
        body = b'"nonsense"' if self.fault == "garbled" else json.dumps(answer).encode()
        secret = FORGED if self.fault == "forged" else self.fake.secret
        identifier = "call_of_another" if self.fault == "other" else self.headers.get("webhook-id", "none")
        now = int(self.fake.books.now().timestamp()) - (3600 if self.fault == "stale" else 0)
        self.send_response(status)
        if self.fault != "unsigned":
            for name, value in signatures.headers(secret, identifier, now, body).items():
                self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Listens on loopback. `base` is the URL to be set."""

    daemon_threads = True

    def __init__(self, port: int, secret: str, webhook_url: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.base = f"http://127.0.0.1:{self.server_address[1]}"
        self.fake = Fake(secret, webhook_url)
        self.RequestHandlerClass = type("Handler", (Handler,), {"fake": self.fake})

    def start(self) -> None:
        """In threads of this process."""
        self.fake.events.start()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Answer nobody any more, and deliver nothing."""
        self.shutdown()
        self.server_close()
        self.fake.events.stop()
