"""A charge at a CPO that lies, of any OCPI version, and what both books say afterwards."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from billing.models import OutstandingAmount, PaymentAuthorization, SimulatedCharge
from ocpi.models import Evse
from partners.models import Incident, Partner, Policy, RemoteEndpoint
from sessions_adhoc.models import AdHocSession
from tests.factories import cdr_data, period_data, session_data
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc import old_cpo
from tests.sessions_adhoc.conftest import BEGINNING, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import open_incidents, state

VERSIONS = ("2.1.1", "2.2", "2.2.1", "2.3.0")
TAX = 1.23


class Money(NamedTuple):
    """Minor units, as one of the two books says them."""

    state: str
    captured: int
    given_back: int = 0


HELD = Money("reserved", 0)
RELEASED = Money("released", 0)


def taken(captured: int, given_back: int = 0) -> Money:
    return Money("captured", captured, given_back)


def ours(session: AdHocSession) -> Money:
    row = PaymentAuthorization.objects.get(pk=session.authorization_id)
    return Money(row.state, row.captured_amount, row.refunded_amount)


def gateways(session: AdHocSession) -> Money:
    row = SimulatedCharge.objects.get(reference=str(session.pk))
    words = {"authorized": "reserved", "voided": "released", "held": "reserved"}
    return Money(words.get(row.status, row.status), row.captured_amount, row.refunded_amount)


def books(session: AdHocSession) -> Money:
    """What both books say; they say the same."""
    assert ours(session) == gateways(session)
    return ours(session)


def outstanding() -> list[tuple[str, int, str]]:
    """(kind, minor units, state) of every claim and receivable."""
    return list(OutstandingAmount.objects.order_by("pk").values_list("kind", "amount", "state"))


def owed() -> list[tuple[str, int]]:
    """(kind, minor units) of the open ones."""
    return [(kind, amount) for kind, amount, now in outstanding() if now == "open"]


def evidence() -> str:
    """All that the open incidents say."""
    return "\n".join(json.dumps(row.evidence) for row in Incident.objects.filter(closed_at=None))


@dataclass
class Charge:
    """One charge over one version. Its wire objects are right where a test does not make them wrong."""

    cpo: Cpo
    driver: Driver
    evse: Evse
    version: str
    session: AdHocSession = field(init=False)
    end: datetime = BEGINNING

    def __post_init__(self) -> None:
        self.once = self.cpo.once.also((self, ("session", "end")))

    def push(self, method: str, path: str, body: Any) -> tuple[int, int]:
        """(HTTP status, OCPI status) of a push; what follows has happened."""
        answer = self.cpo.http.generic(
            method,
            f"/ocpi/emsp/{self.version}/{path}",
            data=json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Token {self.cpo.token}"},
        )
        assert answer.status_code < 500, answer.content
        self.cpo.clock.forward(seconds=1)
        return answer.status_code, answer.json()["status_code"]

    def publish(self, *elements: dict[str, Any], tariff_id: str = "T-1", expected: int = 1000, **more: Any) -> None:
        """Publish a tariff, by default 0.49 EUR per kWh without 23 % VAT: 5 kWh cost 3.01 EUR."""
        body = self.tariff(*elements, tariff_id=tariff_id, **more)
        assert self.once(("publish", body), lambda: self._publish(body)) == expected

    def _publish(self, body: dict[str, Any]) -> int:
        self.evse.connectors.update(tariff_ids=["T-1"])
        return self.push("PUT", f"tariffs/SK/ION/{body['id']}", body)[1]

    def tariff(self, *elements: dict[str, Any], tariff_id: str = "T-1", **more: Any) -> dict[str, Any]:
        last_updated = stamp(self.cpo.clock.now() - timedelta(hours=1))
        body: dict[str, Any] = {"id": tariff_id, "currency": "EUR", "last_updated": last_updated}
        body["elements"] = list(elements or [element("ENERGY", 0.49)])
        if self.version != "2.1.1":
            body |= {"country_code": "SK", "party_id": "ION"}
        if self.version == "2.3.0":
            body["tax_included"] = "NO"
        return {**body, **more}

    def start(self, **body: Any) -> "Charge":
        self.session = self.driver.start(**body)
        return self

    def token(self) -> dict[str, Any]:
        uid = self.cpo.sent("START_SESSION")[-1].body["token"]["uid"]
        token = {**session_data()["cdr_token"], "uid": uid}
        return token if self.version != "2.2" else {name: token[name] for name in ("uid", "type", "contract_id")}

    def meter(self, kwh: float, status: str = "ACTIVE", session_id: str = "S-1", **more: Any) -> None:
        """PUT the Session of the last START_SESSION."""
        self.cpo.metered = kwh
        if status == "COMPLETED":
            self.end = self.cpo.now()
        if self.version == "2.1.1":
            stamps = {"last_updated": stamp(self.cpo.now()), "start_datetime": stamp(BEGINNING + self.cpo.ahead)}
            over = {"end_datetime": stamp(self.end)} if status == "COMPLETED" else {}
            old_cpo.put_session(self.cpo, session_id, kwh, status, **{**stamps, **over, **more})
            return
        over = {"end_date_time": stamp(self.end)} if status == "COMPLETED" else {}
        usual = {
            "authorization_reference": self.cpo.sent("START_SESSION")[-1].body["authorization_reference"],
            "cdr_token": self.token(),
            "start_date_time": stamp(BEGINNING + self.cpo.ahead),
            "last_updated": stamp(self.cpo.now()),
            "kwh": kwh,
            "status": status,
        }
        body = session_data(session_id, **{**usual, **over, **more})
        assert self.push("PUT", f"sessions/SK/ION/{session_id}", body)[1] == 1000

    def charge(self, kwh: float = 5, *, minutes: float = 2) -> "Charge":
        """From START to COMPLETED, the last sample right before."""
        self.once(("charge", kwh, minutes), lambda: self._charge(kwh, minutes))
        return self

    def _charge(self, kwh: float, minutes: float) -> None:
        if not kwh:
            Policy.objects.create(partner=self.cpo.partner, auto_retry="never")
        self.start()
        self.meter(0)
        steps = 2 if minutes < 10 else round(minutes / 4.5)
        for step in range(1, steps + 1):
            self.cpo.clock.forward(minutes=minutes / steps)
            self.meter(kwh * step / steps)
        self.meter(kwh, "COMPLETED")
        self.cpo.clock.forward(seconds=1)
        assert state(self.session)[0] == ("awaiting_cdr" if kwh else "failed")

    def cost(self, gross: float) -> Any:
        """A total of this version that states 23 % VAT, or the net one where it cannot."""
        net = round(gross / TAX, 4)
        if self.version == "2.1.1":
            return net
        if self.version == "2.3.0":
            return {"before_taxes": net, "taxes": [{"name": "VAT", "percentage": 23, "amount": round(gross - net, 4)}]}
        return {"excl_vat": net, "incl_vat": gross}

    def cdr(self, gross: float, cdr_id: str = "CDR-1", *, kwh: float | None = None, **more: Any) -> dict[str, Any]:
        """A CDR of the last START_SESSION, by default for what its Session metered."""
        kwh = self.cpo.metered if kwh is None else kwh
        start, end = stamp(BEGINNING + self.cpo.ahead), stamp(self.end)
        body = {
            "start_date_time": start,
            "total_cost": self.cost(gross),
            "total_energy": kwh,
            "total_time": round((self.end - self.cpo.ahead - BEGINNING).total_seconds() / 3600, 4),
            "charging_periods": [period_data(start, ENERGY=kwh)],
            "last_updated": stamp(self.cpo.now()),
        }
        command = self.cpo.sent("START_SESSION")[-1].body
        if self.version == "2.1.1":
            who = {"auth_id": command["token"]["auth_id"], "auth_method": "AUTH_REQUEST", "location": old_cpo.place()}
            return {"id": cdr_id, "currency": "EUR", "stop_date_time": end, **who, **body, **more}
        who = {"authorization_reference": command["authorization_reference"], "cdr_token": self.token()}
        place = {**cdr_data()["cdr_location"], "postal_code": "85101", "evse_id": "SK*ION*EEVSE-1"}
        return cdr_data(cdr_id, **{"end_date_time": end, "cdr_location": place, **who, **body, **more})

    def bill(self, gross: float, cdr_id: str = "CDR-1", **more: Any) -> tuple[int, int]:
        """POST the CDR, and let everything happen that follows at once."""
        return self.push("POST", "cdrs", self.cdr(gross, cdr_id, **more))

    def credit(self, gross: float, of: str = "CDR-1", cdr_id: str = "CREDIT-1", **more: Any) -> tuple[int, int]:
        return self.bill(-gross, cdr_id, **{"credit": True, "credit_reference_id": of, **more})

    def now(self) -> tuple[str, Money, list[tuple[str, int]], list[str]]:
        """(state, both books, what is owed, open incidents)."""
        return state(self.session)[0], books(self.session), owed(), open_incidents()

    def quiet(self) -> None:
        """A day passes, and nothing changes any more."""
        before = self.now()
        self.cpo.clock.forward(hours=3)
        assert self.now() == before


def element(kind: str, price: float, step_size: int = 1, **restrictions: Any) -> dict[str, Any]:
    """A tariff's element of one component, without VAT stated: that of Slovakia is added, 23 %."""
    made: dict[str, Any] = {"price_components": [{"type": kind, "price": price, "step_size": step_size}]}
    return {**made, "restrictions": restrictions} if restrictions else made


def period(minutes: float, **volumes: float) -> dict[str, Any]:
    """A charging period that begins so many minutes after the START."""
    return period_data(stamp(BEGINNING + timedelta(minutes=minutes)), **volumes)


def speak(cpo: Cpo, version: str) -> None:
    Partner.objects.filter(pk=cpo.partner.pk).update(version=version, enabled_versions=[version])
    RemoteEndpoint.objects.filter(partner=cpo.partner).update(version=version)
    for command in ("START_SESSION", "STOP_SESSION"):
        more = {} if version == "2.1.1" else {"timeout": 30}
        cpo.server.on(f"/commands/{command}", envelope({"result": "ACCEPTED", **more}))


@pytest.fixture
def charge_over(cpo: Cpo, driver: Driver, evse: Evse) -> Callable[[str], Charge]:
    """Makes the charge of a version."""

    def charge_over(version: str) -> Charge:
        speak(cpo, version)
        return Charge(cpo, driver, evse, version)

    return charge_over


@pytest.fixture(params=VERSIONS)
def charge(charge_over: Callable[[str], Charge], request: pytest.FixtureRequest) -> Charge:
    """A charge of each version."""
    return charge_over(request.param)


@pytest.fixture
def charge_221(charge_over: Callable[[str], Charge]) -> Charge:
    return charge_over("2.2.1")


@pytest.fixture(params=["2.1.1", "2.2.1"])
def old_and_new(charge_over: Callable[[str], Charge], request: pytest.FixtureRequest) -> Charge:
    """A charge of the oldest version and of the usual one."""
    return charge_over(request.param)
