"""A Location is taken as far as it is valid: a fault in one place hides no charger, and a status always gets through.

By PUT, PATCH and pull alike: what fell is told to the CPO with the answer, and to staff beside the object.
"""

from typing import Any

import pytest

from ocpi.models import Connector, Evse, Location
from ocpi.store import Party, put_location
from ocpi.versions import VERSIONS
from tests.factories import connector_data, evse_data, location_data, without
from tests.ocpi.server.conftest import Cpo, answered, last_message

URL, EVSE, CONNECTOR = "locations/SK/ION/LOC-1", "locations/SK/ION/LOC-1/EVSE-1", "locations/SK/ION/LOC-1/EVSE-1/1"
LATER, STILL_LATER = "2026-11-22T10:05:00Z", "2026-11-22T10:06:00Z"
TWO = evse_data(uid="EVSE-2")
REMOVED = without(evse_data(uid="OLD", status="REMOVED"), "connectors")


def evses(**more: Any) -> dict[str, tuple[str, int]]:
    """uid -> (status, number of connectors)"""
    return {evse.uid: (evse.status, evse.connectors.count()) for evse in Evse.objects.filter(**more)}


def paths(row: Any) -> list[str]:
    return [fault["path"] for fault in row.left_out]


BROKEN: dict[str, tuple[dict[str, Any], list[str]]] = {
    "related name": (
        {"related_locations": [{"latitude": "48.1", "longitude": "17.1", "name": ["Gate"]}]},
        ["related_locations[0].name"],
    ),
    "no time zone": ({"time_zone": None}, ["time_zone"]),
    "hours": ({"opening_times": {"regular_hours": []}}, ["opening_times.twentyfourseven"]),
    "address": ({"address": None, "city": []}, ["address", "city"]),
    "coordinates": ({"coordinates": None}, ["coordinates"]),
    "country": ({"country": []}, ["country"]),
    "publish": ({"publish": "perhaps"}, ["publish"]),
    "operator": ({"operator": "ION"}, ["operator"]),
    "images": (
        {"images": [{"url": "https://ion.example/1.png", "category": "OWNER", "type": "png"}, 5]},
        ["images[1]"],
    ),
}


def test_a_patch_is_told_the_places_of_its_own_body(cpo: Cpo) -> None:
    answered(cpo.put(URL, location_data(evses=[evse_data(), TWO], last_updated=LATER)), 201, 1000)
    change = {"evses": [{"uid": "EVSE-2", "status": "CHARGING", "images": 5}], "last_updated": STILL_LATER}
    answered(cpo.patch(URL, change), 200, 1000, "Taken over, but for: evses[0].images: ")
    assert [fault["path"] for fault in last_message().faults] == ["evses[0].images"]
    assert evses() == {"EVSE-1": ("AVAILABLE", 1), "EVSE-2": ("CHARGING", 1)}


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_of_the_location_hides_no_charger(cpo: Cpo, name: str) -> None:
    changes, left_out = BROKEN[name]
    data = location_data() | changes
    data = {key: value for key, value in data.items() if value is not None}
    answered(cpo.put(URL, data), 201, 1000, f"Taken over, but for: {left_out[0]}: ")
    assert evses() == {"EVSE-1": ("AVAILABLE", 1)}
    assert paths(Location.objects.get()) == left_out
    assert [fault["path"] for fault in last_message().faults] == left_out
    answered(cpo.get(URL), 200, 1000)
    answered(cpo.put(URL, location_data(last_updated=LATER)), 200, 1000, "Success")
    assert Location.objects.get().left_out == []


def test_a_text_without_its_language_is_english(cpo: Cpo) -> None:
    gate = {"latitude": "48.10000", "longitude": "17.10000", "name": "Gate"}
    answered(cpo.put(URL, location_data(related_locations=[gate])), 201, 1000, "Success")
    assert [(one["kind"], one["path"]) for one in last_message().leniences] == [
        ("bare_string", "related_locations[0].name")
    ]
    assert answered(cpo.get(URL), 200, 1000)["related_locations"][0]["name"] == "Gate", "as it was told"


@pytest.mark.parametrize("connectors", [None, []])
def test_a_removed_evse_needs_no_connectors(cpo: Cpo, connectors: Any) -> None:
    gone = REMOVED if connectors is None else REMOVED | {"connectors": connectors}
    answered(cpo.put(URL, location_data(evses=[gone, evse_data()])), 201, 1000, "Success")
    assert evses() == {"OLD": ("REMOVED", 0), "EVSE-1": ("AVAILABLE", 1)}
    assert [(one["kind"], one["path"]) for one in last_message().leniences] == [
        ("missing_field", "evses[0].connectors")
    ]
    assert answered(cpo.get(URL), 200, 1000)["evses"][1]["uid"] == "OLD"
    answered(cpo.get("/ocpi/emsp/2.1.1/locations/SK/ION/LOC-1"), 200, 1000)


def test_an_evse_that_is_removed_keeps_what_is_known_of_its_plugs(cpo: Cpo) -> None:
    answered(cpo.put(URL, location_data()), 201, 1000)
    answered(cpo.put(EVSE, without(evse_data(status="REMOVED", last_updated=LATER), "connectors")), 200, 1000)
    assert evses() == {"EVSE-1": ("REMOVED", 1)}


def test_a_faulty_evse_falls_alone(cpo: Cpo) -> None:
    odd = evse_data(uid="ODD", connectors=[without(connector_data(), "standard")])
    answered(cpo.put(URL, location_data(evses=[odd, "what?", evse_data(), TWO])), 201, 1000)
    assert evses() == {"EVSE-1": ("AVAILABLE", 1), "EVSE-2": ("AVAILABLE", 1)}
    assert paths(Location.objects.get()) == ["evses[0].connectors[0].standard", "evses[1]", "evses[0].connectors"]


def test_a_faulty_connector_falls_alone(cpo: Cpo) -> None:
    both = evse_data(connectors=[without(connector_data(), "format"), connector_data(id="2")])
    answered(cpo.put(URL, location_data(evses=[both])), 201, 1000)
    assert [one.connector_id for one in Connector.objects.all()] == ["2"]
    assert paths(Location.objects.get()) == ["evses[0].connectors[0].format"]


@pytest.mark.parametrize(
    "fault", [{"connectors": []}, {"connectors": [{"id": "1"}]}, {"evse_id": [], "floor_level": []}]
)
@pytest.mark.parametrize("way", ["evse", "location", "pull", "patched location"])
def test_a_status_always_gets_through(cpo: Cpo, fault: dict[str, Any], way: str) -> None:
    answered(cpo.put(URL, location_data(evses=[evse_data(), TWO])), 201, 1000)
    evse = evse_data(status="CHARGING", last_updated=LATER) | fault
    if way == "evse":
        answered(cpo.put(EVSE, evse), 200, 1000, "Taken over, but for: ")
        assert paths(Evse.objects.get(uid="EVSE-1"))
    elif way == "location":
        answered(cpo.put(URL, location_data(evses=[evse, TWO], last_updated=LATER)), 200, 1000, "Taken over, but for: ")
    elif way == "pull":
        party = Party(cpo.partner, "SK", "ION", VERSIONS["2.2.1"])
        assert put_location(party, None, location_data(evses=[evse, TWO], last_updated=LATER)).left_out
    else:
        answered(cpo.patch(URL, {"evses": [evse], "last_updated": LATER}), 200, 1000)
    assert evses() == {"EVSE-1": ("CHARGING", 1), "EVSE-2": ("AVAILABLE", 1)}
    connector = Connector.objects.get(evse__uid="EVSE-1")
    assert (connector.standard, connector.power_type) == (connector_data()["standard"], "DC")
    assert Evse.objects.get(uid="EVSE-1").evse_id == "SK*ION*EEVSE-1"


def test_nobody_is_gone_because_a_list_could_not_be_read(cpo: Cpo) -> None:
    answered(cpo.put(URL, location_data(evses=[evse_data(), TWO])), 201, 1000)
    answered(cpo.put(URL, location_data(evses=[evse_data(), {**TWO, "uid": None}], last_updated=LATER)), 200, 1000)
    assert evses() == {"EVSE-1": ("AVAILABLE", 1), "EVSE-2": ("AVAILABLE", 1)}
    answered(cpo.put(URL, location_data(evses=[evse_data()], last_updated=STILL_LATER)), 200, 1000, "Success")
    assert evses()["EVSE-2"] == ("REMOVED", 1)


def test_a_patch_keeps_what_its_faults_are_about(cpo: Cpo) -> None:
    answered(cpo.put(URL, location_data()), 201, 1000)
    change = {"status": "BLOCKED", "connectors": None, "images": 3, "last_updated": LATER}
    answered(cpo.patch(EVSE, change), 200, 1000, "connectors")
    assert evses() == {"EVSE-1": ("BLOCKED", 1)}
    assert paths(Evse.objects.get()) == ["connectors", "images"]
    answered(cpo.patch(EVSE, {"status": "CHARGING", "last_updated": STILL_LATER}), 200, 1000, "Success")
    assert (evses(), paths(Evse.objects.get())) == ({"EVSE-1": ("CHARGING", 1)}, ["connectors", "images"])


def test_a_status_without_a_moment_is_taken(cpo: Cpo) -> None:
    answered(cpo.put(URL, location_data()), 201, 1000)
    answered(cpo.patch(EVSE, {"status": "CHARGING"}), 200, 1000, "Success")
    assert evses() == {"EVSE-1": ("CHARGING", 1)}
    assert last_message().leniences[0]["path"] == "last_updated"


def test_where_nothing_can_be_kept_it_is_2001(cpo: Cpo) -> None:
    for body in ("[]", '"x"', "5"):
        answered(cpo.put(URL, body), 200, 2001)
    answered(cpo.put(URL, location_data() | {"id": "LOC-9"}), 200, 2001)
    assert Location.objects.count() == 0
    answered(cpo.put(URL, location_data()), 201, 1000)
    for change in ({}, {"id": "LOC-1"}, {"evses": 5, "city": []}):
        answered(cpo.put(URL, change), 200, 2001)
    answered(cpo.patch(EVSE, {"status": 5, "last_updated": LATER}), 200, 2001, "status")
    answered(cpo.patch(EVSE, '"x"'), 200, 2001)
    answered(cpo.patch(CONNECTOR, {"standard": None, "last_updated": LATER}), 200, 2001, "standard")
    assert (evses(), Evse.objects.get().left_out) == ({"EVSE-1": ("AVAILABLE", 1)}, [])


def test_a_connector_is_taken_as_far_as_it_is_valid(cpo: Cpo) -> None:
    answered(cpo.put(URL, location_data()), 201, 1000)
    sent = connector_data(max_amperage=125, format=9, terms_and_conditions=[], last_updated=LATER)
    answered(cpo.put(CONNECTOR, sent), 200, 1000, "format")
    raw = Connector.objects.get().raw
    assert (raw["max_amperage"], raw["format"], "terms_and_conditions" in raw) == (
        125,
        connector_data()["format"],
        False,
    )


def test_in_2_1_1_as_well(partner: Any) -> None:
    cpo = Cpo(partner, "2.1.1")
    data = VERSIONS["2.1.1"].dump(VERSIONS["2.2.1"].parse("location", location_data()).obj)
    gone = {**without(data["evses"][0], "connectors"), "uid": "OLD", "status": "REMOVED"}
    sent = without(data, "postal_code", "type") | {"evses": [*data["evses"], gone, {}], "images": {"url": 5}}
    answered(cpo.put(URL, sent), 201, 1000)
    assert evses() == {"EVSE-1": ("AVAILABLE", 1), "OLD": ("REMOVED", 0)}
    assert {"postal_code", "type", "evses[2].uid"} < set(paths(Location.objects.get()))
