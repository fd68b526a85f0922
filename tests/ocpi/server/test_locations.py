"""Locations, EVSEs and connectors over HTTP."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ocpi.models import Connector, Evse, Location
from tests.factories import connector_data, evse_data, location_data, without
from tests.ocpi.server.conftest import Cpo, answered, last_message

LOCATION = "locations/SK/ION/LOC-1"
EVSE = f"{LOCATION}/EVSE-1"
CONNECTOR = f"{EVSE}/1"
LATER, STILL_LATER = "2026-11-22T10:05:00Z", "2026-11-22T10:06:00Z"
EARLIER = "2026-11-22T09:59:00Z"


@pytest.fixture
def stored(cpo: Cpo) -> Location:
    answered(cpo.put(LOCATION, location_data()), 201, 1000)
    return Location.objects.get()


def test_it_stores_a_location_with_its_parts(cpo: Cpo, stored: Location) -> None:
    data = location_data()
    evse, connector = Evse.objects.get(), Connector.objects.get()
    assert stored.raw == without(data, "evses")
    assert evse.raw == without(data["evses"][0], "connectors")
    assert connector.raw == data["evses"][0]["connectors"][0]
    assert (stored.name, str(stored.latitude), stored.publish) == ("Station", "48.1485980", True)
    assert (evse.uid, evse.status, evse.evse_id, evse.partner) == (
        "EVSE-1",
        "AVAILABLE",
        "SK*ION*EEVSE-1",
        cpo.partner,
    )
    assert (connector.max_kw, connector.tariff_ids, connector.is_dc) == (Decimal(150), ["T-1"], True)


@pytest.mark.parametrize(
    ("path", "data"), [(LOCATION, location_data()), (EVSE, evse_data()), (CONNECTOR, connector_data())]
)
def test_it_gives_back_what_it_got(cpo: Cpo, stored: Location, path: str, data: Any) -> None:
    assert answered(cpo.get(path), 200, 1000) == data


@pytest.mark.parametrize("path", [LOCATION, EVSE, CONNECTOR])
def test_what_is_not_there_is_an_unknown_location(cpo: Cpo, path: str) -> None:
    answered(cpo.get(path), 404, 2003)


def test_a_status_patch_reaches_the_evse_and_its_parents(cpo: Cpo, stored: Location) -> None:
    answered(cpo.patch(EVSE, {"status": "CHARGING", "last_updated": LATER}), 200, 1000)
    evse = Evse.objects.get()
    moment = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
    assert (evse.status, evse.last_updated) == ("CHARGING", moment)
    assert Location.objects.get().last_updated == moment
    answer = answered(cpo.get(LOCATION), 200, 1000)
    assert answer["last_updated"] == LATER
    assert answer["evses"][0]["status"] == "CHARGING"
    assert Connector.objects.get().raw == connector_data()


def test_preparing_is_kept_as_blocked(cpo: Cpo, stored: Location) -> None:
    answered(cpo.patch(EVSE, {"status": "PREPARING", "last_updated": LATER}), 200, 1000)
    evse = Evse.objects.get()
    assert (evse.status, evse.status_received) == ("BLOCKED", "PREPARING")
    assert last_message().leniences[0]["path"] == "status"


def test_an_older_status_changes_nothing(cpo: Cpo, stored: Location) -> None:
    answered(cpo.patch(EVSE, {"status": "CHARGING", "last_updated": EARLIER}), 200, 1000, "Older")
    assert Evse.objects.get().status == "AVAILABLE"
    assert Location.objects.get().last_updated == stored.last_updated


def test_an_equal_moment_counts_as_newest(cpo: Cpo, stored: Location) -> None:
    cpo.patch(EVSE, {"status": "CHARGING", "last_updated": "2026-11-22T10:00:00Z"})
    assert Evse.objects.get().status == "CHARGING"


def test_an_older_location_changes_nothing(cpo: Cpo, stored: Location) -> None:
    cpo.patch(EVSE, {"status": "CHARGING", "last_updated": LATER})
    data = location_data(name="Renamed", last_updated="2026-11-22T10:04:00Z")
    answered(cpo.put(LOCATION, data), 200, 1000, "Older")
    assert Location.objects.get().name == "Station"
    assert Evse.objects.get().status == "CHARGING"


def test_a_newer_location_does_not_bring_back_an_older_evse(cpo: Cpo, stored: Location) -> None:
    cpo.patch(EVSE, {"status": "CHARGING", "last_updated": LATER})
    answered(cpo.put(LOCATION, location_data(name="Renamed", last_updated=STILL_LATER)), 200, 1000)
    assert Location.objects.get().name == "Renamed"
    assert Evse.objects.get().status == "CHARGING"


def test_evses_left_out_of_a_location_are_removed(cpo: Cpo, stored: Location) -> None:
    data = location_data(evses=[evse_data("EVSE-2")], last_updated=LATER)
    answered(cpo.put(LOCATION, data), 200, 1000)
    assert dict(Evse.objects.values_list("uid", "status")) == {"EVSE-1": "REMOVED", "EVSE-2": "AVAILABLE"}
    answer = answered(cpo.get(LOCATION), 200, 1000)
    assert [evse["status"] for evse in answer["evses"]] == ["REMOVED", "AVAILABLE"]


def test_a_location_without_a_list_keeps_its_evses(cpo: Cpo, stored: Location) -> None:
    cpo.put(LOCATION, without(location_data(last_updated=LATER), "evses"))
    assert Evse.objects.get().status == "AVAILABLE"


def test_a_location_patch_changes_what_it_names(cpo: Cpo, stored: Location) -> None:
    answered(cpo.patch(LOCATION, {"name": "Renamed", "last_updated": LATER}), 200, 1000)
    row = Location.objects.get()
    assert row.raw == without(location_data(name="Renamed", last_updated=LATER), "evses")
    assert (row.name, Evse.objects.get().status) == ("Renamed", "AVAILABLE")


def test_a_location_patch_merges_evses_by_uid(cpo: Cpo, stored: Location) -> None:
    change = {
        "evses": [{"uid": "evse-1", "status": "CHARGING", "last_updated": LATER}, evse_data("EVSE-2")],
        "last_updated": LATER,
    }
    answered(cpo.patch(LOCATION, change), 200, 1000)
    assert dict(Evse.objects.values_list("uid_key", "status")) == {
        "evse-1": "CHARGING",
        "evse-2": "AVAILABLE",
    }
    assert Connector.objects.count() == 2


def test_an_evse_is_added(cpo: Cpo, stored: Location) -> None:
    data = evse_data("EVSE-2", last_updated=LATER)
    answered(cpo.put(f"{LOCATION}/EVSE-2", data), 201, 1000)
    assert answered(cpo.get(LOCATION), 200, 1000) == location_data(evses=[evse_data(), data], last_updated=LATER)


def test_an_evse_put_replaces_its_connectors(cpo: Cpo, stored: Location) -> None:
    connectors = [connector_data("2"), connector_data("3")]
    answered(cpo.put(EVSE, evse_data(connectors=connectors, last_updated=LATER)), 200, 1000)
    assert [row.connector_id for row in Connector.objects.all()] == ["2", "3"]


def test_a_connector_put_raises_its_parents(cpo: Cpo, stored: Location) -> None:
    data = connector_data(tariff_ids=["T-2"], last_updated=LATER)
    answered(cpo.put(CONNECTOR, data), 200, 1000)
    assert Connector.objects.get().tariff_ids == ["T-2"]
    evse = answered(cpo.get(EVSE), 200, 1000)
    assert (evse["last_updated"], evse["connectors"]) == (LATER, [data])
    assert answered(cpo.get(LOCATION), 200, 1000)["last_updated"] == LATER
    assert Evse.objects.get().status == "AVAILABLE"


def test_a_connector_is_added_and_patched(cpo: Cpo, stored: Location) -> None:
    answered(cpo.put(f"{EVSE}/2", connector_data("2")), 201, 1000)
    answered(cpo.patch(f"{EVSE}/2", {"tariff_ids": ["T-9"], "last_updated": LATER}), 200, 1000)
    assert Connector.objects.get(connector_id="2").tariff_ids == ["T-9"]
    assert Connector.objects.get(connector_id="1").tariff_ids == ["T-1"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", LOCATION, {"name": "x", "last_updated": LATER}),
        ("PUT", EVSE, evse_data()),
        ("PATCH", EVSE, {"status": "CHARGING", "last_updated": LATER}),
        ("PUT", CONNECTOR, connector_data()),
        ("PATCH", CONNECTOR, {"tariff_ids": [], "last_updated": LATER}),
    ],
)
def test_parts_of_an_unknown_location_are_refused(cpo: Cpo, method: str, path: str, body: Any) -> None:
    answered(cpo.call(method, path, body), 404, 2003, "PUT")
    assert not Location.objects.exists()
    assert not Evse.objects.exists()


@pytest.mark.parametrize(
    ("path", "body", "fault"),
    [
        (LOCATION, location_data("LOC-2"), "id"),
        (LOCATION, location_data(party_id="XXX"), "party_id"),
        (EVSE, evse_data("EVSE-9"), "uid"),
        (CONNECTOR, connector_data("9"), "id"),
    ],
)
def test_objects_under_another_url_are_refused_by_path(
    cpo: Cpo, stored: Location, path: str, body: Any, fault: str
) -> None:
    answered(cpo.put(path, body), 200, 2001, fault)
    assert answered(cpo.get(LOCATION), 200, 1000) == location_data()


@pytest.mark.usefixtures("nobody_listens")
def test_a_location_of_twenty_evses_takes_as_many_queries_as_one_of_two(
    cpo: Cpo, django_assert_max_num_queries: Any
) -> None:
    for count, moment in ((2, "2026-11-22T10:00:00Z"), (20, LATER), (20, STILL_LATER)):
        evses = [evse_data(f"E{n}", last_updated=moment) for n in range(count)]
        with django_assert_max_num_queries(20):
            cpo.put(LOCATION, location_data(evses=evses, last_updated=moment))
    assert Evse.objects.count() == 20
