"""The numbers a run is played with. Times in simulated seconds shrink with ``--speed``; real ones do not."""

from dataclasses import dataclass, field, fields, replace
from math import isfinite
from typing import Any

_SIGNED = frozenset({"clock", "clock_jump"})


def _knob(default: float, unit: str, meaning: str) -> Any:
    return field(default=default, metadata={"unit": unit, "meaning": meaning})


@dataclass(frozen=True)
class Knobs:
    """Every field has a unit and a meaning in its metadata; ``describe`` prints them."""

    result: float = _knob(1.0, "simulated s", "from the CommandResponse to the CommandResult")
    plug_in: float = _knob(8.0, "simulated s", "until the driver plugs the cable in, if it is not in yet")
    session: float = _knob(2.0, "simulated s", "from cable in to the Session (PENDING)")
    energise: float = _knob(10.0, "simulated s", "from PENDING to ACTIVE: locking, insulation test")
    handshake: float = _knob(20.0, "simulated s", "how long a failing DC handshake shows CHARGING at 0 kWh")
    suspended: float = _knob(120.0, "simulated s", "how long a full car stays connected before the end")
    connection_timeout: float = _knob(120.0, "simulated s", "a charger waits this long for the cable")
    stop: float = _knob(2.0, "simulated s", "from the wish to stop to the stop")
    unplug: float = _knob(20.0, "simulated s", "from the end of charging to cable out")
    cdr: float = _knob(5.0, "simulated s", "from the end of the session to its CDR")
    late_response: float = _knob(240.0, "simulated s", "delay of a CommandResponse that the Session overtakes")
    late_plug: float = _knob(180.0, "simulated s", "until a slow driver plugs in, within the usual window")
    linger: float = _knob(240.0, "simulated s", "how long a Session outlives the fall of its connector")
    first_kwh: float = _knob(1.0, "kWh", "energy after which something unusual happens")
    silence: float = _knob(900.0, "simulated s", "how long a silent charger says nothing")
    flap: float = _knob(0.4, "real s", "how long a flapping connector shows AVAILABLE")
    slow_meter: float = _knob(6.0, "count", "meter values that a slow CPO keeps to itself for each one that it sends")
    outage: float = _knob(600.0, "simulated s", "how long the server is gone")
    between_cdrs: float = _knob(60.0, "simulated s", "from one CDR to the next about the same session")
    wrong_total: float = _knob(99.99, "EUR", "the total, VAT included, of a CDR that is wrong")
    patience: float = _knob(60.0, "real s", "a driver whose charge failed pulls the cable after this")
    late_session: float = _knob(330.0, "real s", "delay of a late session (beyond the usual five minutes)")
    late_cdr: float = _knob(660.0, "real s", "delay of a late CDR (beyond the usual ten minutes)")
    slow_answer: float = _knob(20.0, "real s", "how long a slow answer takes")
    command_timeout: float = _knob(30.0, "real s", "timeout announced in a CommandResponse")
    clock: float = _knob(0.0, "real s", "how far the CPO's clock is ahead; below 0: behind")
    clock_jump: float = _knob(3600.0, "real s", "how far the clock jumps ahead; below 0: back")
    push_timeout: float = _knob(15.0, "real s", "how long a push waits for the eMSP's answer")
    car_kwh: float = _knob(25.0, "kWh", "energy after which the car's battery is full")
    car_dc_kw: float = _knob(170.0, "kW", "the most the car takes at a DC charger")
    car_ac_kw: float = _knob(22.0, "kW", "the most the car takes at an AC charger")
    local_stop_kwh: float = _knob(3.0, "kWh", "energy after which the driver stops at the charger")
    failures: float = _knob(1.0, "count", "how many attempts fail before one works")

    def changed(self, wishes: dict[str, Any]) -> "Knobs":
        """A copy with some knobs turned. Raises ValueError for an unknown name or a bad number."""
        unknown = sorted(set(wishes) - {knob.name for knob in fields(self)})
        if unknown:
            raise ValueError(f"unknown knob: {', '.join(unknown)}")
        numbers = {name: float(value) for name, value in wishes.items()}
        if any(not isfinite(number) or (number < 0 and name not in _SIGNED) for name, number in numbers.items()):
            raise ValueError(f"a knob cannot be negative, except: {', '.join(sorted(_SIGNED))}")
        return replace(self, **numbers)

    @classmethod
    def describe(cls) -> list[tuple[str, float, str, str]]:
        """(name, default, unit, meaning) of every knob."""
        return [(k.name, k.default, k.metadata["unit"], k.metadata["meaning"]) for k in fields(cls)]  # type: ignore[misc]

    @classmethod
    def unit(cls, name: str) -> str:
        """The unit of a knob."""
        return str(cls.__dataclass_fields__[name].metadata["unit"])
