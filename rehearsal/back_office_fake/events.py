"""Delivering events: signed, again until they are taken, and as badly as was asked for."""

import json
import queue
import secrets
import threading
from typing import Any

import requests

from rehearsal.back_office_fake import signatures

TRIES, PAUSE = 6, 0.2
TOLD = ("reference", "payment", "status", "amount", "currency", "captured", "refunded", "dispute")


class Events(threading.Thread):
    """One thread that delivers. `mode`: plain, lost, twice. `made` has each, as (headers, body), delivered or not."""

    def __init__(self, url: str, fake: Any) -> None:
        super().__init__(name="events", daemon=True)
        self.url, self.fake, self.mode = url, fake, "plain"
        self.waiting: queue.Queue[tuple[dict[str, str], bytes] | None] = queue.Queue()
        self.made: list[tuple[dict[str, str], bytes]] = []
        self.delivered: list[int] = []
        self.stopped = threading.Event()

    def put(self, kind: str, payment: dict[str, Any]) -> None:
        """Tell of a payment, as the mode says."""
        now = self.fake.books.now()
        data = {name: payment[name] for name in TOLD}
        body = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data}).encode()
        identifier = f"evt_{secrets.token_hex(8)}"
        event = signatures.headers(self.fake.secret, identifier, int(now.timestamp()), body), body
        self.made.append(event)
        for _ in range({"lost": 0, "twice": 2}.get(self.mode, 1)):
            self.waiting.put(event)

    def run(self) -> None:
        while (event := self.waiting.get()) is not None and not self.stopped.is_set():
            self.deliver(*event)

    def deliver(self, headers: dict[str, str], body: bytes) -> None:
        for _ in range(TRIES):
            try:
                all_of_them = {"Content-Type": "application/json", **headers}
                status = requests.post(self.url, data=body, headers=all_of_them, timeout=10).status_code
            except requests.RequestException:
                status = 0
            self.delivered.append(status)
            if status == 200 or self.stopped.wait(PAUSE):
                return

    def stop(self) -> None:
        """Deliver nothing more, and return when the last delivery is over."""
        self.stopped.set()
        self.waiting.put(None)
        self.join()
