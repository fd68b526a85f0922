"""How this CPO is wished to behave: names and numbers are looked up before anything is changed."""

from collections import deque
from typing import Any

from cpo_simulator.scenarios.courses import SCENARIOS
from cpo_simulator.server.faults.catalogue import FAULTS
from cpo_simulator.settings.behaviour import Behaviour
from cpo_simulator.settings.knobs import Knobs
from cpo_simulator.wire.sloppiness import SWITCHES

_FIELDS = frozenset({"scenario", "evses", "evse_knobs", "next", "faults", "habits", "knobs", "driver", "reset"})


def change_behaviour(behaviour: Behaviour, wishes: dict[str, Any]) -> None:
    """Replace the named fields (knobs are merged), all or nothing. ValueError for unknown names."""
    unknown = set(wishes) - _FIELDS
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(_FIELDS))}")
    base = Behaviour() if wishes.get("reset") else behaviour
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
        setattr(behaviour, name, value)


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
