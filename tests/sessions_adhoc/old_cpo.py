"""What a CPO of OCPI 2.1.1 sends: nothing in it names a Session's attempt, and a CDR names no Session at all."""

import json
from datetime import datetime
from typing import Any

from ocpi.models import Connector
from partners.models import RemoteEndpoint
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import BEGINNING, Cpo, stamp

LOCATION = {
    "id": "LOC-1",
    "type": "ON_STREET",
    "address": "Einsteinova 24",
    "city": "Bratislava",
    "postal_code": "85101",
    "country": "SVK",
    "coordinates": {"latitude": "48.131945", "longitude": "17.109722"},
    "last_updated": stamp(BEGINNING),
}


def speak_2_1_1(cpo: Cpo) -> None:
    """From now on this CPO speaks 2.1.1."""
    type(cpo.partner).objects.filter(pk=cpo.partner.pk).update(version="2.1.1")
    RemoteEndpoint.objects.filter(partner=cpo.partner).update(version="2.1.1")
    cpo.server.on("/commands/START_SESSION", envelope({"result": "ACCEPTED"}))
    cpo.server.on("/commands/STOP_SESSION", envelope({"result": "ACCEPTED"}))


def send(cpo: Cpo, method: str, path: str, body: dict[str, Any]) -> None:
    answer = cpo.http.generic(
        method,
        f"/ocpi/emsp/2.1.1/{path}",
        data=json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Token {cpo.token}"},
    )
    assert answer.json()["status_code"] == 1000, answer.content


def place() -> dict[str, Any]:
    connector = {
        "id": Connector.objects.get(evse__uid="EVSE-1").connector_id,
        "standard": "IEC_62196_T2_COMBO",
        "format": "CABLE",
        "power_type": "DC",
        "voltage": 920,
        "amperage": 350,
        "last_updated": stamp(BEGINNING),
    }
    charger = {"uid": "EVSE-1", "status": "CHARGING", "connectors": [connector], "last_updated": stamp(BEGINNING)}
    return {**LOCATION, "evses": [charger]}


def put_session(
    cpo: Cpo, session_id: str, kwh: float, status: str = "ACTIVE", start: datetime | None = None, **more: Any
) -> None:
    """PUT a Session that names the token of the last START_SESSION."""
    body = {
        "id": session_id,
        "start_datetime": stamp(start or BEGINNING),
        "kwh": kwh,
        "auth_id": cpo.sent("START_SESSION")[-1].body["token"]["auth_id"],
        "auth_method": "AUTH_REQUEST",
        "location": place(),
        "currency": "EUR",
        "status": status,
        "last_updated": stamp(cpo.clock.now()),
        **more,
    }
    if status == "COMPLETED":
        body["end_datetime"] = stamp(cpo.clock.now())
    send(cpo, "PUT", f"sessions/SK/ION/{session_id}", body)


def post_cdr(cpo: Cpo, cdr_id: str, kwh: float, total: float, start: datetime, end: datetime, **more: Any) -> None:
    """POST a CDR that names the token of the last START_SESSION, and its times."""
    periods = [{"start_date_time": stamp(start), "dimensions": [{"type": "ENERGY", "volume": kwh}]}]
    body = {
        "id": cdr_id,
        "start_date_time": stamp(start),
        "stop_date_time": stamp(end),
        "auth_id": cpo.sent("START_SESSION")[-1].body["token"]["auth_id"],
        "auth_method": "AUTH_REQUEST",
        "location": place(),
        "currency": "EUR",
        "charging_periods": periods,
        "total_cost": total,
        "total_energy": kwh,
        "total_time": 0.02,
        "last_updated": stamp(cpo.clock.now()),
        **more,
    }
    send(cpo, "POST", "cdrs", body)
