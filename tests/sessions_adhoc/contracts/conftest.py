"""A CPO that tells of charges with our cards, and our back office that is handed them."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ocpi.models import Connector, Evse, Tariff, Token
from partners.models import Partner
from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import ClientKey, ContractRecord
from sessions_adhoc.tasks import sync_contracts_tick
from tests.factories import TokenFactory, cdr_data, period_data, session_data, tariff_data
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, stamp
from tests.sessions_adhoc.webhooks.conftest import receiver  # noqa: F401

CONTRACT = "SK-SFP-C00000042-1"


@dataclass
class Card:
    """A card of ours, and what the CPO tells of charges with it."""

    cpo: Cpo
    token: Token

    def named(self, **changes: Any) -> dict[str, Any]:
        told = {"uid": self.token.uid, "type": self.token.type, "contract_id": self.token.contract_id}
        return {"country_code": "SK", "party_id": "SFP", **told, **changes}

    def session(
        self, kwh: float, status: str = "ACTIVE", session_id: str = "C-1", expected: int | None = None, **more: Any
    ) -> None:
        usual = {
            "auth_method": "WHITELIST",
            "authorization_reference": None,
            "cdr_token": self.named(),
            "start_date_time": stamp(BEGINNING),
            "last_updated": stamp(self.cpo.now()),
        }
        data = session_data(session_id, kwh=kwh, status=status, **{**usual, **more})
        self.cpo.push("PUT", f"sessions/SK/ION/{session_id}", data, expected)

    def cdr(self, total: float, cdr_id: str = "CDR-1", session_id: str | None = "C-1", **more: Any) -> None:
        """For 10 kWh in an hour."""
        self.cpo.push("POST", "cdrs", self.cdr_wire(total, cdr_id, session_id, **more), None)

    def refused_cdr(self, total: float, **more: Any) -> str:
        """One that is answered with OCPI's 2001; return what is said."""
        answer = self.cpo.http.post(
            "/ocpi/emsp/2.2.1/cdrs",
            data=json.dumps(self.cdr_wire(total, **more)),
            content_type="application/json",
            headers={"Authorization": f"Token {self.cpo.token}"},
        )
        assert answer.json()["status_code"] == 2001, answer.json()
        return str(answer.json()["status_message"])

    def cdr_wire(self, total: float, cdr_id: str = "CDR-1", session_id: str | None = "C-1", **more: Any) -> Any:
        end = BEGINNING + timedelta(hours=1)
        usual = {
            "auth_method": "WHITELIST",
            "authorization_reference": None,
            "cdr_token": self.named(),
            "session_id": session_id,
            "total_cost": {"excl_vat": round(total / 1.23, 4), "incl_vat": total},
            "total_energy": 10,
            "charging_periods": [period_data(stamp(BEGINNING), ENERGY=10)],
            "start_date_time": stamp(BEGINNING),
            "end_date_time": stamp(end),
            "last_updated": stamp(end),
        }
        return cdr_data(cdr_id, **{**usual, **more})

    def charge(self, clock: Clock, session_id: str = "C-1") -> None:
        """10 kWh; the CPO calls it over after an hour."""
        self.session(0, session_id=session_id)
        clock.traveller.move_to(BEGINNING + timedelta(hours=1))
        end = stamp(BEGINNING + timedelta(hours=1))
        self.session(10, "COMPLETED", session_id=session_id, end_date_time=end)


@dataclass
class Office:
    """Our back office, by its key."""

    key: str
    client: ClientKey
    http: Client

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.http.generic(
            method,
            f"/api/v1/{path}",
            data=json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.key}", **headers},
        )

    def charges(self, query: str = "") -> list[dict[str, Any]]:
        answer = self.call("GET", f"contract-charges/{query}")
        assert answer.status_code == 200, answer.content
        return list(answer.json()["results"])


@pytest.fixture
def office(cpo: Cpo) -> Office:
    client, key = create_client_key("back office", is_back_office=True)
    return Office(key, client, Client())


@pytest.fixture
def card(cpo: Cpo, evse: Evse, clock: Clock) -> Card:
    """A card that every CPO knows, and a tariff of 0.49 EUR per kWh and 23 % VAT: 10 kWh are 6.03 EUR."""
    add_tariff(cpo.partner)
    return Card(cpo, make_token("CARD-1", CONTRACT))


def make_token(uid: str, contract: str, at: datetime | None = None, **more: Any) -> Token:
    moment = at or BEGINNING - timedelta(days=10)
    made: Token = TokenFactory.create(
        uid=uid, contract_id=contract, **{"type": "RFID", "whitelist": "ALLOWED", "last_updated": moment, **more}
    )
    return made


def add_tariff(partner: Partner) -> Tariff:
    raw = tariff_data("T-1")
    Connector.objects.filter(evse__location__partner=partner).update(tariff_ids=["T-1"])
    return Tariff.objects.create(
        partner=partner,
        country_code="SK",
        party_id="ION",
        ocpi_id="T-1",
        ocpi_key="t-1",
        version="2.2.1",
        raw=raw,
        currency="EUR",
        last_updated=BEGINNING - timedelta(days=1),
    )


def look(clock: Clock) -> None:
    """What beat and a worker do."""
    while sync_contracts_tick():
        clock.run_tasks()


def wait(clock: Clock, **delta: float) -> None:
    """Let time pass, with a look each minute."""
    until = timezone.now() + timedelta(**delta)
    while timezone.now() < until:
        clock.traveller.move_to(min(until, timezone.now() + timedelta(minutes=30)))
        look(clock)


def records() -> list[tuple[str, str, int | None]]:
    return list(ContractRecord.objects.order_by("pk").values_list("kind", "state", "number"))


def codes() -> list[list[str]]:
    return [[one["code"] for one in row.doubts] for row in ContractRecord.objects.order_by("pk")]
