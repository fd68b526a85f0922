"""What breaks the specification but has a plain meaning is read, and noted with its path."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest

from ocpi.versions import Invalid, Lenience, Version, WireModel, reading
from ocpi.versions.readers import Reader, tolerate
from tests.ocpi.versions import vectors as v
from tests.ocpi.versions.vectors import V221, make


def read(version: Version, kind: str, data: Any) -> tuple[Any, list[tuple[str, str]]]:
    parsed = version.parse(kind, data)
    assert all(isinstance(note, Lenience) and note.detail for note in parsed.leniences)
    return parsed.obj, [(note.kind, note.path) for note in parsed.leniences]


AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment", "kind"),
    [
        ("0001-01-01T00:00:00Z", datetime(1900, 1, 1, tzinfo=UTC), "beyond_time"),
        ("0001-01-01T00:00:00", datetime(1900, 1, 1, tzinfo=UTC), "beyond_time"),
        ("9999-12-31T23:59:59Z", datetime(2500, 1, 1, tzinfo=UTC), "beyond_time"),
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
        ("session", v.SESSION, "party_id", "IO", "IO", "code_format"),
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
def test_values(kind: str, data: dict[str, Any], field: str, sent: Any, meant: Any, lenience: str) -> None:
    obj, notes = read(V221, kind, make(data, {field: sent}))
    assert getattr(obj, field) == meant
    assert notes == [(lenience, field)]


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
        V221,
        "location",
        make(v.LOCATION, {"country": "sk", "images": {"url": "a", "category": "x", "type": "jpeg!"}}),
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


def test_a_reader_that_is_never_content_ends_in_a_fault() -> None:
    class Never(Reader):
        def read(self, value: Any) -> Any:
            raise tolerate("again", "once more", value + 1)

    class Model(WireModel):
        field: Annotated[int, Never()]

    with pytest.raises(Invalid, match="field: once more"):
        reading.read(Model, {"field": 1}, unknown_allowed=True)


@pytest.mark.parametrize(
    ("sent", "meant", "kind"),
    [
        ("8:00", "08:00", "time_format"),
        ("08:00:00", "08:00", "time_format"),
        ("24:00", "24:00", "time_format"),
    ],
)
def test_times_of_day(sent: str, meant: str, kind: str) -> None:
    hours, notes = read(V221, "regular_hours", {"weekday": 1, "period_begin": sent, "period_end": "20:00"})
    assert hours.period_begin == meant
    assert notes == [(kind, "period_begin")]


def test_dates_and_empty_times() -> None:
    sent = {"start_date": "2026-03-01T00:00:00Z", "end_date": "", "start_time": ""}
    restrictions, notes = read(V221, "tariff_restrictions", sent)
    assert (restrictions.start_date, restrictions.end_date, restrictions.start_time) == (
        "2026-03-01",
        None,
        None,
    )
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


def test_what_a_known_peer_leaves_out_of_a_cdr() -> None:
    place = {
        "id": "LOC-1",
        "address": "Hlavna 1",
        "city": "Bratislava",
        "country": "SVK",
        "coordinates": {"latitude": "48.148598", "longitude": "17.107748"},
        "evse_id": "SK*ION*E1",
        "connector_id": "1",
        "connector_standard": "IEC_62196_T2_COMBO",
        "connector_format": "CABLE",
        "connector_power_type": "DC",
    }
    found, notes = read(V221, "cdr_location", place)
    assert found.evse_uid == "#NA"
    assert notes == [("missing_field", "evse_uid")]
    found, notes = read(V221, "cdr_location", {"connector_id": "1"})
    assert (found.id, found.city, found.country, found.coordinates.latitude) == ("#NA", "#NA", "XXX", "0.000000")
    assert ("missing_field", "city") in notes
