"""Objects that an example's PATCH is applied to: older than any example, valid in every version."""

from typing import Any

from ocpi.versions import VERSIONS, Version

LONG_AGO = "2014-01-01T00:00:00Z"
OWNER = ("SK", "ION")
LOCATION_ID, EVSE_UID, CONNECTOR_ID, CALENDAR_ID = "SITE-1", "3256", "1", "CAL-1"
_NEWEST_COMMON = VERSIONS["2.2.1"]
_PARTY = {"country_code": OWNER[0], "party_id": OWNER[1]}
_TOKEN = {"country_code": "SK", "party_id": "SFP", "uid": "DRIVER-1", "type": "RFID", "contract_id": "SK-SFP-1"}

_CONNECTOR = {
    "id": CONNECTOR_ID,
    "standard": "IEC_62196_T2",
    "format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "max_voltage": 230,
    "max_amperage": 32,
    "tariff_ids": ["AC"],
    "last_updated": LONG_AGO,
}
_EVSE = {"uid": EVSE_UID, "status": "AVAILABLE", "connectors": [_CONNECTOR], "last_updated": LONG_AGO}
_LOCATION = {
    **_PARTY,
    "id": LOCATION_ID,
    "publish": True,
    "name": "Site",
    "address": "Hlavna 1",
    "city": "Bratislava",
    "postal_code": "81101",
    "country": "SVK",
    "coordinates": {"latitude": "48.148598", "longitude": "17.107748"},
    "time_zone": "Europe/Bratislava",
    "parking_type": "PARKING_LOT",
    "evses": [_EVSE],
    "last_updated": LONG_AGO,
}
_SESSION = {
    **_PARTY,
    "id": "S-1",
    "start_date_time": LONG_AGO,
    "kwh": 1.5,
    "cdr_token": _TOKEN,
    "auth_method": "AUTH_REQUEST",
    "location_id": LOCATION_ID,
    "evse_uid": EVSE_UID,
    "connector_id": CONNECTOR_ID,
    "currency": "EUR",
    "charging_periods": [{"start_date_time": LONG_AGO, "dimensions": [{"type": "ENERGY", "volume": 1.5}]}],
    "status": "ACTIVE",
    "last_updated": LONG_AGO,
}
_TARIFF = {
    **_PARTY,
    "id": "AC",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.39, "step_size": 1}]}],
    "last_updated": LONG_AGO,
}
_OUR_TOKEN = {**_TOKEN, "issuer": "Smart Fuel Pass", "valid": True, "whitelist": "NEVER", "last_updated": LONG_AGO}

_SLOT = {"start_date_time": "2025-03-23T00:00:00Z", "end_date_time": "2025-03-23T09:00:00Z"}
_TERMS = {"supported_access_methods": ["OPEN"], "change_until_minutes": 60, "cancel_until_minutes": 30}
_REQUEST = {
    "country_code": "SK",
    "party_id": "SFP",
    "request_id": "R-1",
    "location_id": LOCATION_ID,
    "booking_location_id": "B-1",
    "period": _SLOT,
    "authorization_reference": "REF-1",
}
_CALENDAR = {
    "id": CALENDAR_ID,
    "begin_from": _SLOT["start_date_time"],
    "end_before": _SLOT["end_date_time"],
    "available_timeslots": [_SLOT],
    "last_updated": LONG_AGO,
}
_ADD_ONS: dict[str, dict[str, Any]] = {
    "terminal": {"terminal_id": "T-1", "last_updated": LONG_AGO},
    "calendar": _CALENDAR,
    "booking_location": {
        **_PARTY,
        "id": "B-1",
        "location_id": LOCATION_ID,
        "booking_terms": _TERMS,
        "calendars": [_CALENDAR],
        "last_updated": LONG_AGO,
    },
    "booking_request": _REQUEST,
    "booking": {
        **_PARTY,
        "id": "BK-1",
        "request_id": "R-1",
        "location_id": LOCATION_ID,
        "period": _SLOT,
        "reservation_status": "PENDING",
        "authorization_reference": "REF-1",
        "booking_terms": _TERMS,
        "booking_requests": [{"request_status": "PENDING", "booking_request": _REQUEST, "request_received": LONG_AGO}],
        "last_updated": LONG_AGO,
    },
}
_COMMON = {
    "connector": _CONNECTOR,
    "evse": _EVSE,
    "location": _LOCATION,
    "tariff": _TARIFF,
    "token": _OUR_TOKEN,
}


def base(kind: str, version: Version) -> dict[str, Any]:
    """A valid object of this kind as `version` writes it."""
    if kind in _ADD_ONS:
        return dict(_ADD_ONS[kind])
    if kind == "session":
        return _session(version)
    return version.dump(_NEWEST_COMMON.parse(kind, _COMMON[kind]).obj)


def _session(version: Version) -> dict[str, Any]:
    """2.1.1 puts the whole location into its Session, which a Session of 2.2.1 has no source for."""
    if version.objects_name_owner:
        return version.dump(_NEWEST_COMMON.parse("session", _SESSION).obj)
    shared = ("id", "kwh", "auth_method", "currency", "charging_periods", "status", "last_updated")
    place = base("location", version)
    return {
        **{name: _SESSION[name] for name in shared},
        "start_datetime": LONG_AGO,
        "auth_id": _TOKEN["contract_id"],
        "location": place,
    }
