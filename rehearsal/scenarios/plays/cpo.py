"""A simulated CPO seen from outside: its control API and its own books."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

DC_KW, FAST_KW = 40, 150
TIMEOUT = 10


@dataclass(frozen=True)
class Charger:
    """An EVSE of the simulated CPO."""

    uid: str
    location_id: str
    kw: float

    @property
    def is_dc(self) -> bool:
        return self.kw > DC_KW


@dataclass
class Cpo:
    """One simulated CPO, connected as the partner with this id."""

    name: str
    partner_id: int
    version: str
    control_url: str
    chargers: list[Charger] = field(default_factory=list)
    _scenarios: dict[str, str] = field(default_factory=dict)
    _knobs: dict[str, dict[str, float]] = field(default_factory=dict)

    def read_chargers(self) -> None:
        """Learn which chargers there are; all are free."""
        self.chargers = [Charger(one["uid"], one["location_id"], one["kw"]) for one in self.state()["evses"]]

    def take(self, dc: bool | None, least_kw: float = 0) -> Charger | None:
        """Take a charger that nobody used yet, of the wanted kind: the strongest last, as they are few."""
        for charger in sorted(self.chargers, key=lambda one: one.kw > FAST_KW):
            if charger.kw >= least_kw and dc in (None, charger.is_dc):
                self.chargers.remove(charger)
                return charger
        return None

    def state(self, newest: int = 2000) -> dict[str, Any]:
        """Everything that the CPO believes; of Sessions and CDRs so many."""
        return self._call("GET", f"state?limit={newest}")

    def prepare(self, charger: Charger, scenario: str, knobs: Mapping[str, float]) -> None:
        """Have this scenario played at the charger."""
        self._scenarios[charger.uid] = scenario
        self._knobs[charger.uid] = dict(knobs)
        self._call("POST", "behaviour", {"evses": self._scenarios, "evse_knobs": self._knobs})

    def plug(self, charger: Charger) -> None:
        """The driver puts the cable in."""
        self._call("POST", f"evses/{charger.uid}/plug")

    def go_away(self, seconds: float) -> None:
        """Refuse every connection for so long."""
        self._call("POST", "outage", {"seconds": seconds})

    def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = requests.request(method, f"{self.control_url}/{path}", json=body, timeout=TIMEOUT)
        answer.raise_for_status()
        said: dict[str, Any] = answer.json()
        return said
