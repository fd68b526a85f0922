"""The engine on the real database, a CPO that does anything, drivers, a gateway, workers that die.

The steps of a history are `(name, *arguments)`; `World.act` does one. What the CPO saw and said is its own record.
"""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from billing.models import PaymentAuthorization
from billing.tasks import tick as billing_tick
from ocpi.models import Command
from ocpi.tasks import commands_tick
from partners.models import Policy, RemoteEndpoint
from sessions_adhoc import staff
from sessions_adhoc.driver import services
from sessions_adhoc.driver.services import CannotStop, StartRequest
from sessions_adhoc.models import AdHocSession, FallbackPull
from sessions_adhoc.tasks import tick
from tests.factories import cdr_data, session_data
from tests.ocpi.cpo import Answer, Seen, envelope
from tests.sessions_adhoc.conftest import BEGINNING, Cpo, stamp
from tests.sessions_adhoc.properties.dying import dying_at
from tests.support import tasks

MOST_SWEEPS = 3000
NOWHERE = "http://127.0.0.1:9"
RESPONSES = {
    "broken": Answer("<html>Bad gateway</html>", 502),
    "error": envelope(None, 2001, "No."),
    "word": envelope("ACCEPTED"),
}


@dataclass
class Charge:
    """A Session as the CPO keeps it."""

    id: str
    start: dict[str, Any]
    kwh: float = 0.0
    status: str = "ACTIVE"
    changed: datetime = BEGINNING
    pushed: bool = False

    def wire(self, **changes: Any) -> dict[str, Any]:
        return session_data(
            self.id,
            kwh=self.kwh,
            status=self.status,
            authorization_reference=self.start["authorization_reference"],
            cdr_token={**session_data()["cdr_token"], "uid": self.start["token"]["uid"]},
            start_date_time=stamp(BEGINNING),
            last_updated=stamp(self.changed),
            **changes,
        )


@dataclass
class World:
    cpo: Cpo
    traveller: Any
    charges: list[Charge] = field(default_factory=list)
    cdrs: list[dict[str, Any]] = field(default_factory=list)
    captured_by_staff: set[Any] = field(default_factory=set)

    def begin(self, policy: dict[str, Any], power_type: str) -> None:
        """A new history: an honest CPO, nothing seen, the clock at its beginning."""
        self.traveller.move_to(BEGINNING)
        tasks.purge()
        self.cpo.server.seen.clear()
        Policy.objects.create(partner=self.cpo.partner, **policy)
        self.cpo.server.on("GET /sessions", self.answer_sessions)
        self.cpo.server.on("GET /cdrs", lambda _seen: envelope(self.cdrs))
        self.cpo.accept("START_SESSION")
        self.cpo.accept("STOP_SESSION")
        from ocpi.models import Connector

        Connector.objects.update(power_type=power_type)

    def act(self, step: tuple[Any, ...]) -> None:
        getattr(self, f"do_{step[0]}")(*step[1:])

    @property
    def sessions(self) -> list[AdHocSession]:
        return list(AdHocSession.objects.order_by("created_at", "pk"))

    # Drivers and staff

    def do_start(self, method: str, dies: int | None) -> None:
        if AdHocSession.objects.count() >= 3:
            return
        with dying_at(dies), suppress(services.CannotStart):
            services.start_session(StartRequest(evse="SK*ION*EEVSE-1", amount=4000, payment_method=method))

    def do_leave(self, which: int, wish: str, dies: int | None) -> None:
        verb = services.cancel_session if wish == "cancel" else services.stop_session
        for session in self.sessions[which : which + 1]:
            with dying_at(dies), suppress(CannotStop):
                verb(session.pk)

    def do_staff(self, which: int, what: str, dies: int | None) -> None:
        for session in self.sessions[which : which + 1]:
            with dying_at(dies), suppress(staff.NotPossible):
                if what == "check":
                    staff.check_again(session.pk, "ana")
                elif what == "release":
                    staff.release(session.pk, "ana", "The driver called.")
                elif what == "refund":
                    staff.refund(session.pk, "ana", "The CDR was corrected.")
                else:
                    self.captured_by_staff.add(session.pk)
                    staff.capture_from_last_sample(session.pk, "ana", "The CPO sends no CDR.")

    # Workers and time

    def do_work(self, dies: int | None) -> None:
        """A worker runs what waits; it may die in the middle."""
        with dying_at(dies):
            tasks.run_tasks(raise_failures=True)

    def do_sweep(self, dies: int | None) -> None:
        with dying_at(dies):
            self.ticks()
            tasks.run_tasks(raise_failures=True)

    def do_lose(self) -> None:
        """The broker forgets everything."""
        tasks.waiting_tasks()
        tasks.purge()

    def do_wait(self, seconds: int) -> None:
        self.traveller.shift(timedelta(seconds=seconds))

    def do_pass(self, minutes: int) -> None:
        """Time passes, and the sweep comes whenever it has something to do."""
        until = timezone.now() + timedelta(minutes=minutes)
        for _ in range(MOST_SWEEPS):
            due = self.next_due()
            if due is None or due > until:
                break
            self.traveller.move_to(max(due, timezone.now()))
            self.do_sweep(None)
        else:
            raise AssertionError("the sweep never comes to rest")
        self.traveller.move_to(until)
        self.do_sweep(None)

    def ticks(self) -> None:
        billing_tick()
        tick()
        commands_tick()

    def next_due(self) -> datetime | None:
        """When the sweep has something to do next."""
        dues = [
            model.objects.exclude(next_check_at=None)
            .order_by("next_check_at")
            .values_list("next_check_at", flat=True)
            .first()
            for model in (AdHocSession, FallbackPull, PaymentAuthorization)
        ]
        unsent = Command.objects.filter(state__in=("created", "undelivered", "sending"), tries__lt=3)
        if unsent.filter(created_at__gt=timezone.now() - timedelta(hours=1)).exists():
            dues.append(timezone.now() + timedelta(seconds=16))
        return min((due for due in dues if due is not None), default=None)

    # The CPO

    def starts(self) -> list[dict[str, Any]]:
        return [seen.body for seen in self.cpo.sent("START_SESSION")]

    def do_answers(self, kind: str, answer: str) -> None:
        """From now on the CPO answers a kind of command so."""
        url = NOWHERE if answer == "unreachable" else self.cpo.server.url
        RemoteEndpoint.objects.filter(module="commands").update(url=f"{url}/commands")
        if answer in RESPONSES:
            self.cpo.server.on(f"/commands/{kind}", RESPONSES[answer])
        elif answer != "unreachable":
            self.cpo.accept(kind, answer)

    def do_offers(self, module: str, how: str) -> None:
        """From now on GET works, fails, or leads nowhere."""
        url = NOWHERE if how == "unreachable" else self.cpo.server.url
        RemoteEndpoint.objects.filter(module=module).update(url=f"{url}/{module}")
        honest = self.answer_sessions if module == "sessions" else lambda _seen: envelope(self.cdrs)
        self.cpo.server.on(f"GET /{module}", Answer("broken", 500) if how == "broken" else honest)

    def answer_sessions(self, _seen: Seen) -> Answer:
        return envelope([charge.wire() for charge in self.charges])

    def do_charge(self, which: int, number: int, status: str, kwh: float, how: str, dies: int | None) -> None:
        """A Session of the CPO begins or changes, and is pushed, pushed twice, kept to itself, or pushed late."""
        charge = self.charge_of(which, number)
        if charge is None:
            return
        before = charge.wire()
        if charge.status not in ("COMPLETED", "INVALID"):
            charge.kwh, charge.status, charge.changed = charge.kwh + kwh, status, timezone.now()
        body = before if how == "old" else charge.wire(evse_uid="EVSE-9") if how == "elsewhere" else charge.wire()
        for _ in range({"kept": 0, "twice": 2}.get(how, 1)):
            with dying_at(dies):
                self.push("PUT", f"sessions/SK/ION/{charge.id}", body)

    def charge_of(self, which: int, number: int) -> Charge | None:
        starts = self.starts()
        if which >= len(starts):
            return None
        wanted = f"S-{which}-{number}"
        for charge in self.charges:
            if charge.id == wanted:
                return charge
        self.charges.append(Charge(wanted, starts[which], changed=timezone.now()))
        return self.charges[-1]

    def do_connector(self, status: str, age: int, dies: int | None) -> None:
        at = timezone.now() - timedelta(seconds=age)
        with dying_at(dies):
            self.push("PATCH", "locations/SK/ION/LOC-1/EVSE-1", {"status": status, "last_updated": stamp(at)})

    def do_result(self, kind: str, result: str, dies: int | None) -> None:
        for seen in self.cpo.sent(kind)[-1:]:
            with dying_at(dies):
                self.push("POST", seen.body["response_url"].split("/2.2.1/")[1], {"result": result})

    def do_cdr(self, which: int, number: int, kind: str, total: float, dies: int | None) -> None:
        """A CDR of a Session: usual, in another currency, without energy; or a credit; or one that came before."""
        charge = self.charge_of(which, number)
        if charge is None:
            return
        if kind == "again":
            body = self.cdrs[-1] if self.cdrs else None
        else:
            body = self.made_cdr(charge, kind, total)
            self.cdrs.append(body)
        if body is not None:
            with dying_at(dies):
                self.push("POST", "cdrs", body)

    def made_cdr(self, charge: Charge, kind: str, total: float) -> dict[str, Any]:
        sign = -1 if kind == "credit" else 1
        more: dict[str, Any] = {"currency": "CZK"} if kind == "currency" else {}
        if kind == "credit" and self.cdrs:
            more = {"credit": True, "credit_reference_id": self.cdrs[-1]["id"]}
        return cdr_data(
            f"CDR-{len(self.cdrs)}",
            session_id=charge.id,
            authorization_reference=charge.start["authorization_reference"],
            cdr_token={**session_data()["cdr_token"], "uid": charge.start["token"]["uid"]},
            total_cost={"excl_vat": sign * total, "incl_vat": sign * total},
            total_energy=0 if kind == "no energy" else max(charge.kwh, 0.5),
            start_date_time=stamp(BEGINNING),
            end_date_time=stamp(timezone.now()),
            last_updated=stamp(timezone.now()),
            **more,
        )

    def push(self, method: str, path: str, body: Any) -> None:
        """Call our OCPI interface; it never breaks, whatever comes."""
        answer = self.cpo.http.generic(
            method,
            f"/ocpi/emsp/2.2.1/{path}",
            data=json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Token {self.cpo.token}"},
        )
        assert answer.status_code < 500, answer.content
