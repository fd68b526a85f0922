"""`python -m tests.sessions_adhoc.contracts.ledger PORT FILE SECRET API KEY`: our back office as a process.

It books what webhooks bring, once for each webhook-id, and what it reads over the API behind its own cursor, once for
each id; both on disk before it answers, or goes on. It may be killed at any moment. `delivered` counts what came.
"""

import json
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from rehearsal.back_office_fake import signatures

TABLES = """
CREATE TABLE IF NOT EXISTS booked (id TEXT PRIMARY KEY, number INTEGER, body TEXT);
CREATE TABLE IF NOT EXISTS read (id TEXT PRIMARY KEY, number INTEGER UNIQUE, body TEXT);
CREATE TABLE IF NOT EXISTS delivered (id TEXT, number INTEGER, contract TEXT);
"""


def opened(path: str) -> sqlite3.Connection:
    """Every commit is on the disk when it returns."""
    book = sqlite3.connect(path, timeout=30, isolation_level=None)
    book.execute("PRAGMA journal_mode=WAL")
    book.execute("PRAGMA synchronous=FULL")
    book.executescript(TABLES)
    return book


class Handler(BaseHTTPRequestHandler):
    path_of_book = secret = ""

    def log_message(self, *args: Any) -> None:
        """The book tells."""

    def do_GET(self) -> None:
        self._answer(200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        given = {name.lower(): value for name, value in self.headers.items()}
        if not signatures.is_right(self.secret, given, int(time.time()), body):
            self._answer(401)
            return
        data = json.loads(body)["data"]
        book = opened(self.path_of_book)
        try:
            book.execute("BEGIN IMMEDIATE")
            row = (given["webhook-id"], data["number"], json.dumps(data, sort_keys=True))
            book.execute("INSERT INTO booked VALUES (?, ?, ?) ON CONFLICT DO NOTHING", row)
            book.execute("INSERT INTO delivered VALUES (?, ?, ?)", (row[0], row[1], data["contract_id"]))
            book.execute("COMMIT")
        finally:
            book.close()
        self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


def read_on(path: str, api: str, key: str) -> None:
    """Read what is new over the API, for ever: book a page, then acknowledge it."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {key}"
    while True:
        book = opened(path)
        try:
            last = book.execute("SELECT COALESCE(MAX(number), 0) FROM read").fetchone()[0]
            page = session.get(f"{api}?after={last}&limit=7", timeout=10).json()["results"]
            for one in page:
                acknowledged = one.pop("acknowledged_at")
                row = (one["id"], one["number"], json.dumps(one, sort_keys=True))
                book.execute("INSERT INTO read VALUES (?, ?, ?)", row)
                if acknowledged is None:
                    session.post(f"{api}{one['id']}/acknowledge/", timeout=10).raise_for_status()
            _acknowledge_rest(session, api, book)
        except (requests.RequestException, ValueError, KeyError):
            time.sleep(0.05)
        finally:
            book.close()
        time.sleep(0.02)


def _acknowledge_rest(session: requests.Session, api: str, book: sqlite3.Connection) -> None:
    """What was booked before it was killed, and not acknowledged."""
    for one in session.get(f"{api}?unacknowledged=1&limit=50", timeout=10).json()["results"]:
        if book.execute("SELECT 1 FROM read WHERE id = ?", (one["id"],)).fetchone():
            session.post(f"{api}{one['id']}/acknowledge/", timeout=10).raise_for_status()


def main() -> None:
    port, path, secret, api, key = sys.argv[1:]
    Handler.path_of_book, Handler.secret = path, secret
    opened(path).close()
    threading.Thread(target=read_on, args=(path, api, key), daemon=True).start()
    ThreadingHTTPServer.allow_reuse_address = True
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()
