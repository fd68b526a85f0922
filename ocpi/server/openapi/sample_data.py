"""One charge in Bratislava, as objects: by version, then by kind."""

from typing import Any

OWNER = {"country_code": "SK", "party_id": "ION"}
EMSP = {"country_code": "SK", "party_id": "SFP"}
PLACE = {"latitude": "48.142310", "longitude": "17.108920"}
MORNING, STARTED, LATER, ENDED = (
    "2026-11-02T06:00:00Z",
    "2026-11-22T10:01:30Z",
    "2026-11-22T10:21:30Z",
    "2026-11-22T10:41:30Z",
)
SESSION_ID, TARIFF_ID, REFERENCE = "ION-2026-118204", "ION-DC-149", "7d0f4c2a9b61"
COMPANY = {"name": "ION Charging", "website": "https://www.ion-charging.example"}

CONNECTOR = {
    "id": "1",
    "standard": "IEC_62196_T2_COMBO",
    "format": "CABLE",
    "power_type": "DC",
    "max_voltage": 920,
    "max_amperage": 200,
    "max_electric_power": 150000,
    "tariff_ids": [TARIFF_ID],
    "last_updated": MORNING,
}
EVSE = {
    "uid": "ION-BA-07-1",
    "evse_id": "SK*ION*E0071",
    "status": "AVAILABLE",
    "capabilities": ["REMOTE_START_STOP_CAPABLE", "RFID_READER", "UNLOCK_CAPABLE"],
    "connectors": [CONNECTOR],
    "physical_reference": "7A",
    "last_updated": LATER,
}
LOCATION = {
    **OWNER,
    "id": "ION-BA-07",
    "publish": True,
    "name": "ION Eurovea",
    "address": "Pribinova 8",
    "city": "Bratislava",
    "postal_code": "81109",
    "country": "SVK",
    "coordinates": PLACE,
    "parking_type": "PARKING_GARAGE",
    "evses": [EVSE],
    "operator": COMPANY,
    "facilities": ["MALL", "WIFI"],
    "time_zone": "Europe/Bratislava",
    "opening_times": {"twentyfourseven": True},
    "last_updated": LATER,
}
CDR_TOKEN = {**EMSP, "uid": "SFP-5f2c81d0", "type": "AD_HOC_USER", "contract_id": "SK-SFP-C5F2C81D0"}
PERIODS = [
    {
        "start_date_time": STARTED,
        "dimensions": [
            {"type": "ENERGY", "volume": 18.2},
            {"type": "POWER", "volume": 54.6},
            {"type": "STATE_OF_CHARGE", "volume": 46},
        ],
        "tariff_id": TARIFF_ID,
    },
    {
        "start_date_time": LATER,
        "dimensions": [
            {"type": "ENERGY", "volume": 12.65},
            {"type": "POWER", "volume": 37.95},
            {"type": "STATE_OF_CHARGE", "volume": 78},
        ],
        "tariff_id": TARIFF_ID,
    },
]
SESSION = {
    **OWNER,
    "id": SESSION_ID,
    "start_date_time": STARTED,
    "kwh": 18.2,
    "cdr_token": CDR_TOKEN,
    "auth_method": "COMMAND",
    "authorization_reference": REFERENCE,
    "location_id": LOCATION["id"],
    "evse_uid": EVSE["uid"],
    "connector_id": "1",
    "currency": "EUR",
    "charging_periods": PERIODS[:1],
    "total_cost": {"excl_vat": 8.92, "incl_vat": 10.97},
    "status": "ACTIVE",
    "last_updated": LATER,
}
TARIFF = {
    **OWNER,
    "id": TARIFF_ID,
    "currency": "EUR",
    "type": "AD_HOC_PAYMENT",
    "tariff_alt_text": [{"language": "en", "text": "0.60 EUR per kWh with VAT"}],
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.49, "vat": 23, "step_size": 1}]}],
    "last_updated": MORNING,
}
CDR = {
    **OWNER,
    "id": "ION-CDR-118204",
    "start_date_time": STARTED,
    "end_date_time": ENDED,
    "session_id": SESSION_ID,
    "cdr_token": CDR_TOKEN,
    "auth_method": "COMMAND",
    "authorization_reference": REFERENCE,
    "cdr_location": {
        "id": LOCATION["id"],
        "name": LOCATION["name"],
        "address": LOCATION["address"],
        "city": "Bratislava",
        "postal_code": "81109",
        "country": "SVK",
        "coordinates": PLACE,
        "evse_uid": EVSE["uid"],
        "evse_id": EVSE["evse_id"],
        "connector_id": "1",
        "connector_standard": "IEC_62196_T2_COMBO",
        "connector_format": "CABLE",
        "connector_power_type": "DC",
    },
    "currency": "EUR",
    "tariffs": [TARIFF],
    "charging_periods": PERIODS,
    "total_cost": {"excl_vat": 15.12, "incl_vat": 18.6},
    "total_energy": 30.85,
    "total_energy_cost": {"excl_vat": 15.12, "incl_vat": 18.6},
    "total_time": 0.6667,
    "last_updated": "2026-11-22T10:42:10Z",
}
TOKEN = {
    **CDR_TOKEN,
    "visual_number": "SFP-5F2C81D0",
    "issuer": "Smart Fuel Pass",
    "valid": True,
    "whitelist": "NEVER",
    "language": "sk",
    "last_updated": MORNING,
}
REFERENCES = {"location_id": LOCATION["id"], "evse_uids": [EVSE["uid"]]}
CHARGING_PROFILE = {
    "start_date_time": STARTED,
    "charging_rate_unit": "W",
    "charging_profile_period": [{"start_period": 0, "limit": 50000}],
}
ACTIVE_PROFILE = {"start_date_time": STARTED, "charging_profile": CHARGING_PROFILE}

V2_2_1: dict[str, Any] = {
    "location": LOCATION,
    "evse": EVSE,
    "connector": CONNECTOR,
    "session": SESSION,
    "cdr": CDR,
    "tariff": TARIFF,
    "token": TOKEN,
    "location_references": REFERENCES,
    "authorization_info": {"allowed": "ALLOWED", "token": TOKEN, "location": REFERENCES},
    "credentials": {
        "token": "b7b1f2f4-9d2e-4f0a-8b1c-3f6a54d0c2e1",
        "url": "https://ocpi.ion-charging.example/ocpi/cpo/versions",
        "roles": [{"role": "CPO", "business_details": COMPANY, **OWNER}],
    },
    "command_response": {"result": "ACCEPTED", "timeout": 30},
    "command_result": {"result": "ACCEPTED"},
    "client_info": {**OWNER, "role": "CPO", "status": "CONNECTED", "last_updated": MORNING},
    "charging_profile": CHARGING_PROFILE,
    "active_charging_profile": ACTIVE_PROFILE,
    "active_charging_profile_result": {"result": "ACCEPTED", "profile": ACTIVE_PROFILE},
    "charging_profile_result": {"result": "ACCEPTED"},
    "clear_profile_result": {"result": "ACCEPTED"},
}

PERIOD = {"start_date_time": "2026-11-23T08:00:00Z", "end_date_time": "2026-11-23T09:00:00Z"}
CALENDAR = {
    "id": "ION-CAL-7",
    "begin_from": "2026-11-23T00:00:00Z",
    "end_before": "2026-11-24T00:00:00Z",
    "timeslot_increment": 15,
    "available_timeslots": [{**PERIOD, "max_power": 150000}],
    "last_updated": MORNING,
}
TERMS = {"supported_access_methods": ["OPEN"], "change_until_minutes": 60, "cancel_until_minutes": 30}
BOOKING_REQUEST = {
    **OWNER,
    "request_id": "SFP-REQ-2204",
    "location_id": LOCATION["id"],
    "booking_location_id": "ION-BL-7",
    "tokens": [CDR_TOKEN],
    "period": PERIOD,
    "authorization_reference": REFERENCE,
    "power_required": 50,
}
V2_3_0: dict[str, Any] = {
    "calendar": CALENDAR,
    "terminal": {
        "terminal_id": "SFP-TERM-07",
        **OWNER,
        "invoice_creator": "CPO",
        "reference": "EUROVEA-1",
        "location_ids": [LOCATION["id"]],
        "last_updated": MORNING,
    },
    "financial_advice_confirmation": {
        "id": "0f8c1d52-3a0b-4a35-9a55-6c3c7a1f9d10",
        "authorization_reference": REFERENCE,
        "total_costs": {"before_taxes": 15.12, "taxes": [{"name": "VAT", "percentage": 23, "amount": 3.48}]},
        "currency": "EUR",
        "eft_data": ["MASTERCARD **** 4242", "AUTH 118204"],
        "capture_status_code": "SUCCESS",
        "last_updated": "2026-11-22T10:43:00Z",
    },
    "booking_location": {
        **OWNER,
        "id": "ION-BL-7",
        "location_id": LOCATION["id"],
        "booking_option": {"evse_uid": EVSE["uid"]},
        "booking_terms": TERMS,
        "calendars": [CALENDAR],
        "last_updated": MORNING,
    },
    "booking_request": BOOKING_REQUEST,
    "booking": {
        **OWNER,
        "id": "ION-BOOK-91",
        "request_id": "SFP-REQ-2204",
        "location_id": LOCATION["id"],
        "booking_tokens": [CDR_TOKEN],
        "period": PERIOD,
        "reservation_status": "RESERVED",
        "authorization_reference": REFERENCE,
        "booking_terms": TERMS,
        "booking_requests": [
            {"request_status": "ACCEPTED", "booking_request": BOOKING_REQUEST, "request_received": MORNING}
        ],
        "last_updated": MORNING,
    },
}
SAMPLES = {"2.2.1": V2_2_1, "2.3.0": V2_3_0}
