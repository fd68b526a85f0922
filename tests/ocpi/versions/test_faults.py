"""What cannot be read is refused, with every fault at its wire path."""

from decimal import Decimal
from typing import Any

import pytest

from ocpi.versions import Fault, Invalid, Version
from tests.ocpi.versions import vectors as v
from tests.ocpi.versions import vectors_2_3_0 as w
from tests.ocpi.versions.vectors import V211, V221, V230, make


def faults(version: Version, kind: str, data: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        version.parse(kind, data)
    assert all(isinstance(fault, Fault) for fault in refused.value.faults)
    return [(fault.path, fault.message) for fault in refused.value.faults]


HUGE = 10**400
REQUIRED = "is required: neither null nor an empty string will do"


@pytest.mark.parametrize(
    ("kind", "data", "field", "sent", "message"),
    [
        ("session", v.SESSION, "kwh", -0.1, "must not be less than 0"),
        ("session", v.SESSION, "kwh", True, "must be a number, not a boolean"),
        ("session", v.SESSION, "kwh", "lots", "must be a number, not a string"),
        ("session", v.SESSION, "kwh", [], "must be a number, not a list"),
        ("session", v.SESSION, "kwh", {}, "must be a number, not an object"),
        ("session", v.SESSION, "kwh", ..., REQUIRED),
        ("session", v.SESSION, "kwh", float("nan"), "is no number of any real quantity"),
        ("session", v.SESSION, "kwh", float("inf"), "is no number of any real quantity"),
        ("session", v.SESSION, "kwh", Decimal("sNaN"), "is no number of any real quantity"),
        ("session", v.SESSION, "kwh", HUGE, "is no number of any real quantity"),
        ("session", v.SESSION, "id", HUGE, "must be a string, not a number"),
        ("session", v.SESSION, "id", True, "must be a string, not a boolean"),
        (
            "session",
            v.SESSION,
            "id",
            "a\0b",
            "contains a character that is no text (U+0000 or half a surrogate pair)",
        ),
        (
            "session",
            v.SESSION,
            "id",
            "\ud83d",
            "contains a character that is no text (U+0000 or half a surrogate pair)",
        ),
        ("session", v.SESSION, "id", "", REQUIRED),
        (
            "session",
            v.SESSION,
            "last_updated",
            1772352000,
            "must be a timestamp such as 2026-11-22T10:45:12Z, not a number",
        ),
        (
            "session",
            v.SESSION,
            "last_updated",
            "yesterday",
            "must be a timestamp such as 2026-11-22T10:45:12Z",
        ),
        ("session", v.SESSION, "last_updated", "2026-13-01T00:00:00Z", "is no date and time that exists"),
        ("session", v.SESSION, "last_updated", "2026-02-30T00:00:00", "is no date and time that exists"),
        (
            "session",
            v.SESSION,
            "last_updated",
            "2026-02-20T00:00:00+25:00",
            "is no date and time that exists",
        ),
        (
            "session",
            v.SESSION,
            "last_updated",
            "0001-01-01T00:00:00+12:00",
            "is no date and time that exists",
        ),
        ("session", v.SESSION, "status", 1, "must be a string with a value of SessionStatus, not a number"),
        ("session", v.SESSION, "status", "A\n", "must be a value of SessionStatus"),
        ("session", v.SESSION, "charging_periods", 5, "must be a list, not a number"),
        ("session", v.SESSION, "cdr_token", "04A1", "must be an object"),
        ("evse", v.EVSE, "connectors", [], "needs at least one item"),
        ("evse", v.EVSE, "connectors", ..., REQUIRED),
        ("location", v.LOCATION, "publish", 1, "must be true or false, not a number"),
        ("energy_source", {"source": "SUN", "percentage": 1}, "percentage", 101, "must not be more than 100"),
        (
            "regular_hours",
            {"weekday": 1, "period_begin": "08:00", "period_end": "09:00"},
            "period_end",
            "25:00",
            "must be a time of day such as 08:30",
        ),
        (
            "regular_hours",
            {"weekday": 1, "period_begin": "08:00", "period_end": "09:00"},
            "period_end",
            "24:01",
            "must be a time of day such as 08:30",
        ),
        (
            "regular_hours",
            {"weekday": 1, "period_begin": "08:00", "period_end": "09:00"},
            "period_end",
            9,
            "must be a time of day such as 08:30",
        ),
        (
            "regular_hours",
            {"weekday": 1, "period_begin": "08:00", "period_end": "09:00"},
            "weekday",
            8,
            "must not be more than 7",
        ),
        ("tariff_restrictions", {}, "start_date", "1.3.2026", "must be a date such as 2026-11-22"),
        ("tariff_restrictions", {}, "start_date", 5, "must be a date such as 2026-11-22"),
        ("tariff_restrictions", {}, "start_date", {}, "must be a date such as 2026-11-22"),
    ],
)
def test_values(kind: str, data: dict[str, Any], field: str, sent: Any, message: str) -> None:
    found = faults(V221, kind, make(data, {field: sent}))
    assert found == [(field, message)]


@pytest.mark.parametrize("sent", ["north", "91.000000", "-90.0000001", "4e1", True, None, []])
def test_a_latitude_is_no_word(sent: Any) -> None:
    expected = "must be decimal degrees from -90 to 90 in a string, such as 48.148598"
    assert faults(V221, "geo_location", {"latitude": sent, "longitude": "1.00000"}) == [("latitude", expected)]


def test_a_number_out_of_range_is_no_coordinate() -> None:
    found = faults(V221, "geo_location", {"latitude": 91, "longitude": "1.00000"})
    assert found == [("latitude", "must be decimal degrees from -90 to 90")]


def test_every_fault_is_told_at_once() -> None:
    connector = make(v.CONNECTOR, {"standard": None, "max_voltage": "high", "last_updated": "2026-03-01T08:00:00"})
    data = make(
        v.LOCATION,
        {"city": None, "country": "sk", "evses": [make(v.EVSE, {"connectors": [v.CONNECTOR, connector]})]},
    )
    assert faults(V221, "location", data) == [
        ("city", "is required and missing"),
        ("evses[0].connectors[1].standard", "is required and missing"),
        ("evses[0].connectors[1].max_voltage", "must be a number, not a string"),
    ]


def test_paths_are_wire_names() -> None:
    data = make(v.SESSION_211, {"start_datetime": None, "auth_id": None, "total_cost": -1, "kwh": -1})
    connector = make(v.CONNECTOR_211, {"voltage": None, "tariff_id": {}})
    data["location"] = make(v.LOCATION_211, {"evses": [make(v.EVSE_211, {"connectors": [connector]})]})
    assert sorted(path for path, _ in faults(V211, "session", data)) == [
        "auth_id",
        "kwh",
        "location.evses[0].connectors[0].tariff_id",
        "location.evses[0].connectors[0].voltage",
        "start_datetime",
    ]


def test_a_fault_carries_what_was_sent_and_reads_as_a_sentence() -> None:
    with pytest.raises(Invalid) as refused:
        V221.parse("session", make(v.SESSION, {"kwh": -5, "id": None}))
    wrong, missing = sorted(refused.value.faults, key=lambda fault: fault.path, reverse=True)
    assert (wrong.value, missing.value) == (-5, None)
    assert str(wrong) == "kwh: must not be less than 0"
    assert str(refused.value) == "id: is required and missing; kwh: must not be less than 0"
    assert str(Fault("", "must be an object")) == "must be an object"


@pytest.mark.parametrize("data", [None, 5, "x", [], True, float("nan"), [{"id": 1}]])
def test_a_message_is_an_object(data: Any) -> None:
    assert faults(V221, "session", data) == [("", "must be an object")]


def test_2_1_1_reservations_are_numbered() -> None:
    data = {
        "response_url": "https://sfp.example/r",
        "token": v.TOKEN_211,
        "expiry_date": v.THEN,
        "reservation_id": "R",
        "location_id": "L",
    }
    assert faults(V211, "reserve_now", data) == [("reservation_id", "must be a number, not a string")]


def test_2_3_0_requires_what_is_new() -> None:
    assert faults(V230, "tariff", make(w.TARIFF_230, {"tax_included": None})) == [
        ("tax_included", "is required and missing")
    ]
    assert ("booking_requests", "needs at least one item") in faults(
        V230, "booking", make(w.BOOKING, {"booking_requests": []})
    )
    assert faults(V230, "price", {"excl_vat": True}) == [("before_taxes", "must be a number, not a boolean")]


def test_an_open_enumeration_takes_words_only() -> None:
    assert faults(V230, "connector", make(v.CONNECTOR, {"standard": "A\0"})) == [
        ("standard", "must be a value of ConnectorType")
    ]


def test_a_kind_that_a_version_lacks_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(LookupError, match=r"OCPI 2\.1\.1 has no 'client_info'"):
        V211.parse("client_info", {})
