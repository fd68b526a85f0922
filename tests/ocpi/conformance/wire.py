"""A CPO's side of the wire, without the platform's code: the simulator's client, and objects written out by hand."""

import asyncio
import base64
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, cast

import requests
from requests.structures import CaseInsensitiveDict

from cpo_simulator.emsp.exchanges import Exchange, Exchanges
from cpo_simulator.emsp.peer import Peer
from tests.ocpi.versions import vectors as v
from tests.ocpi.versions import vectors_2_3_0 as w
from tests.support.processes import PATIENCE

NUMBERS = ("2.1.1", "2.2", "2.2.1", "2.3.0")
NOTHING = object()
ANYTHING = object()
LONG_AFTER = "2026-09-01T12:00:00Z"

_CDR_TOKEN_22 = {name: value for name, value in v.CDR_TOKEN.items() if name not in ("country_code", "party_id")}
_PRICE_230 = {"before_taxes": 5.0, "taxes": [{"name": "VAT", "percentage": 23, "amount": 1.15}]}
VECTORS: dict[str, dict[str, Any]] = {
    "2.1.1": {
        "location": v.LOCATION_211,
        "session": v.SESSION_211,
        "tariff": v.TARIFF_211,
        "cdr": v.CDR_211,
        "result": {"result": "ACCEPTED"},
    },
    "2.2": {
        "location": v.LOCATION,
        "session": {**v.SESSION, "cdr_token": _CDR_TOKEN_22},
        "tariff": v.TARIFF,
        "cdr": {**v.CDR, "cdr_token": _CDR_TOKEN_22},
        "result": {"result": "ACCEPTED"},
    },
    "2.2.1": {
        "location": v.LOCATION,
        "session": v.SESSION,
        "tariff": v.TARIFF,
        "cdr": v.CDR,
        "result": {"result": "ACCEPTED", "message": [{"language": "en", "text": "Go"}]},
    },
    "2.3.0": {
        "location": w.LOCATION_230,
        "session": {**v.SESSION, "total_cost": _PRICE_230},
        "tariff": w.TARIFF_230,
        "cdr": {**v.CDR, "total_cost": _PRICE_230, "tariffs": [w.TARIFF_230]},
        "result": {"result": "FAILED"},
    },
}
# identifier -> our role, as the version details list them in order.
_SINCE_2_2 = {
    "credentials": "SENDER",
    "locations": "RECEIVER",
    "sessions": "RECEIVER",
    "cdrs": "RECEIVER",
    "tariffs": "RECEIVER",
    "tokens": "SENDER",
    "commands": "SENDER",
    "chargingprofiles": "SENDER",
    "hubclientinfo": "RECEIVER",
}
MODULES = {
    "2.1.1": dict.fromkeys(("credentials", "locations", "sessions", "cdrs", "tariffs", "tokens", "commands"), ""),
    "2.2": _SINCE_2_2,
    "2.2.1": _SINCE_2_2,
    "2.3.0": {**_SINCE_2_2, "bookings": "RECEIVER", "payments": "SENDER"},
}


def vector(version: str, kind: str, **changes: Any) -> dict[str, Any]:
    """A fresh, valid object of this version; `evse` and `connector` are those of its location."""
    location = VECTORS[version]["location"]
    parts = {"evse": location["evses"][0], "connector": location["evses"][0]["connectors"][0]}
    found: dict[str, Any] = deepcopy(parts.get(kind) or VECTORS[version][kind])
    return found | changes


@dataclass(frozen=True)
class Answer:
    """What came over the wire."""

    http: int
    body: dict[str, Any]
    headers: Any

    def must_be(self, http: int, code: int, data: Any = NOTHING) -> "Answer":
        """Check HTTP status, OCPI status code and `data`; NOTHING: there must be none."""
        assert (self.http, self.body["status_code"]) == (http, code), self.body
        assert self.headers["Content-Type"] == "application/json"
        expected = {"status_code", "status_message", "timestamp"}
        assert set(self.body) == (expected if data is NOTHING else expected | {"data"})
        assert self.body["timestamp"].endswith("Z")
        assert len(self.body["timestamp"]) <= 25
        assert data in (NOTHING, ANYTHING) or self.body["data"] == data
        return self


class _Kept:
    """Keeps the exchanges of a client as they were, tokens included."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def add(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)


async def _called(method: str, url: str, headers: dict[str, str], body: Any) -> Answer:
    kept = _Kept()
    peer = Peer(cast("Exchanges", kept))
    try:
        answer = await peer.call(method, url, headers, body)
    finally:
        await peer.close()
    assert answer.http is not None, answer.error
    return Answer(answer.http, kept.exchanges[0].response, CaseInsensitiveDict(answer.headers))


class Wire:
    """Calls our interface of one version as SK*ION."""

    def __init__(self, server: str, version: str, token: str) -> None:
        self.root, self.version, self.token = f"{server}/ocpi/emsp", version, token

    @property
    def has_roles(self) -> bool:
        return self.version != "2.1.1"

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = NOTHING,
        *,
        token: str | None = None,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """`path` below the version's URL, or absolute. `token` "" sends none."""
        url = path if path.startswith("http") else f"{self.root}/{self.version}/{path}"
        sent = dict(headers or {})
        if token != "":
            sent["Authorization"] = f"Token {self.encoded(token or self.token)}"
        raw = b"null" if body is None else raw
        if raw is None:
            return asyncio.run(_called(method, url, sent, None if body is NOTHING else body))
        # The simulator cannot be made to say null, or what is no JSON.
        answer = requests.request(method, url, headers=sent, data=raw, timeout=PATIENCE)
        return Answer(answer.status_code, answer.json(), answer.headers)

    def encoded(self, token: str) -> str:
        """Base64 from 2.2 on (2.2.1 §4.1.1), raw before."""
        return base64.b64encode(token.encode()).decode() if self.has_roles else token

    def refuses(self, path: str, *methods: str, allowed: str = "") -> None:
        """Each of the methods is answered with HTTP 405, and Allow names those that there are: HEAD is a GET, too."""
        there_are = set(allowed.replace("GET", "GET HEAD").split())
        for method in methods:
            answer = self(method, path, {} if method in ("POST", "PUT", "PATCH") else NOTHING).must_be(405, 2000)
            assert set(answer.headers["Allow"].split(", ")) == there_are
