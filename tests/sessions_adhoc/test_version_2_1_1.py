"""OCPI 2.1.1: a Session and a CDR name our token by its `auth_id` only, which is the contract id (rules 1, 7)."""

import json
from typing import Any

import pytest

from ocpi.models import Connector, Evse
from partners.models import RemoteEndpoint
from sessions_adhoc.models import AttemptSession
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import gateway, money, state

pytestmark = pytest.mark.django_db

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


@pytest.fixture
def old_cpo(cpo: Cpo, evse: Evse) -> Cpo:
    """The CPO speaks 2.1.1."""
    type(cpo.partner).objects.filter(pk=cpo.partner.pk).update(version="2.1.1")
    RemoteEndpoint.objects.filter(partner=cpo.partner).update(version="2.1.1")
    cpo.server.on("/commands/START_SESSION", envelope({"result": "ACCEPTED"}))
    return cpo


def send(cpo: Cpo, method: str, path: str, body: dict[str, Any]) -> None:
    answer = cpo.http.generic(
        method,
        f"/ocpi/emsp/2.1.1/{path}",
        data=json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Token {cpo.token}"},
    )
    assert answer.json()["status_code"] == 1000, answer.content


def place(evse: Evse) -> dict[str, Any]:
    connector = {
        "id": Connector.objects.get(evse=evse).connector_id,
        "standard": "IEC_62196_T2_COMBO",
        "format": "CABLE",
        "power_type": "DC",
        "voltage": 920,
        "amperage": 350,
        "last_updated": stamp(BEGINNING),
    }
    charger = {"uid": "EVSE-1", "status": "CHARGING", "connectors": [connector], "last_updated": stamp(BEGINNING)}
    return {**LOCATION, "evses": [charger]}


def put_session(cpo: Cpo, evse: Evse, kwh: float, status: str = "ACTIVE") -> None:
    start = cpo.sent("START_SESSION")[-1].body
    body = {
        "id": "S-1",
        "start_datetime": stamp(BEGINNING),
        "kwh": kwh,
        "auth_id": start["token"]["auth_id"],
        "auth_method": "AUTH_REQUEST",
        "location": place(evse),
        "currency": "EUR",
        "status": status,
        "last_updated": stamp(cpo.clock.now()),
    }
    if status == "COMPLETED":
        body["end_datetime"] = stamp(cpo.clock.now())
    send(cpo, "PUT", "sessions/SK/ION/S-1", body)


def test_a_charge_over_2_1_1_is_followed_and_settled(driver: Driver, old_cpo: Cpo, evse: Evse, clock: Clock) -> None:
    session = driver.start()
    put_session(old_cpo, evse, 0)
    clock.forward(seconds=30)
    put_session(old_cpo, evse, 5)
    clock.forward(seconds=1)
    assert state(session)[0] == "charging"
    clock.forward(seconds=30)
    put_session(old_cpo, evse, 6, "COMPLETED")
    clock.forward(seconds=1)
    assert state(session)[0] == "awaiting_cdr"
    cdr = {
        "id": "CDR-1",
        "start_date_time": stamp(BEGINNING),
        "stop_date_time": stamp(clock.now()),
        "auth_id": old_cpo.sent("START_SESSION")[-1].body["token"]["auth_id"],
        "auth_method": "AUTH_REQUEST",
        "location": place(evse),
        "currency": "EUR",
        "charging_periods": [{"start_date_time": stamp(BEGINNING), "dimensions": [{"type": "ENERGY", "volume": 6}]}],
        "total_cost": 3.94,
        "total_energy": 6,
        "total_time": 0.02,
        "last_updated": stamp(clock.now()),
    }
    send(old_cpo, "POST", "cdrs", cdr)
    clock.forward(seconds=1)
    assert state(session) == ("settled", "")
    assert (money(session), gateway(session)) == (("captured", 485), ("captured", 485))  # 3.94 and the VAT of Slovakia
    assert list(AttemptSession.objects.values_list("validity", flat=True)) == ["valid"]
