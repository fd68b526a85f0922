"""What can be changed while the simulator runs: scenario, faults, sloppy habits, knobs."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from cpo_simulator.knobs import Knobs
from cpo_simulator.scenarios.courses import SCENARIOS
from cpo_simulator.scenarios.faults import FAULTS
from cpo_simulator.scenarios.scenario import Scenario
from cpo_simulator.wire.sloppiness import SWITCHES

_FIELDS = frozenset({"scenario", "evses", "evse_knobs", "next", "faults", "habits", "knobs", "driver", "reset"})


@dataclass
class Behaviour:
    """How this CPO behaves now.

    ``scenario`` plays every START_SESSION, unless ``next`` (used up one by one) or ``evses`` (by EVSE uid)
    names another. ``evse_knobs`` turns knobs for the runs at one EVSE. ``faults`` spoil answers of the server,
    ``habits`` are sloppy ways of writing, ``driver`` is ``auto`` (plugs and unplugs by itself) or ``manual``
    (through the control API).
    """

    scenario: str = "happy"
    evses: dict[str, str] = field(default_factory=dict)
    evse_knobs: dict[str, dict[str, float]] = field(default_factory=dict)
    next: deque[str] = field(default_factory=deque)
    faults: frozenset[str] = frozenset()
    habits: frozenset[str] = frozenset()
    knobs: Knobs = field(default_factory=Knobs)
    driver: str = "auto"

    def choose(self, evse_uid: str) -> Scenario:
        """The scenario for a START_SESSION at this EVSE; takes one off ``next``."""
        if self.next:
            return SCENARIOS[self.next.popleft()]
        return SCENARIOS[self.evses.get(evse_uid.casefold(), self.scenario)]

    def knobs_at(self, evse_uid: str) -> Knobs:
        """The knobs for a run at this EVSE."""
        return self.knobs.changed(self.evse_knobs.get(evse_uid.casefold(), {}))

    def set_clock(self, by: float) -> None:
        """Set the clock ahead by so many seconds, or back."""
        self.knobs = self.knobs.changed({"clock": self.knobs.clock + by})

    def change(self, wishes: dict[str, Any]) -> None:
        """Replace the named fields (knobs are merged), all or nothing. ValueError for unknown names."""
        unknown = set(wishes) - _FIELDS
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(_FIELDS))}")
        base = Behaviour() if wishes.get("reset") else self
        changed = {
            "scenario": _one(wishes.get("scenario", base.scenario), SCENARIOS, "scenario"),
            "evses": {
                uid.casefold(): _one(name, SCENARIOS, "scenario")
                for uid, name in dict(wishes.get("evses", base.evses)).items()
            },
            "evse_knobs": {
                uid.casefold(): _turned(base.knobs, knobs)
                for uid, knobs in dict(wishes.get("evse_knobs", base.evse_knobs)).items()
            },
            "next": deque(_one(name, SCENARIOS, "scenario") for name in _listed(wishes.get("next", base.next))),
            "faults": frozenset(_one(n, FAULTS, "fault") for n in _listed(wishes.get("faults", base.faults))),
            "habits": frozenset(_one(n, SWITCHES, "habit") for n in _listed(wishes.get("habits", base.habits))),
            "knobs": base.knobs.changed(dict(wishes.get("knobs", {}))),
            "driver": _one(wishes.get("driver", base.driver), ("auto", "manual"), "driver"),
        }
        for name, value in changed.items():
            setattr(self, name, value)

    def summary(self) -> dict[str, Any]:
        """Plain data for the control API."""
        return {
            "scenario": self.scenario,
            "evses": self.evses,
            "evse_knobs": self.evse_knobs,
            "next": list(self.next),
            "faults": sorted(self.faults),
            "habits": sorted(self.habits),
            "knobs": vars(self.knobs),
            "driver": self.driver,
        }


def _one(name: Any, known: Any, what: str) -> str:
    if name not in known:
        raise ValueError(f"unknown {what} {name!r}; known: {', '.join(known)}")
    return str(name)


def _turned(knobs: Knobs, wishes: Any) -> dict[str, float]:
    """The wished knobs, known and in range."""
    turned = knobs.changed(dict(wishes))
    return {name: getattr(turned, name) for name in wishes}


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [value]
    return list(value)
