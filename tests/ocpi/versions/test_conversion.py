"""An object read by one version, written by another."""

from copy import deepcopy
from datetime import UTC, datetime

import pytest

import ocpi.versions as ocpi
from ocpi.versions import Invalid
from tests.ocpi.versions import vectors as v
from tests.ocpi.versions import vectors_2_3_0 as w
from tests.ocpi.versions.vectors import LATER, THEN, V22, V211, V221, V230, make
from tests.ocpi.versions.writing import convert, own_token


def test_session_2_1_1_as_2_2_1() -> None:
    session = V211.parse("session", v.SESSION_211, owner=("SK", "GRN")).obj
    assert V221.dump(session) == {
        "country_code": "SK",
        "party_id": "GRN",
        "id": "9001",
        "start_date_time": THEN,
        "kwh": 3,
        "cdr_token": {
            "country_code": "ZZ",
            "party_id": "#NA",
            "uid": "SK-SFP-C00042",
            "type": "OTHER",
            "contract_id": "SK-SFP-C00042",
        },
        "auth_method": "AUTH_REQUEST",
        "location_id": "NITRA",
        "evse_uid": "nitra-1",
        "connector_id": "1",
        "currency": "EUR",
        "charging_periods": v.SESSION_211["charging_periods"],
        "total_cost": {"excl_vat": 1.47},
        "status": "ACTIVE",
        "last_updated": LATER,
    }


def test_owner_that_nobody_told_is_written_as_unknown() -> None:
    written = convert(V211, "location", v.LOCATION_211, V221)
    assert (written["country_code"], written["party_id"], written["time_zone"]) == ("ZZ", "#NA", "#NA")
    assert written["publish"] is True
    assert written["parking_type"] == "PARKING_LOT"
    connector = written["evses"][0]["connectors"][0]
    assert (connector["max_voltage"], connector["max_amperage"], connector["tariff_ids"]) == (
        230,
        32,
        ["AC-1"],
    )


def test_session_2_2_1_as_2_1_1() -> None:
    written = convert(V221, "session", make(v.SESSION, {"status": "RESERVATION"}), V211)
    assert written["start_datetime"] == THEN
    assert written["auth_id"] == "SK-SFP-1"
    assert (written["auth_method"], written["status"]) == ("AUTH_REQUEST", "PENDING")
    assert written["total_cost"] == 5
    assert written["charging_periods"][0]["dimensions"] == [{"type": "ENERGY", "volume": 1.5}]
    location = written["location"]
    assert (location["id"], location["type"], location["address"], location["country"]) == (
        "KOSICE-TORYSKA",
        "UNKNOWN",
        "#NA",
        "#NA",
    )
    assert location["evses"][0]["uid"] == "kosice-7"
    assert location["evses"][0]["connectors"][0] == {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "voltage": 0,
        "amperage": 0,
        "last_updated": LATER,
    }


def test_a_period_that_a_version_cannot_express_is_left_out() -> None:
    power_only = {"start_date_time": THEN, "dimensions": [{"type": "POWER", "volume": 50}]}
    obj = V221.parse("session", make(v.SESSION, {"charging_periods": [power_only, v.PERIOD]})).obj
    assert len(V211.dump(obj)["charging_periods"]) == 1


def test_location_2_2_1_as_2_1_1() -> None:
    data = make(
        v.LOCATION,
        {
            "postal_code": None,
            "parking_type": "ON_DRIVEWAY",
            "address": "a" * 50,
            "coordinates": {"latitude": "48.71638", "longitude": "21.2610741"},
            "facilities": ["METRO_STATION", "MALL"],
            "opening_times": {"twentyfourseven": True},
        },
    )
    written = convert(V221, "location", data, V211)
    assert (written["postal_code"], written["type"], written["address"]) == ("#NA", "UNKNOWN", "a" * 45)
    assert written["coordinates"] == {"latitude": "48.716380", "longitude": "21.261074"}
    assert written["facilities"] == ["MALL"]
    assert written["opening_times"] == {"twentyfourseven": True}
    assert "publish" not in written
    connector = written["evses"][0]["connectors"][0]
    assert (connector["voltage"], connector["amperage"], connector["tariff_id"]) == (920, 500, "DC-DAY")


def test_two_phases_are_one_before_2_2_1() -> None:
    data = make(v.CONNECTOR, {"power_type": "AC_2_PHASE", "tariff_ids": None})
    assert convert(V221, "connector", data, V22)["power_type"] == "AC_1_PHASE"
    assert "tariff_id" not in convert(V221, "connector", data, V211)


def test_cdr_2_1_1_as_2_2_1_and_back() -> None:
    energy = {"start_date_time": THEN, "dimensions": [{"type": "ENERGY", "volume": 10}]}
    sold = make(v.CDR_211, {"charging_periods": [*v.CDR_211["charging_periods"], energy]})
    written = convert(V211, "cdr", sold, V22)
    assert written["charging_periods"] == [energy]
    assert written["end_date_time"] == LATER
    assert written["cdr_token"] == {"uid": "SK-SFP-C00042", "type": "OTHER", "contract_id": "SK-SFP-C00042"}
    assert written["cdr_location"]["connector_standard"] == "IEC_62196_T2"
    assert written["total_cost"] == {"excl_vat": 4.9}
    back = convert(V221, "cdr", v.CDR, V211)
    assert (back["auth_id"], back["stop_date_time"], back["total_cost"]) == ("SK-SFP-1", LATER, 10.04)
    assert back["location"]["city"] == "Košice"
    assert back["location"]["evses"][0]["evse_id"] == "SK*ION*E0007"
    assert "session_id" not in back


def test_a_cdr_of_which_nothing_is_left_is_not_written() -> None:
    with pytest.raises(Invalid, match="charging_periods: needs at least one item"):
        V221.dump(V211.parse("cdr", v.CDR_211).obj)


def test_cdr_of_2_1_1_without_evse_as_2_2_1() -> None:
    place = make(v.LOCATION_211, {"evses": None})
    data = make(
        v.CDR_211,
        {
            "location": place,
            "charging_periods": [{"start_date_time": THEN, "dimensions": [{"type": "TIME", "volume": 1}]}],
        },
    )
    location = convert(V211, "cdr", data, V221)["cdr_location"]
    assert (location["evse_id"], location["connector_standard"], location["connector_format"]) == (
        "#NA",
        "IEC_62196_T2",
        "SOCKET",
    )
    back = V211.dump(V221.parse("cdr", make(v.CDR, {"cdr_location": location})).obj)
    assert "evse_id" not in back["location"]["evses"][0]


def test_credentials_between_versions() -> None:
    role = ocpi.CredentialsRole(
        role=ocpi.PartyRole.EMSP,
        business_details=ocpi.BusinessDetails(name="Smart Fuel Pass", website="https://www.smartfuelpass.com"),
        party_id="SFP",
        country_code="SK",
    )
    ours = ocpi.Credentials(token="t0ken", url="https://sfp.example/versions", roles=(role,))
    assert V211.dump(ours) == {
        "token": "t0ken",
        "url": "https://sfp.example/versions",
        "business_details": {"name": "Smart Fuel Pass", "website": "https://www.smartfuelpass.com"},
        "party_id": "SFP",
        "country_code": "SK",
    }
    theirs = V211.parse("credentials", V211.dump(ours)).obj
    assert V221.dump(theirs)["roles"][0]["role"] == "CPO"


def test_roles_and_tokens_are_only_for_those_who_have_them() -> None:
    endpoint = ocpi.Endpoint(identifier="tokens", role=ocpi.InterfaceRole.SENDER, url="https://sfp.example/t")
    details = ocpi.VersionDetails(version="2.1.1", endpoints=(endpoint,))
    assert V211.dump(details)["endpoints"] == [{"identifier": "tokens", "url": "https://sfp.example/t"}]
    allowed = ocpi.AuthorizationInfo(allowed=ocpi.AllowedType.ALLOWED, token=own_token(), authorization_reference="a")
    assert V211.dump(allowed) == {"allowed": "ALLOWED"}
    assert V221.dump(allowed)["token"]["uid"] == "adhoc-1"


def test_command_results_between_versions() -> None:
    assert V211.dump(ocpi.CommandResult(result="EVSE_OCCUPIED")) == {"result": "REJECTED"}
    assert V221.dump(V211.parse("command_response", "TIMEOUT").obj) == {"result": "REJECTED", "timeout": 30}


def test_reservations_are_numbered_in_2_1_1() -> None:
    command = ocpi.ReserveNow(
        response_url="https://sfp.example/r",
        token=own_token(),
        expiry_date=datetime(2026, 3, 1, 8, tzinfo=UTC),
        reservation_id="77",
        location_id="NITRA",
    )
    assert V211.dump(command)["reservation_id"] == 77
    with pytest.raises(Invalid, match="reservation_id: must be a number"):
        V211.dump(command.model_copy(update={"reservation_id": "R-77"}))


def test_prices_between_2_2_1_and_2_3_0() -> None:
    assert convert(V221, "price", {"excl_vat": 10, "incl_vat": 12.3}, V230) == {
        "before_taxes": 10,
        "taxes": [{"name": "VAT", "amount": 2.3}],
    }
    assert convert(V221, "price", {"excl_vat": 10}, V230) == {"before_taxes": 10}
    assert convert(V230, "price", w.PRICE_230, V221) == {"excl_vat": 10, "incl_vat": 12.8}
    assert convert(V230, "price", {"before_taxes": 10}, V221) == {"excl_vat": 10}


def test_tariffs_between_2_2_1_and_2_3_0() -> None:
    assert convert(V221, "tariff", v.TARIFF, V230)["tax_included"] == "NO"
    components = [
        {"type": "ENERGY", "price": 0.615, "vat": 23, "step_size": 1},
        {"type": "FLAT", "price": 1, "step_size": 1},
    ]
    inclusive = make(w.TARIFF_230, {"elements": [{"price_components": components}]})
    written = convert(V230, "tariff", inclusive, V221)
    assert [part["price"] for part in written["elements"][0]["price_components"]] == [0.5, 1]
    assert written["min_price"] == {"excl_vat": 1, "incl_vat": 1.23}
    exclusive = make(inclusive, {"tax_included": "NO"})
    assert convert(V230, "tariff", exclusive, V221)["elements"][0]["price_components"] == components
    assert convert(V230, "tariff", inclusive, V230) == inclusive
    old = convert(V230, "tariff", exclusive, V211)
    assert "vat" not in old["elements"][0]["price_components"][0]


def test_location_2_3_0_as_2_2_1_loses_what_is_new() -> None:
    data = deepcopy(w.LOCATION_230)
    data["evses"][0]["connectors"][0]["standard"] = "IEC_62196_T2"
    data["evses"][0]["capabilities"] = ["RFID_READER", "TELEPATHY"]
    written = convert(V230, "location", data, V221)
    assert "parking_places" not in written
    assert written["evses"][0]["capabilities"] == ["RFID_READER"]
    with pytest.raises(Invalid, match="MCS is no value of ConnectorType"):
        V221.dump(V230.parse("location", w.LOCATION_230).obj)


def test_every_main_object_goes_from_every_version_to_every_other() -> None:
    sources = {
        V211: {
            "location": v.LOCATION_211,
            "session": v.SESSION_211,
            "cdr": v.CDR_211,
            "tariff": v.TARIFF_211,
            "token": v.TOKEN_211,
        },
        V221: {
            "location": v.LOCATION,
            "session": v.SESSION,
            "cdr": v.CDR,
            "tariff": v.TARIFF,
            "token": v.TOKEN,
        },
        V230: {"tariff": w.TARIFF_230, "token": v.TOKEN},
    }
    sources[V211]["cdr"] = make(v.CDR_211, {"charging_periods": v.SESSION_211["charging_periods"]})
    for source, objects in sources.items():
        for kind, data in objects.items():
            for target in ocpi.VERSIONS.values():
                convert(source, kind, data, target)
