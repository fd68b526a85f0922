"""Strict writing: nothing leaves us that the specification forbids."""

import json
import pickle
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

import ocpi.versions as ocpi
from ocpi.versions import Invalid
from tests.ocpi.versions import vectors as v
from tests.ocpi.versions.vectors import THEN, V22, V211, V221, make
from tests.ocpi.versions.writing import convert, own_token


def test_objects_are_built_by_their_canonical_names() -> None:
    command = ocpi.StartSession(
        response_url="https://sfp.example/r/1",
        token=own_token(),
        location_id="NITRA",
        evse_uid="nitra-1",
        connector_id="1",
        authorization_reference="attempt-1",
    )
    token = {
        "uid": "adhoc-1",
        "issuer": "Smart Fuel Pass",
        "valid": True,
        "whitelist": "NEVER",
        "last_updated": THEN,
    }
    named = token | {
        "country_code": "SK",
        "party_id": "SFP",
        "contract_id": "SK-SFP-1",
        "type": "AD_HOC_USER",
    }
    common = {"response_url": "https://sfp.example/r/1", "location_id": "NITRA", "evse_uid": "nitra-1"}
    reference = {"authorization_reference": "attempt-1"}
    assert V221.dump(command) == common | reference | {"token": named, "connector_id": "1"}
    assert V22.dump(command) == common | reference | {"token": named}
    assert V211.dump(command) == common | {"token": token | {"auth_id": "SK-SFP-1", "type": "OTHER"}}
    assert type(V221.dump(command)["token"]["type"]) is str


def test_what_is_built_is_strict() -> None:
    with pytest.raises(ValidationError):
        own_token(last_updated=datetime(2026, 3, 1, 8))  # noqa: DTZ001
    with pytest.raises(ValidationError):
        own_token(country_code="sk")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 3, 1, 8, tzinfo=UTC), "2026-03-01T08:00:00Z"),
        (datetime(2026, 3, 1, 8, 0, 0, 123987, tzinfo=UTC), "2026-03-01T08:00:00.123Z"),
        (datetime(2026, 3, 1, 8, 0, 0, 987, tzinfo=UTC), "2026-03-01T08:00:00Z"),
        (datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=1))), "2026-03-01T08:00:00Z"),
    ],
)
def test_timestamps_are_utc_and_at_most_milliseconds(moment: datetime, text: str) -> None:
    assert V221.dump(own_token(last_updated=moment))["last_updated"] == text


@pytest.mark.parametrize(
    ("amount", "json_text"),
    [
        ("5", "5"),
        ("5.00", "5"),
        ("0.1", "0.1"),
        ("1.23456", "1.2346"),
        ("-3.5", "-3.5"),
        ("1E+2", "100"),
        ("0.00001", "0"),
    ],
)
def test_numbers_are_json_numbers_with_four_decimals(amount: str, json_text: str) -> None:
    written = V221.dump(ocpi.Price(before_taxes=Decimal(amount)))
    assert json.dumps(written) == f'{{"excl_vat": {json_text}}}'


def test_what_was_overlooked_when_reading_is_put_right_when_writing() -> None:
    sloppy = make(
        v.LOCATION,
        {
            "name": "n" * 300,
            "city": "Ko\tšice",
            "country": "SK",
            "country_code": "sk",
            "facilities": ["WIFI", "SAUNA", "MALL"],
            "parking_type": "ON_ROOF",
            "coordinates": {"latitude": 48.7, "longitude": "21.2"},
            "images": [
                {"url": "https://ion.sk/1.png", "category": "SELFIE", "type": "png"},
                {"url": "https://ion.sk/2.png", "category": "OWNER", "type": "png"},
            ],
            "evses": [
                make(v.EVSE, {"status": "Preparing"}),
                make(v.EVSE, {"uid": "8", "status": "OCCUPIED"}),
            ],
            "opening_times": {
                "twentyfourseven": "true",
                "regular_hours": [{"weekday": 1, "period_begin": "8:00", "period_end": "24:00"}],
            },
            "last_updated": "2026-03-01T08:00:00+00:00",
        },
    )
    written = convert(V221, "location", sloppy, V221)
    assert written["name"] == "n" * 255
    assert written["city"] == "Ko šice"
    assert (written["country"], written["country_code"]) == ("SVK", "SK")
    assert written["facilities"] == ["WIFI", "MALL"]
    assert "parking_type" not in written
    assert written["coordinates"] == {"latitude": "48.7000000", "longitude": "21.2000000"}
    assert [image["category"] for image in written["images"]] == ["OWNER"]
    assert [evse["status"] for evse in written["evses"]] == ["BLOCKED", "UNKNOWN"]
    assert written["opening_times"]["regular_hours"][0] == {
        "weekday": 1,
        "period_begin": "08:00",
        "period_end": "23:59",
    }
    assert written["last_updated"] == THEN


@pytest.mark.parametrize(
    ("kind", "data", "field", "sent", "message"),
    [
        ("session", v.SESSION, "id", "x" * 37, "has 37 characters, at most 36 are allowed"),
        (
            "session",
            v.SESSION,
            "authorization_reference",
            "x" * 37,
            "has 37 characters, at most 36 are allowed",
        ),
        ("session", v.SESSION, "party_id", "I*N", "I*N should be 3 letters or digits"),
        ("session", v.SESSION, "status", "PAUSED", "PAUSED is no value of SessionStatus"),
        ("cdr_location", v.CDR_LOCATION, "country", "ZA", "ZA should be a code of three letters"),
        ("connector", v.CONNECTOR, "standard", "WARP", "WARP is no value of ConnectorType"),
    ],
)
def test_what_cannot_be_put_right_is_not_written(kind: str, data: Any, field: str, sent: Any, message: str) -> None:
    obj = V221.parse(kind, make(data, {field: sent})).obj
    with pytest.raises(Invalid) as refused:
        V221.dump(obj)
    assert [(fault.path, fault.message) for fault in refused.value.faults] == [(field, message)]


def test_what_is_required_and_empty_is_written_empty() -> None:
    assert V221.dump(own_token(issuer=""))["issuer"] == ""


def test_a_member_of_an_enumeration_is_a_string_anywhere() -> None:
    endpoint = ocpi.Endpoint(identifier=ocpi.CommandType.START_SESSION, role="SENDER", url="https://sfp.example")
    assert type(V221.dump(endpoint)["identifier"]) is str


def test_models_of_2_1_1_can_be_built_too() -> None:
    session = V211.parse("session", v.SESSION_211).obj
    values = {name: getattr(session, name) for name in ("id", "start_date_time", "kwh", "auth_id", "location")}
    values |= {
        "auth_method": "WHITELIST",
        "currency": "EUR",
        "status": "ACTIVE",
        "last_updated": session.last_updated,
    }
    built = V211.models["session"](**values, total_cost=ocpi.Price(before_taxes=Decimal(3)))
    assert V211.dump(built)["total_cost"] == 3


def test_an_optional_link_that_is_none_is_left_out() -> None:
    obj = V221.parse("connector", make(v.CONNECTOR, {"terms_and_conditions": "see website"})).obj
    assert "terms_and_conditions" not in V221.dump(obj)


def test_tolerated_strings_survive_tasks_and_copies() -> None:
    status = V221.parse("evse", make(v.EVSE, {"status": "PREPARING"})).obj.status
    for copy in (pickle.loads(pickle.dumps(status)), deepcopy(status)):  # noqa: S301
        assert (copy, copy.received) == ("BLOCKED", "PREPARING")
