"""Drivers: clients of the API that do not give up when the web server dies under them."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import requests

from rehearsal.bench.torture.plan import Visit

TIMEOUT = 15.0
PATIENCE = 120.0
PAUSE = 0.3


class NoAnswer(Exception):
    """The API did not answer for so long that a driver would have left."""


@dataclass
class Ride:
    """What one driver knows of the own session."""

    visit: Visit
    charger: str
    key: str
    session_id: str = ""
    refusal: str = ""
    trouble: str = ""
    tries: int = 0
    slowest: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)


class Api:
    """The driver's API. Every call is repeated until it is answered; a start carries its Idempotency-Key."""

    def __init__(self, url: str, client_key: str) -> None:
        self.url = f"{url}/api/v1/ad-hoc-sessions/"
        self.headers = {"Authorization": f"Bearer {client_key}"}

    def ride(self, ride: Ride, body: Mapping[str, str]) -> None:
        """Start, wait, and stop or cancel if this driver wants to."""
        try:
            self._start(ride, body)
            if ride.session_id and ride.visit.wish:
                time.sleep(ride.visit.after)
                self._call(ride, f"{ride.session_id}/{ride.visit.wish}/", {}, {})
        except NoAnswer as problem:
            ride.trouble = str(problem)
        finally:
            ride.done.set()

    def _start(self, ride: Ride, body: Mapping[str, str]) -> None:
        answer = self._call(ride, "", body, {"Idempotency-Key": ride.key})
        if answer.status_code in (200, 201):
            ride.session_id = str(answer.json()["id"])
        else:
            ride.refusal = f"HTTP {answer.status_code}: {answer.text[:200]}"

    def _call(self, ride: Ride, path: str, body: Mapping[str, str], headers: Mapping[str, str]) -> requests.Response:
        began = time.monotonic()
        last = ""
        while time.monotonic() < began + PATIENCE:
            ride.tries += 1
            try:
                answer = requests.post(
                    self.url + path, json=dict(body), headers={**self.headers, **headers}, timeout=TIMEOUT
                )
            except requests.RequestException as error:
                last = type(error).__name__
            else:
                if answer.status_code < 500:
                    ride.slowest = max(ride.slowest, time.monotonic() - began)
                    return answer
                last = f"HTTP {answer.status_code}"
            time.sleep(PAUSE)
        raise NoAnswer(f"no answer to POST {path or 'start'} within {PATIENCE:g} s, at last {last}")
