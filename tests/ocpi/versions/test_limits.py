"""How large an object may be: counted before it is read, and told by its wire path."""

from typing import Any

import pytest

from ocpi.versions import VERSIONS, Invalid
from tests.factories import location_data, period_data, session_data

V = VERSIONS["2.2.1"]


def faults(kind: str, data: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as invalid:
        V.parse(kind, data)
    return [(fault.path, fault.message) for fault in invalid.value.faults]


def test_more_charging_periods_than_a_day_has() -> None:
    data = session_data(charging_periods=[period_data(ENERGY=1.0)] * 10_001)
    assert faults("session", data) == [("charging_periods", "has 10001 items, more than 10000")]


def test_a_day_of_charging_periods_is_read() -> None:
    data = session_data(charging_periods=[period_data(ENERGY=1.0)] * 8_640)
    assert len(V.parse("session", data).obj.charging_periods) == 8_640


def test_lists_within_lists_are_counted() -> None:
    data = location_data()
    data["evses"][0]["connectors"] *= 501
    assert faults("location", data) == [("evses[0].connectors", "has 501 items, more than 500")]


@pytest.mark.parametrize("value", ["x" * 70_000, ["x" * 1000] * 70, {"a": "x" * 70_000}])
def test_a_field_that_nobody_knows_is_not_kept_at_any_size(value: Any) -> None:
    told = "is no field of this version and longer than 65536 characters"
    assert faults("session", session_data(x_vendor=value)) == [("x_vendor", told)]


def test_a_small_one_is_overlooked() -> None:
    assert [one.kind for one in V.parse("session", session_data(x_vendor="x" * 1000)).leniences] == ["unknown_field"]


def test_more_fields_than_anybody_names() -> None:
    more: dict[str, Any] = {f"x{number}": 1 for number in range(1001)}
    data = session_data(**more)
    assert faults("session", data) == [("", "has 1001 fields that are not part of this version, more than 1000")]


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_what_is_no_object_is_not_counted(value: Any) -> None:
    assert faults("session", value)[0][0] == ""
