"""Delivering events: signed, again until they are taken, and as badly as was asked for."""

import json
import queue
import random
import threading
from typing import Any

import requests
import stripe

TRIES = 6
PAUSE = 0.2
LATE = 1.0
MODES = frozenset({"plain", "lost", "twice", "late", "shuffled", "forged", "rough"})
ROUGH_LOST, ROUGH_TWICE, ROUGH_BATCH = 0.05, 0.2, 20


class Webhooks(threading.Thread):
    """One thread that delivers. `mode` says how: plain, lost, twice, late (1 s), shuffled (held until there are some),
    forged (signed by somebody else), rough (5 % lost, 20 % twice, all shuffled in batches of 20)."""

    def __init__(self, url: str, secret: str) -> None:
        super().__init__(name="webhooks", daemon=True)
        self.url, self.secret, self.mode = url, secret, "plain"
        self.waiting: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.stopped = threading.Event()
        self.held: list[dict[str, Any]] = []
        self.chance = random.Random(2)  # the same in each run
        self.delivered: list[tuple[str, str, int]] = []

    def put(self, event: dict[str, Any]) -> None:
        """Deliver an event as the mode says."""
        if self.mode == "shuffled":
            self.held.append(event)
            if len(self.held) >= 3:
                self.release()
        elif self.mode == "rough":
            times = 0 if self.chance.random() < ROUGH_LOST else 1 + (self.chance.random() < ROUGH_TWICE)
            self.held += [event] * times
            if len(self.held) >= ROUGH_BATCH:
                self.release()
        elif self.mode != "lost":
            for _ in range(2 if self.mode == "twice" else 1):
                self.waiting.put(event)

    def release(self) -> None:
        """Deliver what was held back, in another order."""
        events, self.held = self.held, []
        random.Random(len(events)).shuffle(events)  # the same order in each run
        for event in events:
            self.waiting.put(event)

    def run(self) -> None:
        while (event := self.waiting.get()) is not None:
            if self.mode == "late":
                self.stopped.wait(LATE)
            if not self.stopped.is_set():
                self.deliver(event)

    def stop(self) -> None:
        """Deliver nothing more, and return when the last delivery is over."""
        self.stopped.set()
        self.waiting.put(None)
        self.join()

    def deliver(self, event: dict[str, Any]) -> None:
        body = json.dumps(event)
        for _ in range(TRIES):
            secret = "whsec_somebody_else" if self.mode == "forged" else self.secret
            signature = stripe.WebhookSignature.generate_signature_header(body, secret)
            headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
            try:
                status = requests.post(self.url, data=body.encode(), headers=headers, timeout=10).status_code
            except requests.RequestException:
                status = 0
            self.delivered.append((event["id"], event["type"], status))
            if status == 200 or self.mode == "forged":
                return
            if self.stopped.wait(PAUSE):
                return
