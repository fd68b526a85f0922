"""What can be changed while the simulator runs: scenario, faults, sloppy habits, knobs."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from cpo_simulator.settings.knobs import Knobs


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

    def choose(self, evse_uid: str) -> str:
        """The name of the scenario for a START_SESSION at this EVSE; takes one off ``next``."""
        if self.next:
            return self.next.popleft()
        return self.evses.get(evse_uid.casefold(), self.scenario)

    def knobs_at(self, evse_uid: str) -> Knobs:
        """The knobs for a run at this EVSE."""
        return self.knobs.changed(self.evse_knobs.get(evse_uid.casefold(), {}))

    def set_clock(self, by: float) -> None:
        """Set the clock ahead by so many seconds, or back."""
        self.knobs = self.knobs.changed({"clock": self.knobs.clock + by})

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
