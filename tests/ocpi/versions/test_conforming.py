"""What keeps to its version is read without a lenience and written as it was."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ocpi.versions import Version
from tests.ocpi.versions import vectors as v
from tests.ocpi.versions import vectors_2_3_0 as w
from tests.ocpi.versions.conforming import CASES, IN_2_1_1
from tests.ocpi.versions.vectors import V211, V221, V230, make


@pytest.mark.parametrize(("version", "kind", "data"), CASES, ids=lambda value: str(value)[:30])
def test_it_reads_without_lenience_and_writes_the_same(version: Version, kind: str, data: dict[str, Any]) -> None:
    parsed = version.parse(kind, data)
    assert parsed.leniences == ()
    assert version.dump(parsed.obj) == data


def test_values_are_exact() -> None:
    session = V221.parse("session", v.SESSION).obj
    assert session.kwh == Decimal("12.3456")
    assert session.start_date_time == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert session.charging_periods[0].dimensions[1].volume == Decimal("48.2")
    assert session.total_cost.before_taxes == Decimal("5.0")
    assert session.total_cost.after_taxes == Decimal("6.15")


def test_null_is_absence_of_what_is_optional() -> None:
    parsed = V221.parse("session", make(v.SESSION, {"end_date_time": ..., "meter_id": ...}))
    assert parsed.leniences == ()
    assert parsed.obj.end_date_time is None


def test_objects_cannot_be_changed() -> None:
    session = V221.parse("session", v.SESSION).obj
    with pytest.raises(ValueError, match="frozen"):
        session.kwh = Decimal(0)


def test_2_1_1_says_in_other_words_what_later_versions_say() -> None:
    session = V211.parse("session", v.SESSION_211, owner=("SK", "GRN")).obj
    assert (session.country_code, session.party_id) == ("SK", "GRN")
    assert (session.location_id, session.evse_uid, session.connector_id) == ("NITRA", "nitra-1", "1")
    assert session.cdr_token.contract_id == "SK-SFP-C00042"
    assert session.cdr_token.type == "OTHER"
    assert session.total_cost.before_taxes == Decimal("1.47")
    assert session.location.country_code == "SK"
    connector = session.location.evses[0].connectors[0]
    assert (connector.max_voltage, connector.max_amperage, connector.tariff_ids) == (230, 32, ("AC-1",))


def test_2_1_1_place_without_evse_is_not_available() -> None:
    bare = make(v.LOCATION_211, {"evses": None})
    session = V211.parse("session", make(v.SESSION_211, {"location": bare})).obj
    assert (session.evse_uid, session.connector_id) == ("#NA", "#NA")
    cdr = V211.parse("cdr", make(v.CDR_211, {"location": bare})).obj
    assert (cdr.cdr_location.evse_uid, cdr.cdr_location.connector_standard) == ("#NA", "#NA")
    assert cdr.country_code == ""


def test_2_1_1_cdr_tells_its_place() -> None:
    place = V211.parse("cdr", v.CDR_211).obj.cdr_location
    assert (place.id, place.evse_id, place.connector_power_type) == ("NITRA", "SK*GRN*E1", "AC_3_PHASE")


def test_2_1_1_has_no_roles_but_they_go_without_saying() -> None:
    details = V211.parse(
        "version_details",
        {
            "version": "2.1.1",
            "endpoints": [
                {"identifier": "tokens", "url": "https://grn.sk/t"},
                {"identifier": "sessions", "url": "https://grn.sk/s"},
                {"identifier": "credentials", "url": "https://grn.sk/c"},
            ],
        },
    ).obj
    assert [endpoint.role for endpoint in details.endpoints] == ["RECEIVER", "SENDER", "SENDER"]
    credentials = V211.parse("credentials", dict(IN_2_1_1[9][1])).obj
    assert [(role.role, role.country_code, role.party_id) for role in credentials.roles] == [("CPO", "SK", "GRN")]


def test_2_1_1_answers_name_no_token_and_no_timeout() -> None:
    assert V211.parse("authorization_info", {"allowed": "ALLOWED"}).obj.token.valid is False
    response = V211.parse("command_response", {"result": "ACCEPTED"}).obj
    assert (response.timeout, response.message) == (30, ())
    assert V211.parse("location", v.LOCATION_211).obj.publish is True
    assert V211.parse("location", make(v.LOCATION_211, {"time_zone": ...})).obj.time_zone == ""


def test_2_3_0_adds_taxes_up() -> None:
    price = V230.parse("price", w.PRICE_230).obj
    assert price.after_taxes == Decimal("12.8")
    assert [tax.name for tax in price.taxes] == ["VAT", "City levy"]
    assert V230.parse("price", {"before_taxes": 1}).obj.after_taxes is None


def test_2_3_0_takes_unknown_fields_and_open_values() -> None:
    data = make(w.LOCATION_230, {"x_ion_note": {"a": 1}, "facilities": ["SAUNA"], "parking_type": "ON_ROOF"})
    parsed = V230.parse("location", data)
    assert parsed.leniences == ()
    assert parsed.obj.facilities == ("SAUNA",)
