"""A small Cloudflare: one IP list over real HTTP, with slow operations and limits like those of the real one."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ACCOUNT, LIST, TOKEN = "account-1", "list-1", "cf-token-secret-9876"
ROOT = "/client/v4"


@dataclass
class Bulk:
    """An operation under way. `polls_left` looks say `running` before it is carried out."""

    id: str
    change: Any
    polls_left: int
    status: str = "pending"
    error: str = ""


@dataclass
class Request:
    method: str
    path: str
    body: Any


@dataclass
class FakeCloudflare:
    """Serves until `close`. `items` maps item ids to {"ip", "comment"}; `requests` holds what came, in order.

    Args:
        polls: how often an operation is still running when looked up.
        page: items per page, whatever is asked for.
        fail_next: (status, message) to answer the next request with.
        break_next: the error of the next operation, which then changes nothing.
        lose_next_answer: the next change is carried out, and answered with 502.
    """

    items: dict[str, dict[str, str]] = field(default_factory=dict)
    polls: int = 1
    page: int = 2
    fail_next: tuple[int, str] | None = None
    break_next: str = ""
    lose_next_answer: bool = False

    def __post_init__(self) -> None:
        self.requests: list[Request] = []
        self.operations: dict[str, Bulk] = {}
        self.lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                with fake.lock:
                    status, answer = fake.answer(self.command, self.path, body, self.headers.get("Authorization", ""))
                payload = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *_args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}{ROOT}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def holds(self) -> dict[str, str]:
        """The list: network to comment."""
        return {item["ip"]: item.get("comment", "") for item in self.items.values()}

    def put(self, ip: str, comment: str = "") -> None:
        """Somebody adds an item by hand."""
        self.items[f"item-{len(self.items) + 1}-{ip}"] = {"ip": ip, "comment": comment}

    def changes(self) -> list[tuple[str, list[str]]]:
        """(method, networks or item ids) of every change asked for."""
        return [(one.method, names_in(one.body)) for one in self.requests if one.method != "GET"]

    def answer(self, method: str, url: str, body: Any, authorization: str) -> tuple[int, Any]:
        parts = urlsplit(url)
        self.requests.append(Request(method, parts.path, body))
        if authorization != f"Bearer {TOKEN}":
            return failure(403, 10000, "Authentication error")
        if self.fail_next:
            (status, message), self.fail_next = self.fail_next, None
            return failure(status, 10001, message)
        lists = f"{ROOT}/accounts/{ACCOUNT}/rules/lists"
        if parts.path.startswith(f"{lists}/bulk_operations/"):
            return self.look_up(parts.path.rpartition("/")[2])
        if parts.path != f"{lists}/{LIST}/items":
            return failure(404, 10002, "List not found")
        return self.listed(parse_qs(parts.query)) if method == "GET" else self.change(method, body)

    def listed(self, query: dict[str, list[str]]) -> tuple[int, Any]:
        start = int(query.get("cursor", ["0"])[0])
        rows = [
            {"id": key, "created_on": "2026-01-01T00:00:00Z", "modified_on": "2026-01-01T00:00:00Z", **item}
            for key, item in sorted(self.items.items())
        ]
        info = {"cursors": {"after": str(start + self.page)}} if start + self.page < len(rows) else {}
        return 200, {**success(rows[start : start + self.page]), "result_info": info}

    def change(self, method: str, body: Any) -> tuple[int, Any]:
        if any(one.status in ("pending", "running") for one in self.operations.values()):
            return failure(400, 10003, "there is a pending operation")
        made = Bulk(f"op-{len(self.operations) + 1}", (method, body), self.polls, error=self.break_next)
        self.break_next = ""
        self.operations[made.id] = made
        if self.lose_next_answer:
            self.lose_next_answer = False
            return failure(502, 10004, "bad gateway")
        return 200, success({"operation_id": made.id})

    def look_up(self, operation_id: str) -> tuple[int, Any]:
        found = self.operations.get(operation_id)
        if found is None:
            return failure(404, 10005, "operation not found")
        self.work(found)
        done = {"completed": "2026-01-01T00:00:00Z"} if found.status in ("completed", "failed") else {}
        error = {"error": found.error} if found.status == "failed" else {}
        return 200, success({"id": found.id, "status": found.status, **done, **error})

    def work(self, bulk: Bulk) -> None:
        """One look later."""
        if bulk.status in ("completed", "failed"):
            return
        if bulk.polls_left:
            bulk.polls_left, bulk.status = bulk.polls_left - 1, "running"
            return
        if bulk.error:
            bulk.status = "failed"
            return
        method, body = bulk.change
        for item in body if method == "POST" else []:
            self.put(item["ip"], item.get("comment", ""))
        for item in body["items"] if method == "DELETE" else []:
            self.items.pop(item["id"], None)
        bulk.status = "completed"

    def finish(self) -> None:
        """Let everything that is under way be carried out."""
        for bulk in self.operations.values():
            while bulk.status not in ("completed", "failed"):
                self.work(bulk)


def names_in(body: Any) -> list[str]:
    return [item["ip"] for item in body] if isinstance(body, list) else [item["id"] for item in body["items"]]


def success(result: Any) -> dict[str, Any]:
    return {"result": result, "success": True, "errors": [], "messages": []}


def failure(status: int, code: int, message: str) -> tuple[int, Any]:
    return status, {"result": None, "success": False, "errors": [{"code": code, "message": message}], "messages": []}
