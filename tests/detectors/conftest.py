"""A connected CPO with a charger and a driver (those of the lifecycle's tests), and the platform's own watch."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from ocpi.client import CallFailed
from ocpi.client.remote import functional
from partners.models import AllowedNetwork, Incident, Partner
from partners.tasks import mail_detect
from sessions_adhoc.models import AdHocSession
from tests.factories import session_data
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver, clock, cpo, driver, evse, their_server

__all__ = ["World", "clock", "cpo", "driver", "evse", "their_server", "world"]

OWN = "127.0.0.1"


@dataclass
class World:
    """What happens between a CPO, drivers and us, and what the platform says of it."""

    cpo: Cpo
    driver: Driver
    clock: Clock

    @property
    def partner(self) -> Partner:
        return self.cpo.partner

    def detect(self) -> list[str]:
        """Let a minute pass and the watch come by; return the symptoms of open incidents."""
        self.clock.forward(minutes=1)
        mail_detect()
        return symptoms()

    def pass_time(self, **delta: float) -> None:
        """Let time pass with the sweep, and the watch every few minutes of it."""
        left = timedelta(**delta)
        while left > timedelta(0):
            self.clock.forward(seconds=min(left, timedelta(minutes=5)).total_seconds())
            mail_detect()
            left -= timedelta(minutes=5)

    def calls_us(self, method: str = "GET", path: str = "sessions/SK/ION/S-1", body: Any = None, **extra: Any) -> Any:
        """The CPO makes a request, whatever comes of it."""
        headers = {"HTTP_AUTHORIZATION": f"Token {self.cpo.token}", **extra}
        url = f"/ocpi/emsp/2.2.1/{path}"
        return getattr(self.cpo.http, method.lower())(url, body, content_type="application/json", **headers)

    def we_call(self, module: str = "sessions") -> None:
        """We make a request to the CPO, whatever comes of it."""
        try:
            functional(self.partner, "GET", module, "SENDER")
        except CallFailed:
            return

    def charges(self, kwh: float = 2.5) -> AdHocSession:
        """A driver's charge that is under way, with energy, well pushed."""
        return self.cpo.once(("charges", kwh), lambda: self._charges(kwh))

    def _charges(self, kwh: float) -> AdHocSession:
        session = self.driver.start()
        self.cpo.session(0, created=True)
        self.cpo.evse("CHARGING")
        self.clock.forward(seconds=30)
        self.sample(kwh)
        return session

    def sample(self, kwh: float, **more: Any) -> None:
        """A push with kWh and kW."""
        self.cpo.session(kwh, **{"charging_periods": [power(50)], **more})

    def ends(self, kwh: float = 2.6) -> None:
        self.sample(kwh, status="COMPLETED")
        self.clock.forward(seconds=1)


def power(kw: float) -> dict[str, Any]:
    """A charging period that tells kW."""
    return {"start_date_time": "2026-05-04T12:00:00Z", "dimensions": [{"type": "POWER", "volume": kw}]}


def symptoms() -> list[str]:
    """Of the open incidents, oldest first."""
    return list(Incident.objects.filter(closed_at=None).order_by("pk").values_list("symptom", flat=True))


def only() -> Incident:
    """The one incident there is, open or closed."""
    return Incident.objects.get()


@pytest.fixture
def world(cpo: Cpo, driver: Driver, clock: Clock) -> World:
    """Everything in order: the CPO calls from the one address that is allowed."""
    AllowedNetwork.objects.create(partner=cpo.partner, network=OWN)
    cpo.server.on("GET /cdrs", cpo.server.script["GET /sessions"])
    return World(cpo, driver, clock)


def someone_elses_session(**changes: Any) -> dict[str, Any]:
    """A Session that belongs to no driver of ours."""
    return session_data("S-9", **changes)
