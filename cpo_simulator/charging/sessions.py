"""Sessions and their charging periods, as a run tells of them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cpo_simulator.charging.pricing import Slice
from cpo_simulator.network.bay import Bay
from cpo_simulator.wire.shapes import Object


@dataclass(frozen=True)
class Start:
    """What the eMSP asked for: the token as a CdrToken, and how to answer."""

    token: Object
    response_url: str
    authorization_reference: str | None
    connector: Object


def session(session_id: str, start: Start, bay: Bay, currency: str, moment: datetime) -> Object:
    """A new Session (OCPI 2.2.1 §9.3.1), PENDING; ``place`` is for versions that embed the Location."""
    return {
        "country_code": bay.location["country_code"],
        "party_id": bay.location["party_id"],
        "id": session_id,
        "start_date_time": moment,
        "kwh": Decimal(0),
        "cdr_token": start.token,
        "auth_method": "COMMAND",
        "authorization_reference": start.authorization_reference,
        "place": bay.place(start.connector),
        "location_id": bay.location["id"],
        "evse_uid": bay.uid,
        "connector_id": start.connector["id"],
        "currency": currency,
        "charging_periods": [],
        "status": "PENDING",
        "last_updated": moment,
    }


def period(piece: Slice, soc: float | None, tariff_id: str) -> Object:
    """A ChargingPeriod of a Session: ENERGY in kWh, POWER in kW, STATE_OF_CHARGE in % (DC only)."""
    dimensions: list[Object] = [
        {"type": "ENERGY", "volume": Decimal(piece.wh) / 1000},
        {"type": "POWER", "volume": piece.kw},
    ]
    if soc is not None:
        dimensions.append({"type": "STATE_OF_CHARGE", "volume": Decimal(round(soc))})
    return {"start_date_time": piece.start, "dimensions": dimensions, "tariff_id": tariff_id}
