"""What belongs to another version is read where its meaning is plain, and noted."""

from decimal import Decimal
from typing import Any

import pytest

from ocpi.versions import Version
from tests.ocpi.versions import vectors as v
from tests.ocpi.versions.test_leniences import AT, read
from tests.ocpi.versions.vectors import THEN, V22, V211, V221, V230, make


def test_unknown_fields_are_noted_up_to_2_2_1() -> None:
    data = make(v.SESSION, {"soc": 80, "cdr_token": v.CDR_TOKEN | {"x": 1}, "charging_periods": [v.PERIOD | {"y": 2}]})
    assert sorted(read(V221, "session", data)[1]) == [
        ("unknown_field", "cdr_token.x"),
        ("unknown_field", "charging_periods[0].y"),
        ("unknown_field", "soc"),
    ]
    assert read(V230, "session", make(data, {"total_cost": None}))[1] == []


def test_a_field_of_another_version_is_noted_and_read_where_it_can_be() -> None:
    token = {"country_code": "SK", "party_id": "SFP", "uid": "u", "type": "RFID", "contract_id": "c"}
    session, notes = read(V22, "session", make(v.SESSION, {"cdr_token": token}))
    assert session.cdr_token.party_id == "SFP"
    assert sorted(notes) == [
        ("unknown_field", "cdr_token.country_code"),
        ("unknown_field", "cdr_token.party_id"),
    ]


def test_a_field_of_another_version_never_fails_the_message() -> None:
    data = make(v.SESSION_211, {"cdr_token": {"uid": 5, "type": []}, "country_code": 7})
    session, notes = read(V211, "session", data)
    assert session.cdr_token.uid == "SK-SFP-C00042"
    assert session.country_code == ""
    assert sorted(notes) == [("unknown_field", "cdr_token"), ("unknown_field", "country_code")]


def test_a_2_1_1_owner_on_the_wire_stands() -> None:
    session, notes = read(V211, "session", make(v.SESSION_211, {"country_code": "SK", "party_id": "GRN"}))
    assert (session.country_code, session.party_id) == ("SK", "GRN")
    assert sorted(notes) == [("unknown_field", "country_code"), ("unknown_field", "party_id")]
    assert (
        V211.parse(
            "session", make(v.SESSION_211, {"country_code": "SK", "party_id": "GRN"}), owner=("CZ", "X")
        ).obj.party_id
        == "GRN"
    )


def test_names_of_other_versions_are_read() -> None:
    data = make(v.SESSION_211, {"start_datetime": None, "start_date_time": THEN})
    session, notes = read(V211, "session", data)
    assert session.start_date_time == AT
    assert notes == [("other_version_name", "start_date_time")]


@pytest.mark.parametrize("version", [V211, V22, V221, V230])
@pytest.mark.parametrize("kind", ["command_response", "command_result"])
def test_a_bare_string_is_a_result(version: Version, kind: str) -> None:
    obj, notes = read(version, kind, "REJECTED")
    assert obj.result == "REJECTED"
    waits = version.command_has_timeout and kind == "command_response"
    assert notes == [("bare_string", ""), *([("missing_field", "timeout")] if waits else [])]


@pytest.mark.parametrize("version", [V211, V22, V221, V230])
def test_a_bare_string_is_an_english_text(version: Version) -> None:
    location = v.LOCATION_211 if version is V211 else v.LOCATION
    gate = {"latitude": "48.10000", "longitude": "17.10000", "name": "Gate"}
    obj, notes = read(version, "location", make(location, {"related_locations": [gate]}))
    (name,) = [place.name for place in obj.related_locations]
    assert (name.language, name.text) == ("en", "Gate")
    assert notes == [("bare_string", "related_locations[0].name")]


def test_2_1_1_price_as_object() -> None:
    session, notes = read(V211, "session", make(v.SESSION_211, {"total_cost": {"excl_vat": "2.50", "incl_vat": 3}}))
    assert session.total_cost.before_taxes == Decimal("2.50")
    assert notes == [("price_object", "total_cost"), ("number_as_string", "total_cost")]


@pytest.mark.parametrize(
    ("sent", "meant", "notes"),
    [
        ("", (), []),
        (..., (), []),
        (12, ("12",), [("number_for_string", "tariff_id")]),
        (["A", "B"], ("A", "B"), [("list_for_single", "tariff_id")]),
    ],
)
def test_2_1_1_tariff_id(sent: Any, meant: tuple[str, ...], notes: list[tuple[str, str]]) -> None:
    connector, found = read(V211, "connector", make(v.CONNECTOR_211, {"tariff_id": sent}))
    assert connector.tariff_ids == meant
    assert found == notes


def test_2_1_1_twentyfourseven_null_is_false() -> None:
    hours, notes = read(V211, "hours", {"twentyfourseven": None, "regular_hours": []})
    assert hours.twentyfourseven is False
    assert notes == []


def test_2_3_0_price_of_2_2_1() -> None:
    session, notes = read(V230, "session", make(v.SESSION, {"total_cost": {"excl_vat": 10, "incl_vat": 12.3}}))
    assert session.total_cost.after_taxes == Decimal("12.3")
    assert session.total_cost.taxes[0].amount == Decimal("2.3")
    assert notes == [("other_version_name", "total_cost")]
    assert V230.parse("price", {"excl_vat": 10}).obj.taxes == ()


def test_credentials_endpoint_needs_no_role() -> None:
    endpoints = [{"identifier": "credentials", "url": "https://ion.sk/c"}]
    details, notes = read(V221, "version_details", {"version": "2.2.1", "endpoints": endpoints})
    assert details.endpoints[0].role == "SENDER"
    assert notes == [("missing_role", "endpoints[0]")]


def test_2_1_1_roles_that_are_sent_stand() -> None:
    sent = {
        "version": "2.1.1",
        "endpoints": [{"identifier": "cdrs", "role": "RECEIVER", "url": "https://grn.sk/c"}],
    }
    details, notes = read(V211, "version_details", sent)
    assert details.endpoints[0].role == "RECEIVER"
    assert notes == [("unknown_field", "endpoints[0].role")]
    party = {"business_details": {"name": "Green"}, "party_id": "GRN", "country_code": "SK"}
    credentials = party | {"token": "t", "url": "https://grn.sk/v", "roles": [party | {"role": "EMSP"}]}
    assert read(V211, "credentials", credentials)[0].roles[0].role == "EMSP"
