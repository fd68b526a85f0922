"""The simulated CPO as the matrix sees it: its process, its control API, and requests that its people make by hand."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from ocpi.versions import Version
from rehearsal.stage.programs import simulator

TIMEOUT = 30
# 2.1.1 tells time in whole seconds: two charging periods must not begin in the same one.
SPEED, METER_INTERVAL = 60, 1.1


def command(version: Version, party_id: str, ready_file: Path) -> list[str]:
    """How to start a CPO that speaks one version."""
    who = ["--party", party_id, "--versions", version.number]
    return simulator(ready_file, *who, speed=SPEED, meter_interval=METER_INTERVAL)


@dataclass(frozen=True)
class ByHand:
    """What we answered to a request made by hand."""

    http: int
    code: int
    data: Any
    headers: Any


class Cpo:
    """One simulated CPO that is up."""

    def __init__(self, version: Version, ready_file: Path) -> None:
        ready = json.loads(ready_file.read_text())
        self.version = version
        self.versions_url: str = ready["versions_url"]
        self.token_a: str = ready["token_a"]
        self._control: str = ready["control_url"]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control API. Raises RuntimeError with its reason."""
        answer = requests.request(method, f"{self._control}/{path}", json=body, timeout=TIMEOUT)
        found = answer.json()
        if not answer.ok:
            raise RuntimeError(f"the CPO's {path}: {found['error']}")
        return found

    def state(self) -> dict[str, Any]:
        """Its own books."""
        found: dict[str, Any] = self.control("GET", "state")
        return found

    def take_over(self, *, token_in: str, token_out: str, our_versions_url: str) -> None:
        """Put agreed tokens into it; it reads our versions and details with `token_out` at once."""
        body = {
            "version": self.version.number,
            "token_in": token_in,
            "token_out": token_out,
            "versions_url": our_versions_url,
            "country_code": "SK",
            "party_id": "SFP",
        }
        self.control("POST", "credentials", body)

    def credentials(self, token: str, party_id: str) -> dict[str, Any]:
        """Its Credentials as it would write them (OCPI 2.2.1 §7.3.1, 2.1.1 §credentials)."""
        party = {"business_details": {"name": "Simulated"}, "party_id": party_id, "country_code": "SK"}
        named = {"roles": [{"role": "CPO", **party}]} if self.version.has_roles else party
        return {"token": token, "url": self.versions_url, **named}

    def by_hand(self, method: str, url: str, token: str, body: Any = None) -> ByHand:
        """A request of the CPO's people, with the token in the spelling of the version."""
        written = base64.b64encode(token.encode()).decode() if self.version.encodes_token else token
        answer = requests.request(
            method, url, json=body, headers={"Authorization": f"Token {written}"}, timeout=TIMEOUT
        )
        envelope = answer.json()
        return ByHand(answer.status_code, envelope["status_code"], envelope.get("data"), answer.headers)
