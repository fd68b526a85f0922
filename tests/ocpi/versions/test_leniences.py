"""What breaks the specification but has a plain meaning is read, and noted with its path."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ocpi.versions import Lenience, Version
from tests.ocpi.versions import vectors as v
from tests.ocpi.versions.vectors import THEN, V211, V22, V221, V230, make


def read(version: Version, kind: str, data: Any) -> tuple[Any, list[tuple[str, str]]]:
    parsed = version.parse(kind, data)
    assert all(isinstance(note, Lenience) and note.detail for note in parsed.leniences)
    return parsed.obj, [(note.kind, note.path) for note in parsed.leniences]


AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment", "kind"),
    [
        ("2026-03-01T08:00:00", AT, "naive_timestamp"),
        ("2026-03-01T08:00:00.5", AT.replace(microsecond=500000), "naive_timestamp"),
        ("2026-03-01T08:00:00+00:00", AT, "utc_offset"),
        ("2026-03-01T10:00:00+0200", AT, "utc_offset"),
        ("2026-03-01T03:30:00-04:30", AT, "utc_offset"),
        ("2026-03-01T09:00:00+01", AT, "utc_offset"),
        ("1970-1-1T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC), "unpadded_date"),
        ("2026-03-01T8:00:00Z", AT, "unpadded_date"),
        ("2026-03-01T08:00:00.123456Z", AT.replace(microsecond=123456), "over_long"),
        ("2026-03-01T08:00:00.123456789Z", AT.replace(microsecond=123456), "over_long"),
        ("2026-03-01 08:00:00Z", AT, "timestamp_format"),
        ("2026-03-01t08:00:00z", AT, "timestamp_format"),
        ("2026-03-01T08:00Z", AT, "timestamp_format"),
        (" 2026-03-01T08:00:00Z ", AT, "timestamp_format"),
    ],
)
def test_timestamps(text: str, moment: datetime, kind: str) -> None:
    session, notes = read(V221, "session", make(v.SESSION, {"last_updated": text}))
    assert session.last_updated == moment
    assert notes == [(kind, "last_updated")]


def test_four_decimals_of_a_second_fit_into_25_characters() -> None:
    session, notes = read(V221, "session", make(v.SESSION, {"last_updated": "2026-03-01T08:00:00.1234Z"}))
    assert session.last_updated.microsecond == 123400
    assert notes == []


@pytest.mark.parametrize(
    ("kind", "data", "field", "sent", "meant", "lenience"),
    [
        ("session", v.SESSION, "kwh", "12.5", Decimal("12.5"), "number_as_string"),
        ("session", v.SESSION, "kwh", " 12,5 ", Decimal("12.5"), "number_as_string"),
        ("session", v.SESSION, "status", "RESERVED", "RESERVATION", "reserved_status"),
        ("session", v.SESSION, "status", "active", "ACTIVE", "enum_case"),
        ("session", v.SESSION, "status", "PAUSED", "PAUSED", "unknown_enum_value"),
        ("session", v.SESSION, "currency", "eur", "EUR", "lower_case_code"),
        ("session", v.SESSION, "currency", "EURO", "EURO", "over_long"),
        ("session", v.SESSION, "party_id", "io", "IO", "code_format"),
        ("session", v.SESSION, "party_id", "I*N", "I*N", "code_format"),
        ("session", v.SESSION, "country_code", "sk", "SK", "lower_case_code"),
        ("session", v.SESSION, "country_code", "SVK", "SVK", "over_long"),
        ("session", v.SESSION, "country_code", "S1", "S1", "code_format"),
        ("session", v.SESSION, "id", 4711, "4711", "number_for_string"),
        ("session", v.SESSION, "id", "x" * 37, "x" * 37, "over_long"),
        ("session", v.SESSION, "meter_id", "a\tb", "a\tb", "unprintable"),
        ("session", v.SESSION, "meter_id", 1.5, "1.5", "number_for_string"),
        ("session", v.SESSION, "authorization_reference", "", None, "empty_string"),
        ("session", v.SESSION, "end_date_time", "", None, "empty_string"),
        ("session", v.SESSION, "total_cost", None, None, None),
        ("session", v.SESSION, "charging_periods", ..., (), "null_list"),
        ("location", v.LOCATION, "country", "SK", "SK", "alpha2_country"),
        ("location", v.LOCATION, "country", "svk", "SVK", "lower_case_code"),
        ("location", v.LOCATION, "country", "S", "S", "code_format"),
        ("location", v.LOCATION, "address", "a" * 256, "a" * 256, "over_long"),
        ("location", v.LOCATION, "publish", "False", False, "boolean_as_string"),
        ("location", v.LOCATION, "charging_when_closed", "", None, "empty_string"),
        ("location", v.LOCATION, "parking_type", "", None, "empty_string"),
        ("location", v.LOCATION, "facilities", "WIFI", ("WIFI",), "single_for_list"),
        ("location", v.LOCATION, "evses", ..., (), "null_list"),
        ("connector", v.CONNECTOR, "terms_and_conditions", "ion.sk/terms", "ion.sk/terms", "url_format"),
        ("connector", v.CONNECTOR, "terms_and_conditions", "", None, "empty_string"),
        ("connector", v.CONNECTOR, "max_amperage", 31.6, 32, "fraction_for_integer"),
        ("connector", v.CONNECTOR, "max_electric_power", "", None, "empty_string"),
        ("evse", v.EVSE, "status", "OCCUPIED", "OCCUPIED", "unknown_enum_value"),
        ("evse", v.EVSE, "status", "Faulted", "OUTOFORDER", "ocpp_status"),
        ("evse", v.EVSE, "status", "SuspendedEV", "CHARGING", "ocpp_status"),
    ],
)
def test_values(kind: str, data: dict[str, Any], field: str, sent: Any, meant: Any, lenience: str | None) -> None:
    obj, notes = read(V221, kind, make(data, {field: sent}))
    assert getattr(obj, field) == meant
    assert notes == ([(lenience, field)] if lenience else [])


def test_a_whole_number_may_have_a_point() -> None:
    connector, notes = read(V221, "connector", make(v.CONNECTOR, {"max_amperage": 32.0}))
    assert connector.max_amperage == 32
    assert notes == []


def test_preparing_is_blocked_and_what_was_received_is_kept() -> None:
    evse, notes = read(V221, "evse", make(v.EVSE, {"status": "PREPARING"}))
    assert evse.status == "BLOCKED"
    assert evse.received_status == "PREPARING"
    assert notes == [("preparing_status", "status")]
    assert V221.parse("evse", v.EVSE).obj.received_status == "AVAILABLE"


def test_paths_lead_through_lists() -> None:
    second = make(v.CONNECTOR, {"id": 2, "standard": "WARP", "last_updated": "2026-03-01T08:00:00"})
    location, notes = read(
        V221, "location", make(v.LOCATION, {"evses": [make(v.EVSE, {"connectors": [v.CONNECTOR, second]})]})
    )
    assert location.evses[0].connectors[1].standard == "WARP"
    assert notes == [
        ("number_for_string", "evses[0].connectors[1].id"),
        ("unknown_enum_value", "evses[0].connectors[1].standard"),
        ("naive_timestamp", "evses[0].connectors[1].last_updated"),
    ]


def test_details_quote_what_was_sent_but_no_more_than_is_sensible() -> None:
    data = make(v.EVSE, {"status": "X" * 100})
    assert V221.parse("evse", data).leniences[0].detail == f"{'X' * 40}... is no value of EvseStatus"


def test_layers_of_leniences_are_taken_off_one_by_one() -> None:
    location, notes = read(
        V221, "location", make(v.LOCATION, {"country": "sk", "images": {"url": "a", "category": "x", "type": "jpeg!"}})
    )
    assert location.country == "SK"
    assert location.images[0].category == "x"
    assert sorted(notes) == [
        ("alpha2_country", "country"),
        ("lower_case_code", "country"),
        ("over_long", "images[0].type"),
        ("single_for_list", "images"),
        ("unknown_enum_value", "images[0].category"),
        ("url_format", "images[0].url"),
    ]


def test_what_is_received_is_never_changed() -> None:
    data = make(v.LOCATION, {"country": "SK", "evses": [make(v.EVSE, {"status": "PREPARING"})]})
    before = repr(data)
    V221.parse("location", data)
    assert repr(data) == before


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
    assert sorted(notes) == [("unknown_field", "cdr_token.country_code"), ("unknown_field", "cdr_token.party_id")]


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
    if version.command_has_timeout and kind == "command_response":
        return
    obj, notes = read(version, kind, "REJECTED")
    assert obj.result == "REJECTED"
    assert notes == [("bare_string", "")]


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


@pytest.mark.parametrize(
    ("sent", "meant", "kind"),
    [("8:00", "08:00", "time_format"), ("08:00:00", "08:00", "time_format"), ("24:00", "24:00", "time_format")],
)
def test_times_of_day(sent: str, meant: str, kind: str) -> None:
    hours, notes = read(V221, "regular_hours", {"weekday": 1, "period_begin": sent, "period_end": "20:00"})
    assert hours.period_begin == meant
    assert notes == [(kind, "period_begin")]


def test_dates_and_empty_times() -> None:
    sent = {"start_date": "2026-03-01T00:00:00Z", "end_date": "", "start_time": ""}
    restrictions, notes = read(V221, "tariff_restrictions", sent)
    assert (restrictions.start_date, restrictions.end_date, restrictions.start_time) == ("2026-03-01", None, None)
    assert sorted(notes) == [
        ("date_format", "start_date"),
        ("empty_string", "end_date"),
        ("empty_string", "start_time"),
    ]


@pytest.mark.parametrize(
    ("sent", "meant", "kind"),
    [
        ("48.7", "48.7", "coordinate_precision"),
        ("48.12345678", "48.12345678", "coordinate_precision"),
        (" 48.716386 ", "48.716386", "coordinate_precision"),
        (48.716386, "48.7163860", "number_for_string"),
        (Decimal("48.716386"), "48.7163860", "number_for_string"),
    ],
)
def test_coordinates(sent: Any, meant: str, kind: str) -> None:
    place, notes = read(V221, "geo_location", {"latitude": sent, "longitude": "21.261074"})
    assert place.latitude == meant
    assert notes == [(kind, "latitude")]
