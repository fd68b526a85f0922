"""The story that the demonstration tells: a CPO is onboarded, a driver charges, the money is settled."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from django.contrib.auth import get_user_model

from billing.models import PaymentAuthorization
from ocpi import handshake
from ocpi.models import Cdr, Evse, HandshakeRun, HandshakeStep, Location, SyncRun
from partners.models import Incident, Partner
from partners.services import ContactDetails, PartnerDetails, add_partner
from rehearsal.demo.printing import Printer
from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import AdHocSession, TimelineEvent
from sessions_adhoc.money.offering import offer_of
from sessions_adhoc.states import TERMINAL

PATIENCE = 300.0
STOP_AT_KWH = 8.0
POLL = 0.2


class StoryFailed(Exception):
    """Something in the story did not happen; the text says what and where to look."""


@dataclass(frozen=True)
class Outcome:
    """What must be true at the end, in minor units; `problems` is empty when it is."""

    session: AdHocSession
    captured: int
    cdr_gross: int
    problems: tuple[str, ...]


def wait_for(what: str, condition: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Return the first true value of `condition()`. Raises `StoryFailed` after `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(POLL)
    raise StoryFailed(f"waited {patience:g} s for {what}")


def make_admin(folder: Path) -> tuple[str, str]:
    """Create the administrator with a generated password; return (user, password)."""
    password = secrets.token_urlsafe(12)
    get_user_model().objects.create_superuser("admin", "admin@example.com", password)
    return "admin", password


def add_cpo(ready_file: Path) -> Partner:
    """Enter the simulated CPO as staff would: what guide 3.1 asks for."""
    ready = json.loads(ready_file.read_text())
    details = PartnerDetails(
        code="ion",
        name="Ion Charge (simulated)",
        country_code="SK",
        party_id="ION",
        agreed_version="2.2.1",
        versions_url=ready["versions_url"],
        token_a=ready["token_a"],
        contacts=[ContactDetails("Simulated Engineer", "engineer@ion.example", "+421 900 123 456")],
        networks=["127.0.0.1"],
    )
    return add_partner(details)


def shake_hands(partner: Partner, out: Printer) -> None:
    """Run the handshake through worker and beat, printing its steps as they happen."""
    run = handshake.start(partner)
    told = 0

    def ended() -> bool:
        nonlocal told
        steps = HandshakeStep.objects.filter(run=run, pk__gt=told, ended_at__isnull=False)
        for step in steps:
            out.event(f"{step.get_step_display()}: {step.text}")
            told = step.pk
        run.refresh_from_db(fields=["state", "cause", "advice"])
        return run.state not in (HandshakeRun.State.SCHEDULED, HandshakeRun.State.RUNNING)

    wait_for("the handshake", ended)
    if run.state != HandshakeRun.State.SUCCEEDED:
        raise StoryFailed(f"the handshake failed: {run.cause} {run.advice}")


def wait_for_locations(partner: Partner, out: Printer) -> None:
    """Wait until all pages of the CPO's locations were read."""
    runs = SyncRun.objects.filter(partner=partner, module="locations")
    wait_for("the CPO's locations", lambda: runs.filter(state=SyncRun.State.SUCCEEDED).exists())
    sites, chargers = Location.objects.filter(partner=partner), Evse.objects.filter(partner=partner)
    out.event(f"{sites.count()} locations with {chargers.count()} EVSEs received")


def wait_for_chargers(partner: Partner) -> Evse:
    """A free DC charger."""
    free = Evse.objects.filter(partner=partner, status="AVAILABLE", connectors__power_type="DC").order_by("pk")
    evse: Evse = wait_for("a free charger", lambda: free.select_related("location").first())
    return evse


class Charge:
    """One charge over the driver's API, told as it happens."""

    def __init__(self, web_url: str, evse: Evse, out: Printer) -> None:
        self.url, self.evse, self.out = f"{web_url}/api/v1/ad-hoc-sessions/", evse, out
        _client, key = create_client_key(f"demo {secrets.token_hex(3)}")
        self.http = requests.Session()
        self.http.headers.update({"Authorization": f"Bearer {key}"})
        self.told = 0
        self.id = ""

    def call(self, method: str, path: str = "", **options: Any) -> dict[str, Any]:
        answer = self.http.request(method, self.url + path, timeout=PATIENCE, **options)
        if answer.status_code >= 400:
            raise StoryFailed(f"{method} {self.url}{path} answered {answer.status_code}: {answer.text[:500]}")
        body: dict[str, Any] = answer.json()
        return body

    def start(self, payment_method: str = "") -> None:
        """Ask for it. `payment_method`: the gateway's token of a card, where the driver is not asked for one."""
        connector = self.evse.connectors.first()
        body = {
            "evse": self.evse.code,
            "connector": connector.connector_id if connector else "",
            **({"payment_method": payment_method} if payment_method else {}),
        }
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        self.id = self.call("POST", json=body, headers=headers)["id"]

    def tell(self) -> dict[str, Any]:
        """Print what is new; return the session as the API shows it."""
        for event in TimelineEvent.objects.filter(session__pk=self.id, pk__gt=self.told):
            self.out.event(event.text)
            self.told = event.pk
        session = self.call("GET", f"{self.id}/")
        meter, money = session["meter"], session["money"]
        if meter["kwh"] and not session["finished"]:
            cost = f"{money['estimated'] / 100:.2f} {money['currency']}" if money["estimated"] else "-"
            self.out.progress(meter["kwh"] / STOP_AT_KWH, f"{meter['kwh']:.2f} kWh  {meter['kw'] or 0:.0f} kW  {cost}")
        return session

    def follow_until(self, what: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Tell the story until `condition(session)`; an end that comes first also ends it."""

        def reached() -> dict[str, Any] | None:
            session = self.tell()
            return session if session["finished"] or condition(session) else None

        found: dict[str, Any] = wait_for(what, reached)
        return found

    def stop(self) -> None:
        self.call("POST", f"{self.id}/stop/")


def outcome(session_id: str) -> Outcome:
    """Check what must be true: settled, captured what the CDR says, nothing still held, no open incident."""
    session = AdHocSession.objects.select_related("token").get(pk=session_id)
    payment = PaymentAuthorization.objects.get(pk=session.authorization_id)
    cdrs = list(Cdr.objects.filter(token_uid__iexact=session.token.uid))
    shown = offer_of(session)
    gross = round(sum(shown.gross_of(cdr) or 0 for cdr in cdrs) * 100)
    incidents = Incident.objects.filter(closed_at=None).count()
    State = PaymentAuthorization.State  # noqa: N806 - the enumeration's own name
    held = PaymentAuthorization.objects.filter(state__in=[State.RESERVED, State.CAPTURING, State.RELEASING]).count()
    live = AdHocSession.objects.exclude(state__in=TERMINAL).count()
    checks = {
        f"the session is {session.state}, not settled": session.state == "settled",
        f"there are {len(cdrs)} CDRs, not one": len(cdrs) == 1,
        f"{payment.captured_amount} was captured, the CDR says {gross}": 0 < gross == payment.captured_amount,
        f"{held} reservations are still held": held == 0,
        f"{live} sessions are still live": live == 0,
        f"{incidents} incidents are open": incidents == 0,
    }
    return Outcome(session, payment.captured_amount, gross, tuple(text for text, ok in checks.items() if not ok))
