"""The two streams of one history overtake each other: no order of them changes who is billed what (rules 13, 15).

What happens at the charger has moments; what is pushed of it comes later, each stream in its own order. GET tells the
truth of the moment in which it is asked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.models import Policy
from sessions_adhoc.models import AdHocSession
from tests.factories import cdr_data, period_data, session_data
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import BEGINNING, stamp
from tests.sessions_adhoc.looking import gateway, state
from tests.sessions_adhoc.properties.test_engine import forgotten_afterwards
from tests.support.examples import examples

pytestmark = pytest.mark.django_db

Event = tuple[int, str, float]
"""Seconds after the START, status, kWh (of a Session)."""


@dataclass(frozen=True)
class History:
    """What happened at the charger, and what must come of it: state and cents."""

    sessions: tuple[Event, ...]
    connector: tuple[Event, ...]
    cdr_kwh: float
    comes_to: tuple[str, int]

    def at(self, seconds: float) -> Event | None:
        """The Session as it truly is."""
        return next((event for event in reversed(self.sessions) if event[0] <= seconds), None)


CHARGE = History(
    ((5, "PENDING", 0), (10, "ACTIVE", 0), (40, "ACTIVE", 2), (70, "ACTIVE", 4), (90, "COMPLETED", 5)),
    ((8, "BLOCKED", 0), (12, "CHARGING", 0), (90, "AVAILABLE", 0)),
    5,
    ("settled", 301),
)
SHORT = History(
    ((5, "ACTIVE", 0), (20, "COMPLETED", 3)), ((6, "CHARGING", 0), (20, "AVAILABLE", 0)), 3, ("settled", 181)
)
FLAPPING = History(
    ((5, "ACTIVE", 0), (12, "ACTIVE", 1), (30, "ACTIVE", 9), (60, "COMPLETED", 9)),
    ((6, "CHARGING", 0), (15, "AVAILABLE", 0), (18, "CHARGING", 0), (60, "BLOCKED", 0)),
    9,
    ("settled", 542),
)
WITHOUT_ENERGY = History(
    ((5, "ACTIVE", 0), (30, "COMPLETED", 0)), ((6, "CHARGING", 0), (28, "BLOCKED", 0)), 0, ("failed", 0)
)
FIRST_VALUE = History(
    ((10, "ACTIVE", 2), (40, "COMPLETED", 2)), ((9, "CHARGING", 0), (40, "BLOCKED", 0)), 2, ("settled", 120)
)
HISTORIES = {"CHARGE": CHARGE, "SHORT": SHORT, "FLAPPING": FLAPPING, "WITHOUT": WITHOUT_ENERGY, "FIRST": FIRST_VALUE}
LAGS = st.lists(st.integers(0, 20), min_size=5, max_size=5)


def arrivals(events: tuple[Event, ...], lags: list[int], stream: str) -> list[tuple[int, str, Event]]:
    """When each event of a stream is pushed: late, but never before the one that it follows."""
    told, latest = [], 0
    for event, lag in zip(events, lags, strict=False):
        latest = max(latest, event[0] + lag)
        told.append((latest, stream, event))
    return told


@examples(3)
@given(
    name=st.sampled_from(sorted(HISTORIES)),
    sessions=LAGS,
    connector=LAGS,
    cdr_lag=st.integers(0, 60),
    tie=st.booleans(),
)
def test_no_order_of_the_streams_changes_who_is_billed_what(
    cpo: Any, driver: Any, clock: Any, name: str, sessions: list[int], connector: list[int], cdr_lag: int, tie: bool
) -> None:
    history = HISTORIES[name]
    with forgotten_afterwards():
        clock.traveller.move_to(BEGINNING)
        cpo.server.seen.clear()
        Policy.objects.create(partner=cpo.partner, auto_retry="never")
        session = driver.start()
        news = arrivals(history.sessions, sessions, "session") + arrivals(history.connector, connector, "connector")
        if history.cdr_kwh:
            news.append((history.sessions[-1][0] + cdr_lag, "cdr", history.sessions[-1]))
        tell = Teller(cpo, session, history)
        cpo.server.on("GET /sessions", lambda _seen: envelope(tell.truth(clock.now())))
        for seconds, stream, event in sorted(news, key=lambda one: (one[0], (one[1] == "session") == tie)):
            clock.forward(seconds=max((BEGINNING + timedelta(seconds=seconds) - clock.now()).total_seconds(), 0))
            getattr(tell, stream)(event)
        clock.forward(minutes=3)
        came_to = (state(session)[0], gateway(session)[1])
        assert came_to == history.comes_to, AdHocSession.objects.get(pk=session.pk).reason


@dataclass
class Teller:
    """The CPO's pushes and answers about one history."""

    cpo: Any
    of: AdHocSession
    history: History

    def wire(self, event: Event) -> dict[str, Any]:
        start = self.cpo.sent("START_SESSION")[-1].body
        seconds, status, kwh = event
        at = stamp(BEGINNING + timedelta(seconds=seconds))
        body = session_data("S-1", kwh=kwh, status=status, authorization_reference=start["authorization_reference"])
        body |= {"cdr_token": self.token(), "start_date_time": self.began(), "last_updated": at}
        return {**body, **({"end_date_time": at} if status == "COMPLETED" else {})}

    def token(self) -> dict[str, str]:
        return {**session_data()["cdr_token"], "uid": self.of.token.uid}

    def began(self) -> str:
        return stamp(BEGINNING + timedelta(seconds=self.history.sessions[0][0]))

    def truth(self, now: datetime) -> list[dict[str, Any]]:
        event = self.history.at((now - BEGINNING).total_seconds())
        return [self.wire(event)] if event else []

    def session(self, event: Event) -> None:
        self.cpo.push("PUT", "sessions/SK/ION/S-1", self.wire(event), None)

    def connector(self, event: Event) -> None:
        change = {"status": event[1], "last_updated": stamp(BEGINNING + timedelta(seconds=event[0]))}
        self.cpo.push("PATCH", "locations/SK/ION/LOC-1/EVSE-1", change, 200)

    def cdr(self, event: Event) -> None:
        self.cpo.push("POST", "cdrs", self.cdr_wire(event), None)

    def cdr_wire(self, event: Event) -> dict[str, Any]:
        kwh, total = self.history.cdr_kwh, self.history.comes_to[1] / 100
        return cdr_data(
            "CDR-1",
            session_id="S-1",
            authorization_reference=self.cpo.sent("START_SESSION")[-1].body["authorization_reference"],
            cdr_token=self.token(),
            total_cost={"excl_vat": round(total / 1.23, 2), "incl_vat": total},
            total_energy=kwh,
            charging_periods=[period_data(self.began(), ENERGY=kwh)],
            start_date_time=self.began(),
            end_date_time=stamp(BEGINNING + timedelta(seconds=event[0])),
            last_updated=stamp(BEGINNING + timedelta(seconds=event[0])),
        )
