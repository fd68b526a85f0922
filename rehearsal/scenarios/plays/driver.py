"""The driver: a client of the driver's API."""

import secrets
from typing import Any

import requests

from sessions_adhoc.driver.clients import create_client_key

TIMEOUT = 20


class Driver:
    """Starts, stops and cancels over HTTP, with a client key of its own."""

    def __init__(self, web_url: str) -> None:
        self.url = f"{web_url}/api/v1/ad-hoc-sessions/"
        _client, key = create_client_key(f"scenarios {secrets.token_hex(4)}")
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {key}"

    def quote(self, code: str, connector: str) -> str:
        """Look at the price; return its hash."""
        asked = {"evse": code, "connector": connector}
        answer = self.http.get(self.url.replace("ad-hoc-sessions", "quotes"), params=asked, timeout=TIMEOUT)
        answer.raise_for_status()
        return str(answer.json()["hash"])

    def start(self, code: str, connector: str, payment: str, offer: str = "") -> str:
        """Ask to charge, at the price with this hash if any; return the session's id."""
        body = {"evse": code, "connector": connector, "payment_method": payment, "offer": offer}
        answer = self._ask(body)
        answer.raise_for_status()
        made: dict[str, Any] = answer.json()
        return str(made["id"])

    def why_refused(self, code: str, connector: str, payment: str, offer: str = "") -> str:
        """Ask to charge where that must not be; return what the driver is told, or "" where it was let in."""
        answer = self._ask({"evse": code, "connector": connector, "payment_method": payment, "offer": offer})
        return str(answer.json()["detail"]) if answer.status_code == requests.codes.conflict else ""

    def _ask(self, body: dict[str, str]) -> requests.Response:
        return self.http.post(self.url, json=body, headers={"Idempotency-Key": secrets.token_hex(8)}, timeout=TIMEOUT)

    def end(self, session_id: str, wish: str) -> None:
        """`stop` or `cancel`."""
        self.http.post(f"{self.url}{session_id}/{wish}/", timeout=TIMEOUT).raise_for_status()
