"""The Sessions that the benchmarks send: what a CPO with 2.2.1 pushes, PUT and PATCH in turn."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 1, 1, 10, 0, tzinfo=UTC)
STEPS = 4
"""Requests per Session: PUT of a new one, PATCH, PUT of the whole, PATCH with a charging period."""


def moment(seconds: float) -> str:
    return f"{START + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def period(seconds: float, power: float) -> dict[str, Any]:
    return {"start_date_time": moment(seconds), "dimensions": [{"type": "POWER", "volume": power}]}


def session(session_id: str, seconds: float, kwh: float, **changes: Any) -> dict[str, Any]:
    """A running Session with one charging period."""
    return {
        "country_code": "SK",
        "party_id": "ION",
        "id": session_id,
        "start_date_time": moment(0),
        "kwh": kwh,
        "cdr_token": {
            "country_code": "SK",
            "party_id": "SFP",
            "uid": "BENCHTOKEN1",
            "type": "AD_HOC_USER",
            "contract_id": "SK-SFP-C00000001",
        },
        "auth_method": "COMMAND",
        "authorization_reference": f"ref-{session_id}",
        "location_id": "LOC-1",
        "evse_uid": "EVSE-1",
        "connector_id": "1",
        "currency": "EUR",
        "charging_periods": [period(0, 48.5)],
        "status": "ACTIVE",
        "last_updated": moment(seconds),
        **changes,
    }


def step(prefix: str, number: int) -> tuple[str, str, bytes]:
    """Return (method, session id, body) of a connection's n-th request."""
    session_id, which = f"{prefix}-{number // STEPS}", number % STEPS
    seconds, kwh = which * 30, which * 0.4
    if which % 2 == 0:
        return "PUT", session_id, json.dumps(session(session_id, seconds, kwh)).encode()
    change: dict[str, Any] = {"kwh": kwh, "last_updated": moment(seconds)}
    if which == STEPS - 1:
        change["charging_periods"] = [period(seconds, 47.0)]
    return "PATCH", session_id, json.dumps(change).encode()


def location(location_id: str, evses: int, status: str = "AVAILABLE") -> dict[str, Any]:
    """A Location with DC EVSEs of one connector each."""
    return {
        "country_code": "SK",
        "party_id": "ION",
        "id": location_id,
        "publish": True,
        "name": f"Station {location_id}",
        "address": "Hlavna 1",
        "city": "Bratislava",
        "postal_code": "81101",
        "country": "SVK",
        "coordinates": {"latitude": "48.148598", "longitude": "17.107748"},
        "time_zone": "Europe/Bratislava",
        "evses": [_evse(f"{location_id}-{number}", status) for number in range(1, evses + 1)],
        "last_updated": moment(0),
    }


def _evse(uid: str, status: str) -> dict[str, Any]:
    return {
        "uid": uid,
        "evse_id": f"SK*ION*E{uid}",
        "status": status,
        "capabilities": ["REMOTE_START_STOP_CAPABLE"],
        "connectors": [
            {
                "id": "1",
                "standard": "IEC_62196_T2_COMBO",
                "format": "CABLE",
                "power_type": "DC",
                "max_voltage": 920,
                "max_amperage": 400,
                "max_electric_power": 150000,
                "tariff_ids": ["T-1"],
                "last_updated": moment(0),
            }
        ],
        "last_updated": moment(0),
    }


def cdr(session_id: str, evse_uid: str, own: dict[str, Any]) -> dict[str, Any]:
    """The CDR of a Session over 9.5 kWh; `own` names the driver's token and the attempt."""
    connector = {"connector_id": "1", "connector_standard": "IEC_62196_T2_COMBO", "connector_format": "CABLE"}
    return {
        "country_code": "SK",
        "party_id": "ION",
        "id": f"CDR-{session_id}",
        "start_date_time": moment(0),
        "end_date_time": moment(90),
        "session_id": session_id,
        "cdr_token": own["cdr_token"],
        "auth_method": "COMMAND",
        "authorization_reference": own["authorization_reference"],
        "cdr_location": {
            "id": own["location_id"],
            "address": "Hlavna 1",
            "city": "Bratislava",
            "country": "SVK",
            "coordinates": {"latitude": "48.148598", "longitude": "17.107748"},
            "evse_uid": evse_uid,
            "evse_id": f"SK*ION*E{evse_uid}",
            **connector,
            "connector_power_type": "DC",
        },
        "currency": "EUR",
        "charging_periods": [
            {"start_date_time": moment(0), "dimensions": [{"type": "ENERGY", "volume": 9.5}]},
        ],
        "total_cost": {"excl_vat": 3.78, "incl_vat": 4.65},
        "total_energy": 9.5,
        "total_time": 0.025,
        "last_updated": moment(120),
    }
