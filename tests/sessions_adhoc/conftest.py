"""An onboarded CPO, its charger and a driver's client, for tests of the lifecycle.

The CPO's server is scripted (`tests.ocpi.cpo`); what it pushes goes through our OCPI interface. Time is the test's.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from ocpi.models import Evse
from partners import tokens
from partners.agreed.policies import DEFAULTS
from partners.models import IssuedToken, Partner, ReceivedToken, RemoteEndpoint
from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.tasks import tick
from tests.factories import (
    ConnectorFactory,
    EvseFactory,
    LocationFactory,
    PartnerFactory,
    cdr_data,
    period_data,
    session_data,
)
from tests.ocpi.cpo import TOKEN_C, Answer, ScriptedCpo, Seen, envelope
from tests.support.remembering import Remembering

API = "/api/v1/ad-hoc-sessions/"
BY_THE_RULES = DEFAULTS["hold_for_retry"]
BEGINNING = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Cpo:
    """One CPO: the server that we call, and its own calls to us."""

    partner: Partner
    server: ScriptedCpo
    token: str
    clock: "Clock"
    once: Remembering
    http: Client = field(default_factory=Client)
    metered: float = 5
    """kWh that the newest Session told."""
    ahead: timedelta = timedelta(0)
    """How far its clock is ahead of the true time."""
    last_cdr: dict[str, Any] = field(default_factory=dict)

    def now(self) -> datetime:
        """What its clock shows."""
        return self.clock.now() + self.ahead

    def accept(self, kind: str, result: str = "ACCEPTED", **more: Any) -> None:
        """Answer commands of a kind with a CommandResponse."""
        self.server.on(f"/commands/{kind}", envelope({"result": result, "timeout": 30, **more}))

    def sent(self, kind: str) -> list[Seen]:
        """The commands of a kind that arrived, in order."""
        return self.server.calls("POST", f"/commands/{kind}")

    def push(self, method: str, path: str, body: Any, expected: int | None) -> Any:
        """Call our OCPI interface; without an expected HTTP status, any success will do."""
        answer = self.http.generic(
            method,
            f"/ocpi/emsp/2.2.1/{path}",
            data=json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Token {self.token}"},
        )
        assert answer.status_code == expected or (expected is None and answer.status_code < 300), answer.content
        assert answer.json()["status_code"] == 1000, answer.json()
        return answer

    def session(
        self, kwh: float, status: str = "ACTIVE", *, session_id: str = "S-1", created: bool = False, **more: Any
    ) -> None:
        """PUT the Session that answers the last START_SESSION."""
        start, self.metered = self.sent("START_SESSION")[-1].body, kwh
        usual = {
            "authorization_reference": start["authorization_reference"],
            "cdr_token": {**session_data()["cdr_token"], "uid": start["token"]["uid"]},
            "start_date_time": stamp(BEGINNING),
            "last_updated": stamp(self.now()),
        }
        data = session_data(session_id, kwh=kwh, status=status, **{**usual, **more})
        self.push("PUT", f"sessions/SK/ION/{session_id}", data, 201 if created else 200)

    def evse(self, status: str) -> None:
        """PATCH the charger's status."""
        change = {"status": status, "last_updated": stamp(self.now())}
        self.push("PATCH", "locations/SK/ION/LOC-1/EVSE-1", change, 200)

    def cdr(
        self, total: float, cdr_id: str = "CDR-1", *, kwh: float | None = None, expected: int | None = 201, **more: Any
    ) -> None:
        """POST the CDR of the last START_SESSION, by default for what its Session metered."""
        kwh = self.metered if kwh is None else kwh
        start = self.sent("START_SESSION")[-1].body
        data = cdr_data(
            cdr_id,
            authorization_reference=start["authorization_reference"],
            cdr_token={**session_data()["cdr_token"], "uid": start["token"]["uid"]},
            total_cost={"excl_vat": round(total / 1.23, 2), "incl_vat": total},
            total_energy=kwh,
            charging_periods=[period_data(stamp(BEGINNING), ENERGY=kwh)],
            start_date_time=stamp(BEGINNING),
            end_date_time=stamp(BEGINNING + timedelta(minutes=1)),
            last_updated=stamp(BEGINNING + timedelta(minutes=1)),
        )
        self.last_cdr = {**data, **more}
        self.push("POST", "cdrs", self.last_cdr, expected)

    def offers_sessions(self, *sessions: dict[str, Any]) -> None:
        """Answer GET /sessions with these."""
        self.server.on("GET /sessions", envelope(list(sessions), headers={"X-Total-Count": str(len(sessions))}))

    def refuses_sessions(self) -> None:
        self.server.on("GET /sessions", Answer("broken", 500))


class Clock:
    """The test's time: it stands still until the test moves it."""

    def __init__(self, traveller: time_machine.Traveller, run_tasks: Callable[..., Any]) -> None:
        self.traveller, self.run_tasks = traveller, run_tasks

    def now(self) -> datetime:
        from django.utils import timezone

        return timezone.now()

    def forward(self, **delta: float) -> None:
        """Let time pass and the sweep come by, as often as it would have something to do."""
        until = self.now() + timedelta(**delta)
        while (due := self.next_due()) is not None and due <= until:
            self.traveller.move_to(max(due, self.now()))
            self.sweep()
        self.traveller.move_to(until)
        self.sweep()

    def next_due(self) -> datetime | None:
        from billing.models import PaymentAuthorization
        from sessions_adhoc.models import FallbackPull

        dues = [
            model.objects.exclude(next_check_at=None)
            .order_by("next_check_at")
            .values_list("next_check_at", flat=True)
            .first()
            for model in (AdHocSession, FallbackPull)
        ]
        reserving = PaymentAuthorization.objects.filter(state__in=["reserving", "capturing", "releasing"])
        dues.append(reserving.order_by("next_check_at").values_list("next_check_at", flat=True).first())
        return min((due for due in dues if due is not None), default=None)

    def sweep(self) -> None:
        from billing.tasks import tick as billing_tick

        billing_tick()
        tick()
        self.run_tasks()


@pytest.fixture(autouse=True)
def released_at_once() -> Iterator[None]:
    """A charge that comes to nothing lets go of the money at once, so that its end is seen: `test_trying_again` has
    what comes of the default."""
    assert DEFAULTS["hold_for_retry"] == BY_THE_RULES, "an earlier test left it changed"
    DEFAULTS["hold_for_retry"] = 0
    yield
    DEFAULTS["hold_for_retry"] = BY_THE_RULES


@pytest.fixture
def clock(run_tasks: Callable[..., Any]) -> Iterator[Clock]:
    with time_machine.travel(BEGINNING, tick=False) as traveller:
        yield Clock(traveller, run_tasks)


@pytest.fixture(scope="session")
def their_server() -> Iterator[ScriptedCpo]:
    server = ScriptedCpo()
    yield server
    server.close()


@pytest.fixture
def cpo(db: None, clock: Clock, their_server: ScriptedCpo, request: pytest.FixtureRequest) -> Cpo:
    """A connected CPO with one DC charger, `SK*ION*EEVSE-1`, that accepts every command."""
    their_server.script, their_server.seen = {}, []
    once = Remembering(request, clock.traveller.move_to, (their_server, ("script", "seen")))
    partner, token = once(
        ("connected", their_server.url, DEFAULTS["hold_for_retry"]), lambda: connected(their_server.url)
    )
    made = Cpo(partner, their_server, token, clock, once)
    made.once = once.also((made, ("metered", "ahead")))
    made.accept("START_SESSION")
    made.accept("STOP_SESSION")
    made.offers_sessions()
    return made


def connected(url: str) -> tuple[Partner, str]:
    partner = PartnerFactory.create(code="ion", party_id="ION", token_encoding="raw", environment="production")
    _row, token = tokens.issue(partner, state=IssuedToken.State.ACTIVE)
    tokens.store_received(partner, TOKEN_C, ReceivedToken.Purpose.CONNECTION)
    for module, role in (("commands", "RECEIVER"), ("sessions", "SENDER"), ("cdrs", "SENDER")):
        RemoteEndpoint.objects.create(partner=partner, version="2.2.1", module=module, role=role, url=f"{url}/{module}")
    return partner, token


@pytest.fixture
def evse(cpo: Cpo) -> Evse:
    return cpo.once("its charger", lambda: charger_of(cpo.partner))


def charger_of(partner: Partner) -> Evse:
    before = BEGINNING - timedelta(days=1)
    location = LocationFactory.create(partner=partner, ocpi_id="LOC-1", last_updated=before)
    charger = EvseFactory.create(location=location, uid="EVSE-1", last_updated=before)
    ConnectorFactory.create(evse=charger, last_updated=before)
    return charger


@dataclass
class Driver:
    """A driver with a client key."""

    http: Client
    key: str
    run_tasks: Callable[..., Any]
    once: Remembering

    def call(self, method: str, path: str = "", body: Any = None, **headers: str) -> Any:
        return self.http.generic(
            method,
            API + path,
            data=json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.key}", **headers},
        )

    def start(self, **body: Any) -> AdHocSession:
        """Ask to charge, and let everything happen that follows at once."""
        play = ("START", body, DEFAULTS["hold_for_retry"])
        return AdHocSession.objects.get(pk=self.once(play, lambda: self._start(body)))

    def _start(self, body: dict[str, Any]) -> str:
        answer = self.call("POST", body={"evse": "SK*ION*EEVSE-1", **body})
        assert answer.status_code == 201, answer.content
        self.run_tasks()
        return str(answer.json()["id"])

    def stop(self, session: AdHocSession) -> None:
        answer = self.call("POST", f"{session.pk}/stop/")
        assert answer.status_code == 202, answer.content
        self.run_tasks()


@pytest.fixture
def driver(cpo: Cpo, evse: Evse, run_tasks: Callable[..., Any]) -> Driver:
    key = cpo.once("a client's key", lambda: create_client_key("app")[1])
    return Driver(Client(), key, run_tasks, cpo.once)
