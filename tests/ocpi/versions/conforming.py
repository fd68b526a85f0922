"""Wire objects that keep to their version, as (version, kind, data)."""

from typing import Any

from tests.ocpi.versions import vectors as v
from tests.ocpi.versions import vectors_2_3_0 as w
from tests.ocpi.versions.vectors import THEN, V22, V211, V221, V230, make

IMAGE = {"url": "https://ion.sk/a.png", "category": "LOCATION", "type": "png", "width": 640, "height": 480}
FULL_LOCATION = make(
    v.LOCATION,
    {
        "publish": False,
        "publish_allowed_to": [{"uid": "04A1", "type": "RFID"}, {"group_id": "fleet"}],
        "state": "Košický kraj",
        "related_locations": [
            {"latitude": "48.71638", "longitude": "-21.2610749", "name": {"language": "sk", "text": "Vjazd"}}
        ],
        "parking_type": "PARKING_LOT",
        "directions": [{"language": "en", "text": "Behind the mall"}],
        "operator": {"name": "Ion", "website": "https://ion.sk", "logo": IMAGE},
        "suboperator": {"name": "Sub"},
        "owner": {"name": "Mall"},
        "facilities": ["MALL", "WIFI"],
        "opening_times": {
            "twentyfourseven": False,
            "regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}],
            "exceptional_openings": [{"period_begin": THEN, "period_end": "2026-03-01T10:00:00Z"}],
            "exceptional_closings": [{"period_begin": THEN, "period_end": "2026-03-01T10:00:00.250Z"}],
        },
        "charging_when_closed": True,
        "images": [IMAGE],
        "energy_mix": {
            "is_green_energy": True,
            "energy_sources": [{"source": "SOLAR", "percentage": 100}],
            "environ_impact": [{"category": "CARBON_DIOXIDE", "amount": 12.5}],
            "supplier_name": "Sun",
            "energy_product_name": "Sun plus",
        },
        "evses": [
            make(
                v.EVSE,
                {
                    "status_schedule": [{"period_begin": THEN, "status": "INOPERATIVE"}],
                    "floor_level": "-1",
                    "coordinates": {"latitude": "48.716386", "longitude": "21.261074"},
                    "physical_reference": "7",
                    "parking_restrictions": ["EV_ONLY"],
                },
            )
        ],
    },
)
FULL_CDR = make(
    v.CDR,
    {
        "signed_data": {
            "encoding_method": "OCMF",
            "encoding_method_version": 1,
            "public_key": "04ab",
            "signed_values": [{"nature": "Start", "plain_data": "x", "signed_data": "y"}],
            "url": "https://verify.example",
        },
        "total_energy_cost": {"excl_vat": 10.04},
        "credit": True,
        "credit_reference_id": "CDR-0",
        "remark": "Thank you",
    },
)
CREDENTIALS = {
    "token": "11111111-2222",
    "url": "https://ocpi.ion.sk/versions",
    "roles": [{"role": "CPO", "business_details": {"name": "Ion"}, "party_id": "ION", "country_code": "SK"}],
}
PROFILE = {
    "start_date_time": THEN,
    "duration": 3600,
    "charging_rate_unit": "W",
    "min_charging_rate": 1380.5,
    "charging_profile_period": [{"start_period": 0, "limit": 11000}],
}
COMMANDS: list[tuple[str, dict[str, Any]]] = [
    (
        "start_session",
        {
            "response_url": "https://sfp.example/r/1",
            "token": v.TOKEN,
            "location_id": "L",
            "evse_uid": "E",
            "connector_id": "1",
            "authorization_reference": "attempt-1",
        },
    ),
    ("stop_session", {"response_url": "https://sfp.example/r/2", "session_id": "S-1"}),
    (
        "reserve_now",
        {
            "response_url": "https://sfp.example/r/3",
            "token": v.TOKEN,
            "expiry_date": THEN,
            "reservation_id": "R1",
            "location_id": "L",
        },
    ),
    ("cancel_reservation", {"response_url": "https://sfp.example/r/4", "reservation_id": "R1"}),
    (
        "unlock_connector",
        {"response_url": "https://sfp.example/r/5", "location_id": "L", "evse_uid": "E", "connector_id": "1"},
    ),
    (
        "command_response",
        {"result": "ACCEPTED", "timeout": 30, "message": [{"language": "en", "text": "ok"}]},
    ),
    ("command_result", {"result": "EVSE_OCCUPIED"}),
]
SINCE_2_2: list[tuple[str, dict[str, Any]]] = [
    *COMMANDS,
    ("location", FULL_LOCATION),
    ("session", v.SESSION),
    (
        "session",
        make(v.SESSION, {"evse_uid": "#NA", "connector_id": "#NA", "status": "RESERVATION", "total_cost": None}),
    ),
    ("cdr", FULL_CDR),
    ("tariff", v.TARIFF),
    (
        "token",
        make(v.TOKEN, {"group_id": "G", "language": "sk", "energy_contract": {"supplier_name": "Sun"}}),
    ),
    ("credentials", CREDENTIALS),
    (
        "authorization_info",
        {"allowed": "ALLOWED", "token": v.TOKEN, "location": {"location_id": "L", "evse_uids": ["E"]}},
    ),
    ("version_list_item", {"version": "2.2.1", "url": "https://ocpi.ion.sk/2.2.1"}),
    (
        "version_details",
        {
            "version": "2.2.1",
            "endpoints": [{"identifier": "cdrs", "role": "SENDER", "url": "https://ocpi.ion.sk/c"}],
        },
    ),
    (
        "client_info",
        {"party_id": "ION", "country_code": "SK", "role": "CPO", "status": "CONNECTED", "last_updated": THEN},
    ),
    ("charging_preferences", {"profile_type": "FAST", "energy_need": 30, "discharge_allowed": False}),
    ("set_charging_profile", {"charging_profile": PROFILE, "response_url": "https://sfp.example/r/6"}),
    ("active_charging_profile", {"start_date_time": THEN, "charging_profile": PROFILE}),
    (
        "active_charging_profile_result",
        {"result": "ACCEPTED", "profile": {"start_date_time": THEN, "charging_profile": PROFILE}},
    ),
    ("charging_profile_response", {"result": "TOO_OFTEN", "timeout": 60}),
    ("charging_profile_result", {"result": "REJECTED"}),
    ("clear_profile_result", {"result": "UNKNOWN"}),
]
IN_2_2 = {
    "cdr": make(FULL_CDR, {"cdr_token": {"uid": "a", "type": "RFID", "contract_id": "c"}}),
    "session": make(v.SESSION, {"cdr_token": {"uid": "a", "type": "RFID", "contract_id": "c"}}),
    "start_session": make(COMMANDS[0][1], {"connector_id": None}),
}
IN_2_1_1: list[tuple[str, dict[str, Any]]] = [
    ("location", v.LOCATION_211),
    (
        "location",
        make(
            v.LOCATION_211,
            {
                "time_zone": "Europe/Bratislava",
                "opening_times": {"regular_hours": [{"weekday": 7, "period_begin": "08:00", "period_end": "20:00"}]},
                "energy_mix": {
                    "is_green_energy": False,
                    "environ_impact": [{"source": "NUCLEAR_WASTE", "amount": 0.1}],
                },
            },
        ),
    ),
    ("session", v.SESSION_211),
    ("cdr", v.CDR_211),
    ("cdr", make(v.CDR_211, {"tariffs": [v.TARIFF_211]})),
    ("tariff", v.TARIFF_211),
    ("token", v.TOKEN_211),
    ("location_references", {"location_id": "NITRA", "evse_uids": ["nitra-1"], "connector_ids": ["1"]}),
    ("authorization_info", {"allowed": "BLOCKED", "info": {"language": "sk", "text": "Blokované"}}),
    (
        "credentials",
        {
            "token": "t0ken",
            "url": "https://grn.sk/versions",
            "business_details": {"name": "Green"},
            "party_id": "GRN",
            "country_code": "SK",
        },
    ),
    (
        "version_details",
        {"version": "2.1.1", "endpoints": [{"identifier": "tokens", "url": "https://grn.sk/t"}]},
    ),
    ("command_response", {"result": "TIMEOUT"}),
    ("command_result", {"result": "ACCEPTED"}),
    (
        "start_session",
        {"response_url": "https://sfp.example/r", "token": v.TOKEN_211, "location_id": "NITRA"},
    ),
    (
        "reserve_now",
        {
            "response_url": "https://sfp.example/r",
            "token": v.TOKEN_211,
            "expiry_date": THEN,
            "reservation_id": 77,
            "location_id": "NITRA",
        },
    ),
]
IN_2_3_0 = {
    "location": w.LOCATION_230,
    "session": make(v.SESSION, {"total_cost": w.PRICE_230}),
    "cdr": make(
        v.CDR,
        {
            "total_cost": w.PRICE_230,
            "tariffs": [w.TARIFF_230],
            "booking_id": "BK-1",
            "total_time_cost": {"before_taxes": 0},
        },
    ),
    "tariff": w.TARIFF_230,
    "credentials": CREDENTIALS | {"hub_party_id": "NLHUB"},
    "token": make(v.TOKEN, {"type": "EMAID"}),
}
ADD_ONS: list[tuple[str, dict[str, Any]]] = [
    ("booking", w.BOOKING),
    ("booking_request", w.BOOKING_REQUEST),
    ("booking_location", w.BOOKING_LOCATION),
    ("calendar", w.CALENDAR),
    ("terminal", w.TERMINAL),
    ("financial_advice_confirmation", w.ADVICE),
    ("access_information", {"method": "LICENSE_PLATE", "value": "KE123AB"}),
    (
        "invoice_reconciliation_record",
        {
            "country_code": "SK",
            "party_id": "ION",
            "id": "1",
            "invoice_id": "2026/7",
            "cdrs": ["CDR-1"],
            "last_updated": THEN,
        },
    ),
]
CASES = [
    *((V221, kind, data) for kind, data in SINCE_2_2),
    *((V22, kind, IN_2_2.get(kind, data)) for kind, data in SINCE_2_2 if kind != "location"),
    *((V230, kind, IN_2_3_0.get(kind, data)) for kind, data in SINCE_2_2),
    *((V211, kind, data) for kind, data in IN_2_1_1),
    *((V230, kind, data) for kind, data in ADD_ONS),
]
