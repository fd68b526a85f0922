"""A list that brings what is stored costs no write; whatever differs is taken as if nothing had been compared."""

import copy
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from ocpi import store, sync
from ocpi.models import Cdr, Connector, Evse, Location, Tariff
from ocpi.store import Party
from ocpi.store.comparing import find_stored
from ocpi.sync.paging import Page
from ocpi.sync.storing import Storing
from ocpi.versions import VERSIONS
from partners.models import Partner
from tests.factories import cdr_data, connector_data, evse_data, location_data, tariff_data
from tests.ocpi.cpo import ScriptedCpo
from tests.ocpi.sync.conftest import paged
from tests.support.examples import examples

pytestmark = pytest.mark.django_db
V221 = VERSIONS["2.2.1"]
BEFORE, THEN, LATER = "2026-11-22T10:00:00Z", "2026-11-22T10:05:00Z", "2026-11-22T10:10:00Z"


def network() -> list[dict[str, Any]]:
    plugs = [connector_data("1"), connector_data("2")]
    return [
        location_data("L1", evses=[evse_data("A", connectors=plugs), evse_data("B")]),
        location_data("L2", evses=[evse_data("C", status="REMOVED"), evse_data("D")]),
        {name: value for name, value in location_data("L3").items() if name != "evses"},
    ]


def writes(queries: CaptureQueriesContext) -> list[str]:
    """Statements that change what is pulled."""
    tables = [model._meta.db_table for model in (Location, Evse, Connector, Tariff, Cdr)]
    texts = [query["sql"] for query in queries.captured_queries]
    changing = [one for one in texts if one.startswith(("INSERT", "UPDATE", "DELETE"))]
    return [one for one in changing if any(table in one for table in tables)]


@pytest.mark.parametrize(
    ("module", "items"),
    [
        ("locations", network()),
        ("tariffs", [tariff_data("T1"), tariff_data("T2")]),
        ("cdrs", [cdr_data("C1"), cdr_data("C2")]),
    ],
)
def test_the_second_pull_reads_and_writes_nothing_of_what_is_stored(
    cpo: ScriptedCpo, partner: Partner, module: str, items: list[dict[str, Any]]
) -> None:
    paged(cpo, module, items, size=100)
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            request = sync.request_sync(partner, module)
            run = sync.run(request.pk)
        assert run is not None
        assert (run.state, run.received, run.stored, run.refused) == ("succeeded", len(items), len(items), 0)
    assert writes(queries) == []
    locked = [query["sql"] for query in queries.captured_queries if "FOR UPDATE" in query["sql"]]
    assert [one for one in locked if "ocpi_location" in one] == []


def changed(items: list[dict[str, Any]], where: tuple[int, str], value: Any) -> list[dict[str, Any]]:
    """The list with one thing in it changed: of a location, its first EVSE, or the first connector of that."""
    items = copy.deepcopy(items)
    number, path = where
    *parents, name = path.split(".")
    target = items[number]
    for parent in parents:
        target = target[parent][0]
    target[name] = value
    return items


CHANGES = st.sampled_from(
    [
        (0, "name", "Another"),
        (0, "last_updated", LATER),
        (0, "evses", []),
        (0, "evses", None),
        (0, "evses.status", "CHARGING"),
        (0, "evses.last_updated", LATER),
        (0, "evses.uid", "a"),
        (0, "evses.floor_level", "-1"),
        (0, "evses.connectors", []),
        (0, "evses.connectors.id", "9"),
        (0, "evses.connectors.max_voltage", 400),
        (0, "evses.connectors.last_updated", LATER),
        (1, "evses", [evse_data("D")]),
        (1, "evses", [evse_data("D"), evse_data("C", status="REMOVED")]),
        (1, "evses.status", "AVAILABLE"),
        (2, "evses", [evse_data("E")]),
        (2, "coordinates", {"latitude": "1.0", "longitude": "2.0"}),
        (2, "id", "l3"),
        (1, "unknown", True),
    ]
)
PUSHES = st.sampled_from(
    [
        ("evse", "L1", "A", {"status": "CHARGING", "last_updated": THEN}),
        ("evse", "L1", "A", {"status": "AVAILABLE", "last_updated": THEN}),
        ("evse", "L2", "D", {"status": "REMOVED", "last_updated": THEN}),
        ("evse", "L1", "B", {"floor_level": "2", "last_updated": BEFORE}),
        ("connector", "L1", "A", {"max_voltage": 400, "last_updated": THEN}),
        ("location", "L1", "", {"name": "Pushed", "last_updated": THEN}),
        ("location", "L3", "", {"name": "Pushed", "last_updated": THEN}),
    ]
)


def push(party: Party, kind: str, location_id: str, uid: str, change: dict[str, Any]) -> None:
    if kind == "evse":
        store.patch_evse(party, location_id, uid, change)
    elif kind == "connector":
        store.patch_connector(party, location_id, uid, "1", change)
    else:
        store.patch_location(party, location_id, change)


def rows(partner: Partner) -> list[list[Any]]:
    """All that is stored of the network, but for keys, and moments of ours."""
    ours = ("id", "partner_id", "location_id", "evse_id", "code", "created_at", "updated_at", "arrived_at")
    found = [
        Location.objects.filter(partner=partner).order_by("ocpi_key"),
        Evse.objects.filter(partner=partner).order_by("location__ocpi_key", "uid_key"),
        Connector.objects.filter(evse__partner=partner).order_by("evse__uid_key", "connector_key"),
    ]
    return [
        [{name: value for name, value in row.items() if name not in ours} for row in some.values()] for some in found
    ]


def pull(partner: Partner, items: list[Any]) -> Storing:
    storing = Storing(partner, "locations")
    storing.store(Page(items=items, message_id=None, total=None, asked=timezone.now()))
    return storing


@examples(40)
@given(
    pushes=st.lists(PUSHES, max_size=3),
    changes=st.lists(CHANGES, max_size=2),
    missing=st.booleans(),
)
def test_a_pull_ends_as_if_nothing_had_been_compared(
    partner: Partner, pushes: list[Any], changes: list[Any], missing: bool
) -> None:
    party, items = Party(partner, "SK", "ION", V221), network()
    for number, path, value in changes:
        items = changed(items, (number, path), value) if _is_there(items, number, path) else items

    def compare() -> None:
        assert pull(partner, items).tally.stored == len(items)

    def read_all() -> None:
        for item in items:
            store.put_location(party, None, item, asked=timezone.now())

    came_to = []
    for take in (compare, read_all):
        with transaction.atomic():
            begin(party, pushes, missing)
            take()
            came_to.append(rows(partner))
            transaction.set_rollback(True)
    assert came_to[0] == came_to[1]


def begin(party: Party, pushes: list[Any], missing: bool) -> None:
    """What was pulled a minute ago, and pushed since."""
    for item in network():
        store.put_location(party, None, item, asked=timezone.now() - timedelta(minutes=1))
    for change in pushes:
        push(party, *change)
    if missing:
        Location.objects.filter(ocpi_id="L2").update(missing_since=timezone.now())


def _is_there(items: list[dict[str, Any]], number: int, path: str) -> bool:
    target: Any = items[number]
    for parent in path.split(".")[:-1]:
        if not target.get(parent):
            return False
        target = target[parent][0]
    return True


def test_an_object_that_comes_twice_is_read_both_times(partner: Partner) -> None:
    first = location_data("L1")
    pull(partner, [first])
    pull(partner, [location_data("L1", name="Changed"), first])
    assert Location.objects.get().name == first["name"]


def test_what_was_left_out_is_read_again(partner: Partner) -> None:
    """It may be readable by now, and it is told again what is wrong."""
    broken = location_data("L1", evses=[evse_data("A"), {**evse_data("B"), "status": 7, "uid": 9}])
    for _ in range(2):
        assert pull(partner, [broken]).tally.faults != []


def test_only_some_modules_are_compared(partner: Partner) -> None:
    assert find_stored("sessions", partner, V221, {("SK", "ION", "s-1"): {"id": "S-1"}}) is None


@pytest.mark.parametrize("count", [1, 2, 40])
def test_new_locations_take_the_same_statements_however_many_they_are(partner: Partner, count: int) -> None:
    evses = [evse_data("A", connectors=[connector_data("1"), connector_data("2")]), evse_data("B")]
    with CaptureQueriesContext(connection) as queries:
        storing = pull(partner, [location_data(f"L{number}", evses=evses) for number in range(count)])
    assert (storing.tally.stored, storing.tally.refused) == (count, 0)
    assert (Location.objects.count(), Evse.objects.count(), Connector.objects.count()) == (count, 2 * count, 3 * count)
    assert len(writes(queries)) == 3


def test_a_bad_one_among_new_ones_spoils_only_itself(partner: Partner) -> None:
    """Each as if it had come alone: one that cannot be read, one of which a part falls, one that fits no column."""
    too_long = location_data("L" * 300)
    partly = location_data("L3", evses=[evse_data("A"), {"uid": "B"}])
    storing = pull(partner, [location_data("L1"), {"id": "L2"}, partly, too_long, location_data("L4"), "L5"])
    assert list(Location.objects.order_by("ocpi_id").values_list("ocpi_id", flat=True)) == ["L1", "L3", "L4"]
    assert [evse.uid for evse in Evse.objects.filter(location__ocpi_id="L3")] == ["A"]
    assert (storing.tally.stored, storing.tally.refused, storing.tally.received) == (3, 3, 6)
    assert [one["id"] for one in storing.tally.faults] == ["L2", "L3", "L" * 255, ""]


@examples(20)
@given(changes=st.lists(CHANGES, max_size=3), there=st.sets(st.integers(0, 2)))
def test_new_ones_end_as_if_each_had_come_alone(partner: Partner, changes: list[Any], there: set[int]) -> None:
    party, items = Party(partner, "SK", "ION", V221), network()
    for number, path, value in changes:
        items = changed(items, (number, path), value) if _is_there(items, number, path) else items

    def together() -> None:
        pull(partner, items)

    def alone() -> None:
        for item in items:
            store.put_location(party, None, item, asked=timezone.now())

    came_to = []
    for take in (together, alone):
        with transaction.atomic():
            for number in there:
                store.put_location(party, None, network()[number], asked=timezone.now() - timedelta(minutes=1))
            take()
            came_to.append(rows(partner))
            transaction.set_rollback(True)
    assert came_to[0] == came_to[1]
