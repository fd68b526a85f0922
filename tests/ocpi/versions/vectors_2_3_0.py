"""Hand-written wire objects of OCPI 2.3.0 and its add-ons, valid in their version."""

from typing import Any

from tests.ocpi.versions.vectors import CDR_TOKEN, CONNECTOR, EVSE, LATER, LOCATION, TARIFF, THEN, make

PRICE_230: dict[str, Any] = {
    "before_taxes": 10,
    "taxes": [{"name": "VAT", "percentage": 23, "amount": 2.3}, {"name": "City levy", "amount": 0.5}],
}
TARIFF_230 = make(
    TARIFF,
    {"min_price": {"before_taxes": 1, "after_taxes": 1.23}, "tax_included": "YES", "preauthorize_amount": 40},
)
LOCATION_230 = make(
    LOCATION,
    {
        "help_phone": "+421 2 123",
        "parking_places": [
            {"id": "P1", "vehicle_types": ["VAN"], "restricted_to_type": False, "reservation_required": False}
        ],
        "evses": [
            make(
                EVSE,
                {
                    "connectors": [
                        make(CONNECTOR, {"standard": "MCS", "capabilities": ["ISO_15118_2_PLUG_AND_CHARGE"]})
                    ],
                    "parking": [{"parking_id": "P1", "evse_position": "LEFT"}],
                },
            )
        ],
    },
)
TERMS: dict[str, Any] = {"supported_access_methods": ["OPEN"], "change_until_minutes": 60, "cancel_until_minutes": 30}
SLOT: dict[str, Any] = {"start_date_time": THEN, "end_date_time": LATER, "max_power": 150000}
BOOKING_REQUEST: dict[str, Any] = {
    "country_code": "SK",
    "party_id": "SFP",
    "request_id": "R-1",
    "location_id": "KOSICE-TORYSKA",
    "booking_location_id": "B-1",
    "period": {"start_date_time": THEN, "end_date_time": LATER},
    "authorization_reference": "attempt-1",
    "power_required": 150,
    "tokens": [CDR_TOKEN],
}
BOOKING: dict[str, Any] = {
    "id": "BK-1",
    "country_code": "SK",
    "party_id": "ION",
    "request_id": "R-1",
    "location_id": "KOSICE-TORYSKA",
    "period": SLOT,
    "reservation_status": "RESERVED",
    "authorization_reference": "attempt-1",
    "booking_terms": TERMS,
    "booking_requests": [{"request_status": "ACCEPTED", "booking_request": BOOKING_REQUEST, "request_received": THEN}],
    "canceled": {"cancellation_reason": "TRAFFIC", "who_canceled": "EMSP"},
    "last_updated": LATER,
}
CALENDAR: dict[str, Any] = {
    "id": "CAL-1",
    "begin_from": THEN,
    "end_before": LATER,
    "timeslot_increment": 15,
    "available_timeslots": [SLOT],
    "last_updated": THEN,
}
BOOKING_LOCATION: dict[str, Any] = {
    "country_code": "SK",
    "party_id": "ION",
    "id": "B-1",
    "location_id": "KOSICE-TORYSKA",
    "booking_option": {"evse_position": ["LEFT"], "vehicle_types": ["VAN"], "connector_types": ["MCS"]},
    "policy": {"reservation_required": True, "ad_hoc": 2},
    "calendars": [CALENDAR],
    "last_updated": THEN,
}
TERMINAL: dict[str, Any] = {
    "terminal_id": "T-1",
    "address": "Torysská 5",
    "country": "SVK",
    "coordinates": {"latitude": "48.716386", "longitude": "21.261074"},
    "invoice_creator": "PTP",
    "location_ids": ["KOSICE-TORYSKA"],
    "last_updated": THEN,
}
ADVICE: dict[str, Any] = {
    "id": "F-1",
    "authorization_reference": "attempt-1",
    "total_costs": PRICE_230,
    "currency": "EUR",
    "eft_data": ["AID A0000000041010"],
    "capture_status_code": "SUCCESS",
    "last_updated": THEN,
}
