"""The order of a partner's news: no stamp shuts out what comes later, a constant clock keeps its order (rule 31)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from ocpi import store
from ocpi.models import Connector, Evse, Location, OcpiSession, Refresh, Tariff
from ocpi.store import Party, stamps
from ocpi.store.stamps import Stamp
from tests.factories import evse_data, location_data, session_data, tariff_data

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OFFSETS = st.integers(-26 * 3600, 26 * 3600).map(lambda seconds: timedelta(seconds=seconds))
SECONDS = st.integers(0, 7200).map(lambda seconds: timedelta(seconds=seconds))


def wire(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@given(OFFSETS, SECONDS, SECONDS)
def test_a_constant_clock_keeps_its_order(offset: timedelta, first: timedelta, later: timedelta) -> None:
    one = Stamp(NOON + first + offset, NOON + first)
    two = Stamp(NOON + first + later + offset, NOON + first + later)
    assert not stamps.older(two, one)
    assert stamps.older(one, two) == (later > timedelta(0))


@given(OFFSETS.filter(lambda offset: offset > timedelta(0)), SECONDS)
def test_no_stamp_shuts_out_a_right_one_that_comes_later(ahead: timedelta, later: timedelta) -> None:
    row = Location(last_updated=NOON + ahead, arrived_at=NOON)
    right = Stamp(NOON + later, NOON + later)
    if ahead > stamps.AHEAD:
        assert not stamps.is_outdated(right, row)


@given(OFFSETS, OFFSETS)
def test_what_a_get_brings_wins_over_all_that_was_there(stored: timedelta, brought: timedelta) -> None:
    row = Location(last_updated=NOON + stored, arrived_at=NOON)
    assert not stamps.is_outdated(stamps.pull_stamp(NOON + brought, NOON), row)


@given(st.lists(st.tuples(OFFSETS, SECONDS), min_size=3, max_size=3))
def test_of_two_one_is_older_at_most(many: list[tuple[timedelta, timedelta]]) -> None:
    one, two, _three = [Stamp(NOON + offset, NOON + at) for offset, at in many]
    assert not (stamps.older(one, two) and stamps.older(two, one))


Push = Callable[[Party, datetime, str], Any]


def session(party: Party, stamp: datetime, value: str) -> Any:
    return store.put_session(party, "S-1", session_data(kwh=float(value), last_updated=wire(stamp)))


def session_patch(party: Party, stamp: datetime, value: str) -> Any:
    return store.patch_session(party, "S-1", {"kwh": float(value), "last_updated": wire(stamp)})


def evse(party: Party, stamp: datetime, value: str) -> Any:
    return store.put_evse(party, "LOC-1", "EVSE-1", evse_data(evse_id=f"SK*ION*E{value}", last_updated=wire(stamp)))


def evse_patch(party: Party, stamp: datetime, value: str) -> Any:
    change = {"evse_id": f"SK*ION*E{value}", "last_updated": wire(stamp)}
    return store.patch_evse(party, "LOC-1", "EVSE-1", change)


def connector(party: Party, stamp: datetime, value: str) -> Any:
    change = {"tariff_ids": [value], "last_updated": wire(stamp)}
    return store.patch_connector(party, "LOC-1", "EVSE-1", "1", change)


def location(party: Party, stamp: datetime, value: str) -> Any:
    return store.patch_location(party, "LOC-1", {"name": value, "last_updated": wire(stamp)})


def tariff(party: Party, stamp: datetime, value: str) -> Any:
    body = tariff_data("T-1", tariff_alt_text=[{"language": "en", "text": value}], last_updated=wire(stamp))
    return store.put_tariff(party, "T-1", body)


def value_of(push: Push) -> str:
    """What the update that counts said."""
    read: dict[Push, Callable[[], str]] = {
        session: lambda: f"{OcpiSession.objects.get().kwh.normalize():f}",
        session_patch: lambda: f"{OcpiSession.objects.get().kwh.normalize():f}",
        evse: lambda: Evse.objects.get().evse_id.removeprefix("SK*ION*E"),
        evse_patch: lambda: Evse.objects.get().evse_id.removeprefix("SK*ION*E"),
        connector: lambda: Connector.objects.get().tariff_ids[0],
        location: lambda: Location.objects.get().name,
        tariff: lambda: Tariff.objects.get().raw["tariff_alt_text"][0]["text"],
    }
    return read[push]()


PUSHES = [session, session_patch, evse, evse_patch, connector, location, tariff]
every_way = pytest.mark.parametrize("push", PUSHES, ids=lambda push: push.__name__)


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def stored(party: Party, clock: Any) -> None:
    """Everything is there, and as old as can be."""
    old = wire(NOON - timedelta(days=30))
    one = evse_data(last_updated=old, connectors=[{**evse_data()["connectors"][0], "last_updated": old}])
    store.put_location(party, "LOC-1", location_data(evses=[one], last_updated=old))
    store.put_session(party, "S-1", session_data(kwh=0, last_updated=old))
    Refresh.objects.all().delete()


@every_way
@pytest.mark.parametrize("hours", [1, 2, 25])
@pytest.mark.usefixtures("stored")
def test_one_update_from_the_future_shuts_out_none_that_comes_later(
    party: Party, clock: Any, push: Push, hours: int
) -> None:
    push(party, NOON + timedelta(hours=hours), "1")
    for number in (2, 3):
        clock.shift(timedelta(seconds=10))
        at = NOON + timedelta(seconds=10 * (number - 1))
        assert not push(party, at, str(number)).stale
        assert value_of(push) == str(number)
    if push is not session and push is not session_patch:
        return
    # What was sent before the last one is older all the same.
    assert push(party, NOON + timedelta(seconds=15), "2.5").stale


@every_way
@pytest.mark.parametrize("hours", [-26, -1, 0, 1, 26])
@pytest.mark.usefixtures("stored")
def test_a_clock_that_is_constantly_wrong_keeps_its_order(party: Party, clock: Any, push: Push, hours: int) -> None:
    theirs = NOON + timedelta(hours=hours)
    clock.shift(timedelta(seconds=20))
    push(party, theirs + timedelta(seconds=20), "3")
    clock.shift(timedelta(seconds=5))
    assert push(party, theirs, "2").stale
    assert value_of(push) == "3"


@every_way
@pytest.mark.usefixtures("stored")
def test_a_stamp_from_the_past_does_not_count_against_our_clock(party: Party, push: Push) -> None:
    assert not push(party, NOON - timedelta(hours=26), "1").stale
    assert value_of(push) == "1"


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("hours", [-26, -1, 2, 26])
def test_a_get_wins_over_what_had_arrived_when_it_was_sent(party: Party, clock: Any, hours: int) -> None:
    session(party, NOON + timedelta(hours=hours), "5")
    clock.shift(timedelta(seconds=10))
    asked = NOON + timedelta(seconds=10)
    clock.shift(timedelta(seconds=3))
    body = session_data(kwh=6, last_updated=wire(NOON - timedelta(hours=30)))
    assert not store.put_session(party, None, body, source="GET", asked=asked).stale
    assert value_of(session) == "6"
    # The next push is compared with what the GET brought.
    assert not session(party, NOON - timedelta(hours=29), "7").stale


@pytest.mark.usefixtures("stored")
def test_a_push_that_came_while_a_get_was_under_way_is_compared_with_it(party: Party, clock: Any) -> None:
    asked = NOON
    clock.shift(timedelta(seconds=2))
    session(party, NOON + timedelta(seconds=2), "5")
    body = session_data(kwh=4, last_updated=wire(NOON - timedelta(seconds=20)))
    assert store.put_session(party, None, body, source="GET", asked=asked).stale
    assert value_of(session) == "5"


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("change", [{"kwh": 9}, {"status": "COMPLETED"}])
def test_a_push_that_is_refused_but_would_be_progress_asks_for_a_get(
    party: Party, clock: Any, change: dict[str, Any]
) -> None:
    """The clock jumped back: by its stamps all that comes is old."""
    session(party, NOON, "5")
    store.put_session(party, "S-1", session_data(kwh=5, last_updated=wire(NOON)))
    for number in range(3):
        clock.shift(timedelta(seconds=10))
        body = session_data(**{"kwh": 5, **change}, last_updated=wire(NOON - timedelta(hours=1, seconds=-number)))
        assert store.put_session(party, "S-1", body).stale
    asked = Refresh.objects.get()
    assert (asked.module, asked.ocpi_id) == ("sessions", "S-1")
    assert asked.since <= NOON - timedelta(hours=1)
    assert OcpiSession.objects.get().needs_pull


@pytest.mark.usefixtures("stored")
def test_what_would_be_no_progress_under_another_clock_is_not_taken_over_but_asked_about(
    party: Party, clock: Any
) -> None:
    """Under a clock that is ahead, a message that was delayed looks like one of another clock."""
    clock.shift(timedelta(minutes=10))
    session(party, NOON + timedelta(minutes=10, hours=1), "5")
    late = session_data(kwh=4, last_updated=wire(NOON + timedelta(hours=1)))
    assert store.put_session(party, "S-1", late).stale
    assert value_of(session) == "5"
    assert Refresh.objects.filter(module="sessions").exists()
