"""Hand-written wire objects, valid in their version: each call returns a fresh one with some fields replaced."""

from copy import deepcopy
from typing import Any

from ocpi.versions import VERSIONS

V211, V22, V221, V230 = VERSIONS.values()
THEN = "2026-03-01T08:00:00Z"
LATER = "2026-03-01T09:30:00Z"


def make(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy of `base`; a change to None leaves the field out, `...` stands for null."""
    made = deepcopy(base) | changes
    return {key: None if value is ... else value for key, value in made.items() if value is not None}


CONNECTOR: dict[str, Any] = {
    "id": "1",
    "standard": "IEC_62196_T2_COMBO",
    "format": "CABLE",
    "power_type": "DC",
    "max_voltage": 920,
    "max_amperage": 500,
    "max_electric_power": 300000,
    "tariff_ids": ["DC-DAY"],
    "last_updated": THEN,
}
EVSE: dict[str, Any] = {
    "uid": "kosice-7",
    "evse_id": "SK*ION*E0007",
    "status": "AVAILABLE",
    "capabilities": ["REMOTE_START_STOP_CAPABLE", "RFID_READER"],
    "connectors": [CONNECTOR],
    "last_updated": THEN,
}
LOCATION: dict[str, Any] = {
    "country_code": "SK",
    "party_id": "ION",
    "id": "KOSICE-TORYSKA",
    "publish": True,
    "name": "Košice Toryská",
    "address": "Torysská 5",
    "city": "Košice",
    "postal_code": "04011",
    "country": "SVK",
    "coordinates": {"latitude": "48.716386", "longitude": "21.261074"},
    "evses": [EVSE],
    "time_zone": "Europe/Bratislava",
    "last_updated": THEN,
}
CDR_TOKEN: dict[str, Any] = {
    "country_code": "SK",
    "party_id": "SFP",
    "uid": "adhoc-1",
    "type": "AD_HOC_USER",
    "contract_id": "SK-SFP-1",
}
PERIOD: dict[str, Any] = {
    "start_date_time": THEN,
    "dimensions": [{"type": "ENERGY", "volume": 1.5}, {"type": "POWER", "volume": 48.2}],
}
SESSION: dict[str, Any] = {
    "country_code": "SK",
    "party_id": "ION",
    "id": "S-1",
    "start_date_time": THEN,
    "kwh": 12.3456,
    "cdr_token": CDR_TOKEN,
    "auth_method": "COMMAND",
    "authorization_reference": "attempt-1",
    "location_id": "KOSICE-TORYSKA",
    "evse_uid": "kosice-7",
    "connector_id": "1",
    "currency": "EUR",
    "charging_periods": [PERIOD],
    "total_cost": {"excl_vat": 5.0, "incl_vat": 6.15},
    "status": "ACTIVE",
    "last_updated": LATER,
}
TARIFF: dict[str, Any] = {
    "country_code": "SK",
    "party_id": "ION",
    "id": "DC-DAY",
    "currency": "EUR",
    "type": "AD_HOC_PAYMENT",
    "min_price": {"excl_vat": 1, "incl_vat": 1.23},
    "elements": [
        {
            "price_components": [{"type": "ENERGY", "price": 0.49, "vat": 23, "step_size": 1}],
            "restrictions": {
                "start_time": "08:00",
                "end_time": "20:00",
                "max_kwh": 50,
                "day_of_week": ["MONDAY"],
            },
        }
    ],
    "last_updated": THEN,
}
CDR_LOCATION: dict[str, Any] = {
    "id": "KOSICE-TORYSKA",
    "address": "Torysská 5",
    "city": "Košice",
    "postal_code": "04011",
    "country": "SVK",
    "coordinates": {"latitude": "48.716386", "longitude": "21.261074"},
    "evse_uid": "kosice-7",
    "evse_id": "SK*ION*E0007",
    "connector_id": "1",
    "connector_standard": "IEC_62196_T2_COMBO",
    "connector_format": "CABLE",
    "connector_power_type": "DC",
}
CDR: dict[str, Any] = {
    "country_code": "SK",
    "party_id": "ION",
    "id": "CDR-1",
    "start_date_time": THEN,
    "end_date_time": LATER,
    "session_id": "S-1",
    "cdr_token": CDR_TOKEN,
    "auth_method": "COMMAND",
    "cdr_location": CDR_LOCATION,
    "currency": "EUR",
    "tariffs": [TARIFF],
    "charging_periods": [{"start_date_time": THEN, "dimensions": [{"type": "ENERGY", "volume": 20.5}]}],
    "total_cost": {"excl_vat": 10.04, "incl_vat": 12.35},
    "total_energy": 20.5,
    "total_time": 1.5,
    "last_updated": LATER,
}
TOKEN: dict[str, Any] = {
    "country_code": "SK",
    "party_id": "SFP",
    "uid": "04A1B2C3D4",
    "type": "RFID",
    "contract_id": "SK-SFP-C00042",
    "issuer": "Smart Fuel Pass",
    "valid": True,
    "whitelist": "ALLOWED",
    "last_updated": THEN,
}

CONNECTOR_211: dict[str, Any] = {
    "id": "1",
    "standard": "IEC_62196_T2",
    "format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "voltage": 230,
    "amperage": 32,
    "tariff_id": "AC-1",
    "last_updated": THEN,
}
EVSE_211: dict[str, Any] = {
    "uid": "nitra-1",
    "evse_id": "SK*GRN*E1",
    "status": "CHARGING",
    "connectors": [CONNECTOR_211],
    "last_updated": THEN,
}
LOCATION_211: dict[str, Any] = {
    "id": "NITRA",
    "type": "PARKING_LOT",
    "address": "Štefánikova 1",
    "city": "Nitra",
    "postal_code": "94901",
    "country": "SVK",
    "coordinates": {"latitude": "48.307600", "longitude": "18.084600"},
    "evses": [EVSE_211],
    "last_updated": THEN,
}
SESSION_211: dict[str, Any] = {
    "id": "9001",
    "start_datetime": THEN,
    "kwh": 3,
    "auth_id": "SK-SFP-C00042",
    "auth_method": "AUTH_REQUEST",
    "location": LOCATION_211,
    "currency": "EUR",
    "charging_periods": [{"start_date_time": THEN, "dimensions": [{"type": "ENERGY", "volume": 3}]}],
    "total_cost": 1.47,
    "status": "ACTIVE",
    "last_updated": LATER,
}
CDR_211: dict[str, Any] = {
    "id": "C-9001",
    "start_date_time": THEN,
    "stop_date_time": LATER,
    "auth_id": "SK-SFP-C00042",
    "auth_method": "WHITELIST",
    "location": LOCATION_211,
    "currency": "EUR",
    "charging_periods": [{"start_date_time": THEN, "dimensions": [{"type": "FLAT", "volume": 1}]}],
    "total_cost": 4.9,
    "total_energy": 10,
    "total_time": 1.5,
    "last_updated": LATER,
}
TARIFF_211: dict[str, Any] = {
    "id": "AC-1",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "TIME", "price": 2, "step_size": 300}]}],
    "last_updated": THEN,
}
TOKEN_211: dict[str, Any] = {
    "uid": "04A1B2C3D4",
    "type": "RFID",
    "auth_id": "SK-SFP-C00042",
    "issuer": "Smart Fuel Pass",
    "valid": True,
    "whitelist": "NEVER",
    "last_updated": THEN,
}
