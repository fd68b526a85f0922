"""PATCH: the stored object with the changes, read as a whole."""

from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ocpi.versions import Invalid, Patched, Version
from tests.ocpi.versions import vectors as v
from tests.ocpi.versions import vectors_2_3_0 as w
from tests.ocpi.versions.vectors import LATER, THEN, V211, V221, V230, make

NEW = "2026-03-01T10:00:00Z"


def patch(version: Version, kind: str, change: Any, stored: dict[str, Any], **more: Any) -> Patched[Any]:
    before = deepcopy(stored)
    result = version.parse_patch(kind, change, stored, **more)
    assert stored == before
    return result


def faults(version: Version, kind: str, change: Any, stored: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        version.parse_patch(kind, change, stored)
    return [(fault.path, fault.message) for fault in refused.value.faults]


def period(start: str, kwh: float) -> dict[str, Any]:
    return {"start_date_time": start, "dimensions": [{"type": "ENERGY", "volume": kwh}]}


def test_fields_are_replaced() -> None:
    result = patch(V221, "session", {"kwh": 15, "total_cost": {"excl_vat": 7}, "last_updated": NEW}, v.SESSION)
    assert result.raw == v.SESSION | {"kwh": 15, "total_cost": {"excl_vat": 7}, "last_updated": NEW}
    assert result.obj.kwh == Decimal(15)
    assert result.obj.total_cost.after_taxes is None
    assert result.leniences == ()


def test_null_clears_what_is_optional() -> None:
    result = patch(V221, "session", {"total_cost": None, "last_updated": NEW}, v.SESSION)
    assert "total_cost" not in result.raw
    assert result.obj.total_cost is None
    assert patch(V221, "session", {"meter_id": None, "last_updated": NEW}, v.SESSION).obj.meter_id is None


def test_null_does_not_clear_what_is_required() -> None:
    change = {"status": None, "currency": None, "last_updated": NEW}
    message = "is required and cannot be cleared with null"
    assert faults(V221, "session", change, v.SESSION) == [("status", message), ("currency", message)]
    assert faults(V221, "evse", {"connectors": None, "last_updated": NEW}, v.EVSE) == [("connectors", message)]


def test_since_2_2_a_patch_is_dated() -> None:
    assert faults(V221, "session", {"kwh": 15}, v.SESSION) == [("last_updated", "every PATCH needs it")]
    assert faults(V221, "evse", {"status": "CHARGING"}, v.EVSE) == [("last_updated", "every PATCH needs it")]


def test_in_2_1_1_the_time_of_receipt_will_do() -> None:
    at = datetime(2026, 3, 1, 11, 0, 0, 123456, tzinfo=UTC)
    result = patch(V211, "session", {"kwh": 4}, v.SESSION_211, received_at=at)
    assert result.raw["last_updated"] == "2026-03-01T11:00:00.123Z"
    assert patch(V211, "session", {"kwh": 4}, v.SESSION_211).raw["last_updated"] == LATER
    dated = patch(V211, "session", {"kwh": 4, "last_updated": NEW}, v.SESSION_211, received_at=at)
    assert dated.raw["last_updated"] == NEW


@pytest.mark.parametrize("change", [None, 5, [], "x"])
def test_a_patch_is_an_object(change: Any) -> None:
    assert faults(V221, "session", change, v.SESSION) == [("", "must be an object")]


def test_the_whole_is_read() -> None:
    change = {"kwh": -1, "status": "DONE", "last_updated": NEW}
    assert faults(V221, "session", change, v.SESSION) == [("kwh", "must not be less than 0")]
    result = patch(V221, "session", {"status": "DONE", "last_updated": NEW}, v.SESSION)
    assert [(note.kind, note.path) for note in result.leniences] == [("unknown_enum_value", "status")]


def test_what_nobody_knows_is_kept() -> None:
    result = patch(V221, "session", {"x": 1, "y": None, "last_updated": NEW}, v.SESSION)
    assert result.raw["x"] == 1
    assert "y" not in result.raw


@pytest.mark.parametrize("version", [V211, V221, V230])
def test_charging_periods_are_added_once(version: Version) -> None:
    stored = v.SESSION_211 if version is V211 else make(v.SESSION, {"total_cost": None})
    stored = make(stored, {"charging_periods": [period(THEN, 1)]})
    first = patch(version, "session", {"charging_periods": [period(LATER, 2)], "last_updated": NEW}, stored)
    assert first.raw["charging_periods"] == [period(THEN, 1), period(LATER, 2)]
    again = patch(version, "session", {"charging_periods": [period(LATER, 2)], "last_updated": NEW}, first.raw)
    assert again.raw == first.raw
    same_moment = {"charging_periods": [period("2026-03-01T09:30:00.000Z", 3)], "last_updated": NEW}
    corrected = patch(version, "session", same_moment, first.raw)
    assert [one["dimensions"][0]["volume"] for one in corrected.raw["charging_periods"]] == [1, 3]
    naive = {"charging_periods": [period("2026-03-01T09:30:00", 4)], "last_updated": NEW}
    assert len(patch(version, "session", naive, first.raw).raw["charging_periods"]) == 2


@pytest.mark.parametrize("nothing", [[], None])
def test_no_charging_periods_is_no_change(nothing: Any) -> None:
    result = patch(V221, "session", {"charging_periods": nothing, "last_updated": NEW}, v.SESSION)
    assert result.raw["charging_periods"] == v.SESSION["charging_periods"]


def test_a_session_without_periods_takes_the_first_ones() -> None:
    stored = make(v.SESSION, {"charging_periods": ...})
    result = patch(
        V221, "session", {"charging_periods": [period(THEN, 1), period(THEN, 2)], "last_updated": NEW}, stored
    )
    assert result.raw["charging_periods"] == [period(THEN, 2)]


def test_periods_without_a_start_are_refused() -> None:
    change = {
        "charging_periods": [{"dimensions": []}, 5, period("soon", 1), period(THEN, 1)],
        "last_updated": NEW,
    }
    message = "must be an object with its start_date_time"
    assert faults(V221, "session", change, v.SESSION) == [
        ("charging_periods[0]", message),
        ("charging_periods[1]", message),
    ]
    found = faults(V221, "session", {"charging_periods": [period("soon", 1)], "last_updated": NEW}, v.SESSION)
    assert found == [("charging_periods[0].start_date_time", "must be a timestamp such as 2026-11-22T10:45:12Z")]


def test_other_lists_are_replaced() -> None:
    stored = make(v.LOCATION, {"facilities": ["MALL", "WIFI"]})
    result = patch(V221, "location", {"facilities": ["CAFE"], "last_updated": NEW}, stored)
    assert result.raw["facilities"] == ["CAFE"]
    assert patch(V221, "location", {"facilities": None, "last_updated": NEW}, stored).obj.facilities == ()


def test_evses_of_a_location_are_merged_by_uid() -> None:
    other = make(v.EVSE, {"uid": "kosice-8"})
    stored = make(v.LOCATION, {"evses": [v.EVSE, other]})
    added = make(v.EVSE, {"uid": "kosice-9"})
    change = {"evses": [{"uid": "KOSICE-8", "status": "CHARGING"}, added], "last_updated": NEW}
    result = patch(V221, "location", change, stored)
    assert result.raw["evses"] == [v.EVSE, other | {"uid": "KOSICE-8", "status": "CHARGING"}, added]


def test_in_2_1_1_the_case_of_an_id_counts() -> None:
    change = {"evses": [make(v.EVSE_211, {"uid": "NITRA-1"})]}
    assert len(patch(V211, "location", change, v.LOCATION_211).raw["evses"]) == 2


def test_connectors_are_merged_by_id_at_any_depth() -> None:
    part = {"id": "1", "tariff_ids": ["NIGHT"]}
    evse = patch(V221, "evse", {"connectors": [part], "last_updated": NEW}, v.EVSE)
    assert evse.raw["connectors"] == [v.CONNECTOR | {"tariff_ids": ["NIGHT"]}]
    change = {"evses": [{"uid": "kosice-7", "connectors": part}], "last_updated": NEW}
    location = patch(V221, "location", change, v.LOCATION)
    assert location.obj.evses[0].connectors[0].tariff_ids == ("NIGHT",)


def test_numbers_as_ids_match_strings() -> None:
    result = patch(V221, "evse", {"connectors": [{"id": 1, "max_amperage": 400}], "last_updated": NEW}, v.EVSE)
    assert len(result.raw["connectors"]) == 1


def test_a_new_evse_must_be_whole() -> None:
    change = {"evses": [{"uid": "new", "status": "PLANNED"}, {"status": "PLANNED"}], "last_updated": NEW}
    assert faults(V221, "location", change, v.LOCATION) == [("evses[1]", "must be an object with its uid")]
    found = faults(V221, "location", {"evses": change["evses"][:1], "last_updated": NEW}, v.LOCATION)
    assert [path for path, _ in found] == ["evses[0].connectors", "evses[0].last_updated"]


def test_paths_are_those_of_the_change_that_was_sent() -> None:
    """Three EVSEs of two plugs each are stored; the change names the last one's last plug first, and a new EVSE."""
    plugs = [v.CONNECTOR, make(v.CONNECTOR, {"id": "2"})]
    evses = [make(v.EVSE, {"uid": uid, "connectors": plugs}) for uid in ("A", "B", "C")]
    stored = make(v.LOCATION, {"evses": evses})
    wrong = {"id": "2", "max_amperage": "many"}
    fresh = make(v.EVSE, {"uid": "D", "floor_level": 5, "connectors": [make(v.CONNECTOR, {"max_voltage": "x"})]})
    change: dict[str, Any] = {
        "evses": [{"uid": "C", "status": "CHARGING", "connectors": [wrong]}, fresh, {"uid": "A", "floor_level": {}}]
    }
    change["last_updated"] = NEW
    expected = [
        "evses[0].connectors[0].max_amperage",
        "evses[1].connectors[0].max_voltage",
        "evses[2].floor_level",
    ]
    found = faults(V221, "location", change, stored)
    assert sorted(path for path, _ in found) == expected
    salvaged = V221.parse_patch("location", change, stored, as_far_as_valid=True)
    assert sorted(fault.path for fault in salvaged.left_out) == ["evses[0].connectors[0].max_amperage", *SALVAGED]
    assert [note.path for note in salvaged.leniences] == ["evses[1].floor_level"]


SALVAGED = ["evses[1].connectors", "evses[1].connectors[0].max_voltage", "evses[2].floor_level"]


def test_faults_within_an_evse_have_their_path() -> None:
    change = {"evses": [{"uid": "kosice-7", "status": None}], "last_updated": NEW}
    assert faults(V221, "location", change, v.LOCATION) == [
        ("evses[0].status", "is required and cannot be cleared with null")
    ]


def test_names_of_other_versions_change_the_right_field() -> None:
    result = patch(V211, "connector", {"max_voltage": 400}, v.CONNECTOR_211)
    assert result.raw["voltage"] == 400
    assert [(note.kind, note.path) for note in result.leniences] == [("other_version_name", "max_voltage")]


def test_tariffs_of_2_1_1_know_their_owner() -> None:
    result = patch(V211, "tariff", {"currency": "CZK"}, v.TARIFF_211, owner=("CZ", "GRN"))
    assert (result.obj.country_code, result.obj.currency) == ("CZ", "CZK")


def test_calendars_are_merged_and_a_calendar_can_be_patched() -> None:
    change = {"calendars": [{"id": "CAL-1", "timeslot_increment": 30}], "last_updated": NEW}
    result = patch(V230, "booking_location", change, w.BOOKING_LOCATION)
    assert result.obj.calendars[0].timeslot_increment == 30
    assert (
        patch(V230, "calendar", {"timeslot_increment": 5, "last_updated": NEW}, w.CALENDAR).obj.timeslot_increment == 5
    )


def test_terms_of_a_booking_are_merged() -> None:
    change: dict[str, Any] = {"booking_terms": {"late_stop_allowed": True}, "last_updated": NEW}
    booking = patch(V230, "booking", change, w.BOOKING)
    assert booking.raw["booking_terms"] == w.TERMS | {"late_stop_allowed": True}
    change = {"policy": {"reservation_required": False}, "booking_terms": 5, "last_updated": NEW}
    assert faults(V230, "booking_location", change, w.BOOKING_LOCATION) == [("booking_terms", "must be an object")]
    first = patch(V230, "booking_location", change | {"booking_terms": w.TERMS}, w.BOOKING_LOCATION)
    assert first.raw["policy"] == {"reservation_required": False, "ad_hoc": 2}
    assert first.raw["booking_terms"] == w.TERMS


def test_objects_without_a_date_need_none() -> None:
    assert V221.parse_patch("charging_preferences", {"energy_need": 5}, {"profile_type": "FAST"}).obj.energy_need == 5


def test_what_no_whole_can_be_made_of_is_refused_with_every_fault() -> None:
    """As far as it is valid, too: what is stored cannot fill the gaps, so nothing of the change can be kept."""
    with pytest.raises(Invalid) as refused:
        V221.parse_patch("evse", {"status": "CHARGING", "last_updated": NEW}, {"uid": "1"}, as_far_as_valid=True)
    assert [(fault.path, fault.message) for fault in refused.value.faults] == [
        ("connectors", "is required and missing")
    ]
