"""What a CPO sends about one session or EVSE, as hypothesis strategies: a true course of events, and its delivery."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.factories import MOMENT, location_data, period_data, session_data

SESSION_ID, LOCATION_ID, EVSE_UID, CONNECTOR_ID = "S-1", "LOC-1", "EVSE-1", "1"
STATUSES = ["AVAILABLE", "BLOCKED", "CHARGING", "OUTOFORDER"]


def moment(step: int) -> str:
    return (MOMENT + timedelta(minutes=step)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Update:
    """One message: `level` PUT or PATCHed with `body`, and how things truly were at that moment."""

    level: str
    method: str
    body: dict[str, Any]
    truth: dict[str, Any]


@dataclass(frozen=True)
class Delivery:
    """A stream in the order it was meant, and the order in which it arrives, each message at least once."""

    stream: list[Update]
    order: list[int]

    @property
    def arriving(self) -> list[Update]:
        return [self.stream[position] for position in self.order]

    @property
    def truth(self) -> dict[str, Any]:
        """How things are in the end."""
        return deepcopy(self.stream[-1].truth)


@st.composite
def deliveries(draw: st.DrawFn, course: st.SearchStrategy[list[Update]]) -> Delivery:
    stream = draw(course)
    positions = range(len(stream))
    again = draw(st.lists(st.sampled_from(positions), max_size=4))
    return Delivery(stream, draw(st.permutations([*positions, *again])))


@st.composite
def session_course(draw: st.DrawFn) -> list[Update]:
    """A Session from its first PUT on; a PATCH names what is new, a PUT everything there is then."""
    truth = session_data(SESSION_ID, charging_periods=[], last_updated=moment(0))
    stream = [Update("session", "PUT", truth, truth)]
    for step in range(1, draw(st.integers(2, 7))):
        change: dict[str, Any] = {"last_updated": moment(step)}
        if draw(st.booleans()):
            change["kwh"] = step * 1.5
        if draw(st.booleans()):
            change["status"] = draw(st.sampled_from(["ACTIVE", "COMPLETED", "INVALID"]))
        if draw(st.booleans()):
            change["total_cost"] = {"excl_vat": step}
        periods = [period_data(moment(step), ENERGY=step)] if draw(st.booleans()) else []
        whole = draw(st.booleans())
        before = truth["charging_periods"]
        # A PUT replaces: it may also take periods back.
        kept = before[draw(st.integers(0, len(before))) :] if whole else before
        truth = {**truth, **change, "charging_periods": [*kept, *periods]}
        if whole:
            stream.append(Update("session", "PUT", truth, truth))
        else:
            stream.append(
                Update("session", "PATCH", change | ({"charging_periods": periods} if periods else {}), truth)
            )
    return stream


def taken_back() -> Delivery:
    """A PUT takes back the period that a PATCH had added, and the PATCH comes once more."""
    first = session_data(SESSION_ID, charging_periods=[], last_updated=moment(0))
    change = {"last_updated": moment(1), "charging_periods": [period_data(moment(1), ENERGY=1)]}
    last = {**first, "last_updated": moment(2)}
    stream = [
        Update("session", "PUT", first, first),
        Update("session", "PATCH", change, {**first, **change}),
        Update("session", "PUT", last, last),
    ]
    return Delivery(stream, [0, 1, 2, 1])


@st.composite
def evse_course(draw: st.DrawFn) -> list[Update]:
    """A Location with one EVSE: its status, its connector's tariff, its name, in messages of all three levels."""
    truth = location_data(LOCATION_ID, last_updated=moment(0))
    stream = [Update("location", "PUT", truth, truth)]
    for step in range(1, draw(st.integers(2, 7))):
        truth, at = deepcopy(truth), moment(step)
        evse = truth["evses"][0]
        connector = evse["connectors"][0]
        level, method = draw(st.sampled_from(_MESSAGES))
        own: dict[str, Any] = {"location": truth, "evse": evse, "connector": connector}[level]
        changes: dict[str, dict[str, Any]] = {
            "location": {"name": f"Name {step}"},
            "evse": {"status": draw(st.sampled_from(STATUSES))},
            "connector": {"tariff_ids": [f"T-{step}"]},
        }
        change = changes[level]
        own |= change
        for part in (truth, *((evse,) if level != "location" else ()), *((connector,) if level == "connector" else ())):
            part["last_updated"] = at
        body = deepcopy(own) if method == "PUT" else {**change, "last_updated": at}
        stream.append(Update(level, method, body, truth))
    return stream


_MESSAGES = [(level, method) for level in ("location", "evse", "connector") for method in ("PUT", "PATCH")]
session_deliveries = deliveries(session_course())
evse_deliveries = deliveries(evse_course())
