"""Reading as far as it is valid: what falls, what stays as it was stored, and where it is said to have stood."""

from time import process_time
from typing import Any

import pytest

from ocpi.versions import Invalid, Version
from ocpi.versions.limits import MOST_ITEMS
from ocpi.versions.salvaging import MOST_FAULTS
from tests.ocpi.versions import vectors as v
from tests.ocpi.versions.vectors import LATER, V211, V221, V230, make

PLUG = make(v.CONNECTOR, {"id": "2"})


def salvaged(version: Version, kind: str, data: Any, stored: Any = None) -> tuple[dict[str, Any], list[str]]:
    """(what is kept of the JSON, the paths that fell). What is kept can be read again without a fault."""
    found = version.salvage(kind, data, stored=stored or {})
    assert version.parse(kind, found.raw).obj == found.obj
    return found.raw, [fault.path for fault in found.left_out]


def location(*evses: Any, **changes: Any) -> dict[str, Any]:
    return make(v.LOCATION, {"evses": list(evses), **changes})


def evse(*connectors: Any, **changes: Any) -> dict[str, Any]:
    return make(v.EVSE, {"connectors": list(connectors), **changes})


def test_what_is_valid_is_kept_as_it_came() -> None:
    assert salvaged(V221, "location", v.LOCATION) == (v.LOCATION, [])


def test_several_items_of_a_list_fall_at_once_and_are_named_where_they_stood() -> None:
    bad = make(v.CONNECTOR, {"format": None})
    raw, paths = salvaged(V221, "location", location(evse(bad, v.CONNECTOR, bad, PLUG), "x", evse(bad), evse(PLUG)))
    assert raw["evses"] == [evse(v.CONNECTOR, PLUG), evse(PLUG)]
    assert paths == [
        "evses[0].connectors[0].format",
        "evses[0].connectors[2].format",
        "evses[1]",
        "evses[2].connectors[0].format",
        "evses[2].connectors",
    ]


def test_a_part_stays_as_it_was_stored() -> None:
    stored = location(evse(v.CONNECTOR, floor_level="2"), name="Known")
    sent = location(evse(make(v.CONNECTOR, {"format": 5}), status="CHARGING", floor_level=[]), name=[], city=[])
    raw, paths = salvaged(V221, "location", sent, stored)
    assert raw == location(evse(v.CONNECTOR, status="CHARGING", floor_level="2"), name="Known")
    assert paths == ["name", "city", "evses[0].connectors[0].format", "evses[0].floor_level"] or sorted(
        paths
    ) == sorted(["name", "city", "evses[0].connectors[0].format", "evses[0].floor_level"])


def test_what_is_stored_of_another_is_of_no_use() -> None:
    stored = location(evse(v.CONNECTOR, uid="other"))
    raw, paths = salvaged(V221, "location", location(evse(uid="unknown")), stored)
    assert (raw["evses"], paths) == ([], ["evses[0].connectors"])


def test_what_is_stored_is_of_no_use_if_it_cannot_be_read_either() -> None:
    raw, paths = salvaged(V221, "location", make(v.LOCATION, {"city": [], "name": {}}), {"city": 1.5j, "name": []})
    assert (raw["city"], "name" in raw, sorted(paths)) == ("#NA", False, ["city", "name"])


def test_a_part_has_the_moment_of_the_whole() -> None:
    raw, paths = salvaged(V221, "location", location(make(v.EVSE, {"last_updated": None}), last_updated=LATER))
    assert (raw["evses"][0]["last_updated"], paths) == (LATER, ["evses[0].last_updated"])


def test_a_single_object_in_place_of_a_list_falls_whole() -> None:
    raw, paths = salvaged(V221, "location", make(v.LOCATION, {"images": {"url": 5}}))
    assert ("images" in raw, paths) == (False, ["images[0].category", "images[0].type"])
    raw, paths = salvaged(V221, "location", make(v.LOCATION, {"opening_times": {"regular_hours": {"weekday": 9}}}))
    assert raw["opening_times"] == {"twentyfourseven": False}
    assert sorted(paths) == sorted(
        [
            "opening_times.twentyfourseven",
            "opening_times.regular_hours[0].weekday",
            "opening_times.regular_hours[0].period_begin",
            "opening_times.regular_hours[0].period_end",
        ]
    )


@pytest.mark.parametrize("version", [V211, V221, V230])
def test_an_evse_that_is_gone_needs_no_plugs(version: Version) -> None:
    gone = make(v.EVSE_211 if version is V211 else v.EVSE, {"connectors": None, "status": "removed"})
    found = version.parse("evse", gone)
    assert (found.obj.status, found.obj.connectors) == ("REMOVED", ())
    assert ("missing_field", "connectors") in [(note.kind, note.path) for note in found.leniences]
    for other in (V211, V221, V230):
        assert other.dump(found.obj)["status"] == "REMOVED"
    with pytest.raises(Invalid, match="connectors"):
        version.parse("evse", {**gone, "status": "AVAILABLE"})


@pytest.mark.parametrize(
    "data", [[], "x", None, {}, make(v.LOCATION, {"last_updated": None}), make(v.LOCATION, {"id": []})]
)
def test_nothing_can_be_kept_of_what_has_no_name_or_moment(data: Any) -> None:
    with pytest.raises(Invalid):
        V221.salvage("location", data, stored={})


def test_what_is_too_large_is_not_read_at_all() -> None:
    with pytest.raises(Invalid, match="more than"):
        V221.salvage("location", location(*[{}] * (MOST_ITEMS + 1)), stored={})


def test_a_patch_changes_what_can_be_read_of_it() -> None:
    change: dict[str, Any] = {"city": "Nitra", "name": [], "time_zone": None}
    found = V221.parse_patch("location", change, v.LOCATION, as_far_as_valid=True)
    assert found.raw == make(v.LOCATION, {"city": "Nitra"})
    assert [fault.path for fault in found.left_out] == ["time_zone", "name"]
    assert found.leniences[0].path == "last_updated"
    for nothing in ({"name": [], "last_updated": LATER}, "x"):
        with pytest.raises(Invalid):
            V221.parse_patch("location", nothing, v.LOCATION, as_far_as_valid=True)


def test_what_is_nothing_but_faults_is_not_salvaged() -> None:
    with pytest.raises(Invalid) as refused:
        V221.salvage("location", location(*[evse(*[{}] * 60)] * 100), stored={})
    assert len(refused.value.faults) > MOST_FAULTS


def test_cost_grows_with_the_size_and_not_with_its_square() -> None:
    """Every EVSE and connector is faulty, which is the worst that can be sent."""

    def seconds(evses: int) -> float:
        spoilt = [evse(*[{"id": str(number)} for number in range(40)], uid=f"E{index}") for index in range(evses)]
        begun = process_time()
        V221.salvage("location", location(*spoilt), stored={})
        return process_time() - begun

    seconds(5)
    small = min(seconds(10) for _ in range(3))
    assert seconds(80) < 8 * 3 * max(small, 0.005)
