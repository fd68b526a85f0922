"""The same history under any clock of the CPO, constant or jumping, ends in the same states and money (rule 31)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ocpi.models import Evse
from ocpi.sync.refreshing import hand_out_due
from partners import clocks
from partners.models import Policy
from sessions_adhoc.models import AdHocSession
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import BEGINNING, stamp
from tests.sessions_adhoc.looking import gateway, state
from tests.sessions_adhoc.properties.test_engine import forgotten_afterwards
from tests.sessions_adhoc.properties.test_two_streams import HISTORIES, Event, Teller, arrivals
from tests.support.examples import examples

pytestmark = pytest.mark.django_db

STAMPS = ("start_date_time", "end_date_time", "last_updated")
FARTHEST_ZONE = 14
"""Hours: so far local time is from UTC anywhere (Kiribati)."""
HOURS = st.sampled_from([-26, -12, -2, -1, 0, 1, 2, 12, 26])
ODD = st.integers(-26 * 3600, 26 * 3600).map(lambda seconds: seconds / 3600)


@dataclass(frozen=True)
class WrongClock:
    """How many hours the CPO's clock is ahead: `before` it jumps at some second, `after` it; in some streams only."""

    before: float
    after: float
    jumps_at: int
    streams: tuple[str, ...]

    def ahead(self, seconds: float, stream: str) -> timedelta:
        if stream not in self.streams:
            return timedelta(0)
        return timedelta(hours=self.before if seconds < self.jumps_at else self.after)

    @property
    def tells_another_day(self) -> bool:
        """The CDR's times are apart from the Session's by more than any zone: rule 32 holds such a CDR."""
        return abs(self.after) > FARTHEST_ZONE and ("cdr" in self.streams) != ("session" in self.streams)


ALL = ("session", "connector", "cdr", "get")
CONSTANT = st.one_of(HOURS, ODD).map(lambda hours: WrongClock(hours, hours, 0, ALL))
JUMPING = st.builds(WrongClock, HOURS, HOURS, st.integers(0, 90), st.just(ALL))
IN_PART = st.builds(
    lambda hours, streams: WrongClock(hours, hours, 0, tuple(streams)),
    st.one_of(HOURS, st.sampled_from([-FARTHEST_ZONE, FARTHEST_ZONE])),
    st.sets(st.sampled_from(["session", "connector", "cdr", "get"]), min_size=1, max_size=2),
)


@dataclass
class TellerOfAnyTime(Teller):
    """A teller whose clock is wrong."""

    wrong: WrongClock

    def shifted(self, body: dict[str, Any], seconds: float, stream: str) -> dict[str, Any]:
        return {name: self.shown(value, seconds, stream) if name in STAMPS else value for name, value in body.items()}

    def shown(self, value: str, seconds: float, stream: str) -> str:
        """A moment as their clock showed it when it was written down: a Session's start is not written anew after a
        jump, but a CDR is worked out at the end, by one clock."""
        at = datetime.fromisoformat(value)
        then = seconds if stream == "cdr" else min((at - BEGINNING).total_seconds(), seconds)
        return stamp(at + self.wrong.ahead(then, stream))

    def wire(self, event: Event, stream: str = "session") -> dict[str, Any]:
        return self.shifted(super().wire(event), event[0], stream)

    def truth(self, now: datetime) -> list[dict[str, Any]]:
        event = self.history.at((now - BEGINNING).total_seconds())
        return [self.wire(event, "get")] if event else []

    def listed(self, date_from: str, now: datetime) -> list[dict[str, Any]]:
        return [one for one in self.truth(now) if one["last_updated"] >= date_from]

    def cdr_wire(self, event: Event) -> dict[str, Any]:
        body = self.shifted(super().cdr_wire(event), event[0], "cdr")
        return {**body, "charging_periods": [self.shifted(one, event[0], "cdr") for one in body["charging_periods"]]}

    def connector(self, event: Event) -> None:
        said = self.shown(stamp(BEGINNING + timedelta(seconds=event[0])), event[0], "connector")
        change = {"status": event[1], "last_updated": said}
        self.cpo.push("PATCH", "locations/SK/ION/LOC-1/EVSE-1", change, 200)


def play(cpo: Any, driver: Any, clock: Any, name: str, wrong: WrongClock, lags: list[int]) -> None:
    """Each event is pushed, the sweep comes by, and what was refused is asked about."""
    history = HISTORIES[name]
    clocks.forget()
    clock.traveller.move_to(BEGINNING)
    cpo.server.seen.clear()
    Evse.objects.update(last_updated=BEGINNING - timedelta(days=9))
    Policy.objects.create(partner=cpo.partner, auto_retry="never")
    session = driver.start()
    tell = TellerOfAnyTime(cpo, session, history, wrong)
    cpo.server.on("GET /sessions", lambda seen: envelope(tell.listed(seen.query["date_from"], clock.now())))
    news = arrivals(history.sessions, lags, "session") + arrivals(history.connector, lags[::-1], "connector")
    if history.cdr_kwh:
        news.append((history.sessions[-1][0] + 40, "cdr", history.sessions[-1]))
    for seconds, stream, event in sorted(news):
        forward(clock, BEGINNING + timedelta(seconds=seconds))
        getattr(tell, stream)(event)
    forward(clock, clock.now() + timedelta(minutes=10))
    came_to = (state(session)[0], gateway(session)[1])
    reason = AdHocSession.objects.get(pk=session.pk).reason
    if wrong.tells_another_day and history.comes_to[1] and reason == "cdr_times":
        assert (*came_to, gateway(session)[0]) == ("escalated", 0, "reserved")
    else:
        assert came_to == history.comes_to, reason


def forward(clock: Any, until: datetime) -> None:
    while clock.now() < until:
        clock.forward(seconds=min((until - clock.now()).total_seconds(), 16))
        hand_out_due(clock.now())
        clock.run_tasks()


@examples(2)
@given(
    name=st.sampled_from(sorted(HISTORIES)), wrong=CONSTANT, lags=st.lists(st.integers(0, 5), min_size=5, max_size=5)
)
def test_a_constant_clock(cpo: Any, driver: Any, clock: Any, name: str, wrong: WrongClock, lags: list[int]) -> None:
    with forgotten_afterwards():
        play(cpo, driver, clock, name, wrong, lags)


@examples(2)
@given(name=st.sampled_from(sorted(HISTORIES)), wrong=st.one_of(JUMPING, IN_PART))
@example("CHARGE", WrongClock(-26, -26, 0, ("cdr",)))
def test_a_clock_that_jumps_or_is_wrong_in_part(
    cpo: Any, driver: Any, clock: Any, name: str, wrong: WrongClock
) -> None:
    with forgotten_afterwards():
        play(cpo, driver, clock, name, wrong, [0] * 5)
