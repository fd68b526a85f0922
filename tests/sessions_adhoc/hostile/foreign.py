"""A CPO that nobody here wrote, in the words of each OCPI version: it says what a test wants, when a test wants it.

Every price is 0.50 EUR per kWh net, which is 0.615 with Slovakia's VAT.
"""

import json
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from partners.models import RemoteEndpoint
from sessions_adhoc.models import AdHocSession, AttemptSession
from tests.factories import cdr_data, session_data
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import gateway, money, state
from tests.sessions_adhoc.old_cpo import LOCATION

NET, GROSS = 0.5, Decimal("0.615")
Body = dict[str, Any]


class Foreign:
    """Speaks one version. `of`: which START_SESSION is meant, by its place in the order that they were sent in."""

    def __init__(self, cpo: Cpo, driver: Driver, version: str) -> None:
        self.cpo, self.driver, self.version = cpo, driver, version
        self.old = version == "2.1.1"
        self.began: dict[str, datetime] = {}
        self.last: tuple[str, str, Body] | None = None
        type(cpo.partner).objects.filter(pk=cpo.partner.pk).update(version=version, enabled_versions=[version])
        RemoteEndpoint.objects.filter(partner=cpo.partner).update(version=version)
        for kind in ("START_SESSION", "STOP_SESSION"):
            self.answer(kind, "ACCEPTED")
        self.once = cpo.once.also((self, ("began", "last", "said")))

    @property
    def clock(self) -> Clock:
        return self.cpo.clock

    def now(self) -> datetime:
        return self.clock.now()

    def later(self, **delta: float) -> None:
        self.clock.forward(**delta)

    def answer(self, kind: str, result: str) -> None:
        """Answer commands of a kind with this CommandResponse."""
        self.cpo.server.on(f"/commands/{kind}", envelope({"result": result} | ({} if self.old else {"timeout": 30})))

    def starts(self) -> int:
        return len(self.cpo.sent("START_SESSION"))

    def stops(self) -> list[str]:
        """The Sessions that were to be stopped, in the order of the commands."""
        return [sent.body["session_id"] for sent in self.cpo.sent("STOP_SESSION")]

    # What it says

    def send(self, method: str, path: str, body: Body) -> int:
        """Call our interface; return the OCPI status code of the answer, and fail at an HTTP 5xx."""
        self.last = (method, path, body)
        answer = self.cpo.http.generic(
            method,
            f"/ocpi/emsp/{self.version}/{path}",
            data=json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Token {self.cpo.token}"},
        )
        assert answer.status_code < 400, (path, answer.content)
        self.said = answer.json()
        assert self.said["status_code"] == 1000, self.said
        return int(self.said["status_code"])

    def again(self) -> int:
        """Send the last message once more."""
        assert self.last is not None
        return self.send(*self.last)

    def token(self, of: int = -1) -> Body:
        """Whom it names: the one-off token of a START, and its reference where the version has one."""
        start = self.cpo.sent("START_SESSION")[of].body
        if self.old:
            return {"auth_id": start["token"]["auth_id"]}
        named = session_data()["cdr_token"] | {
            "uid": start["token"]["uid"],
            "contract_id": start["token"]["contract_id"],
        }
        if self.version == "2.2":
            named = {name: named[name] for name in ("uid", "type", "contract_id")}
        return {"cdr_token": named, "authorization_reference": start["authorization_reference"]}

    def session_body(self, kwh: float, status: str, name: str, of: int, start: datetime | None) -> Body:
        began = self.began.setdefault(name, self.now()) if start is None else start
        body: Body = {"id": name, "kwh": kwh, "status": status, "currency": "EUR", "last_updated": stamp(self.now())}
        body |= self.token(of)
        if status in ("COMPLETED", "INVALID"):
            body["end_datetime" if self.old else "end_date_time"] = stamp(self.now())
        if self.old:
            return body | {"start_datetime": stamp(began), "auth_method": "AUTH_REQUEST", "location": self.place()}
        return {**session_data(name), "start_date_time": stamp(began), **body}

    def session(
        self,
        kwh: float,
        status: str = "ACTIVE",
        name: str = "S-1",
        *,
        of: int = -1,
        start: datetime | None = None,
        **more: Any,
    ) -> int:
        """PUT a whole Session; what `more` names as None is left out."""
        body = self.session_body(kwh, status, name, of, start) | more
        body = {key: value for key, value in body.items() if value is not None}
        return self.send("PUT", f"sessions/SK/ION/{name}", body)

    def patch(self, name: str = "S-1", **changes: Any) -> int:
        return self.send("PATCH", f"sessions/SK/ION/{name}", {"last_updated": stamp(self.now()), **changes})

    def evse(self, status: str, at: datetime | None = None) -> int:
        change = {"status": status, "last_updated": stamp(at or self.now())}
        return self.send("PATCH", "locations/SK/ION/LOC-1/EVSE-1", change)

    def place(self, connector: str = "1", location: str = "LOC-1", evse: str = "EVSE-1") -> Body:
        """Where the charge was, as a CDR (2.2 and later) or either of both (2.1.1) says it."""
        if not self.old:
            usual: Body = cdr_data()["cdr_location"]
            return usual | {
                "id": location, "evse_uid": evse, "evse_id": "SK*ION*EEVSE-1", "connector_id": connector,
                "postal_code": "85101",
            }  # fmt: skip
        cable = {
            "id": connector, "standard": "IEC_62196_T2_COMBO", "format": "CABLE", "power_type": "DC",
            "voltage": 920, "amperage": 350, "last_updated": stamp(self.now()),
        }  # fmt: skip
        charger = {"uid": evse, "status": "CHARGING", "connectors": [cable], "last_updated": stamp(self.now())}
        return {**LOCATION, "id": location, "evses": [charger]}

    def cdr(
        self,
        kwh: float,
        name: str = "CDR-1",
        session: str = "S-1",
        *,
        of: int = -1,
        start: datetime | None = None,
        end: datetime | None = None,
        net: float | None = None,
        place: Body | None = None,
        **more: Any,
    ) -> int:
        """POST a CDR over 0.50 EUR per kWh net; what `more` names as None is left out."""
        began = start or self.began.get(session) or self.now() - timedelta(minutes=1)
        over = end or self.now()
        net = round(kwh * NET, 4) if net is None else net
        body: Body = {
            "id": name, "start_date_time": stamp(began), "currency": "EUR", "total_energy": kwh,
            "total_time": round((over - began).total_seconds() / 3600, 4), "last_updated": stamp(self.now()),
            "charging_periods": [
                {"start_date_time": stamp(began), "dimensions": [{"type": "ENERGY", "volume": kwh}]}
            ],
            **self.token(of),
        }  # fmt: skip
        if self.old:
            body |= {"stop_date_time": stamp(over), "auth_method": "AUTH_REQUEST", "total_cost": net}
            body["location"] = place or self.place()
        else:
            body = {**cdr_data(name), **body, "session_id": session, "end_date_time": stamp(over)}
            body["cdr_location"] = place or self.place()
            body["total_cost"] = self.price(net)
        body = {key: value for key, value in (body | more).items() if value is not None}
        return self.send("POST", "cdrs", body)

    def price(self, net: float) -> Body:
        tax = round(net * 0.23, 4)
        if self.version == "2.3.0":
            return {"before_taxes": net, "taxes": [{"name": "VAT", "amount": tax}]}
        return {"excl_vat": net, "incl_vat": round(net + tax, 4)}

    def result(self, kind: str, result: str, of: int = -1) -> int:
        """POST the CommandResult of a command."""
        path = self.cpo.sent(kind)[of].body["response_url"].split(f"/{self.version}/")[1]
        return self.send("POST", path, {"result": result})

    def offers(self, *bodies: Body) -> None:
        self.cpo.offers_sessions(*bodies)

    # What came of it

    def charging(self, kwh: float = 1) -> AdHocSession:
        """A driver's session that charges as S-1 and has had `kwh`."""
        return self.once(("charging", kwh), lambda: self._charging(kwh))

    def _charging(self, kwh: float) -> AdHocSession:
        session = self.driver.start()
        self.session(0)
        self.later(seconds=10)
        self.evse("CHARGING")
        self.session(kwh)
        self.later(seconds=1)
        assert state(session)[0] == "charging"
        return session

    def validating(self) -> AdHocSession:
        return self.once("validating", self._validating)

    def _validating(self) -> AdHocSession:
        session = self.driver.start()
        self.session(0)
        self.later(seconds=10)
        assert state(session)[0] == "validating"
        return session


def outcome(session: AdHocSession) -> tuple[str, str, int]:
    """(state, state of the money, captured), the same in our books and in the gateway's."""
    ours = money(session)
    assert gateway(session) == ours or ours[0] in ("reserved", "capturing", "releasing"), (ours, gateway(session))
    return state(session)[0], *ours


def cents(kwh: float) -> int:
    return int((Decimal(str(kwh)) * GROSS * 100).quantize(Decimal(1), ROUND_HALF_UP))


def settled(session: AdHocSession, kwh: float) -> bool:
    """It is paid, and exactly these kWh are."""
    found, wanted = outcome(session), ("settled", "captured", cents(kwh))
    assert found == wanted, (found, wanted, state(session))
    return True


def validities() -> dict[str, str]:
    return dict(AttemptSession.objects.order_by("pk").values_list("ocpi_session__ocpi_id", "validity"))
