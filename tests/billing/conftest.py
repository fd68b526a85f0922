"""Fixtures of the money tests: a stopped clock, one authorization, the gateway's books."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from billing import receivers
from billing.gateways import (
    Gateway,
    GatewayAnswer,
    News,
    NotFromGateway,
    Opened,
    OpenRequest,
    Question,
    Verb,
    register_gateway,
    unregister_gateway,
)
from billing.gateways.base import NOTHING
from billing.models import PaymentAuthorization, SimulatedCharge, SimulatedOperation, WaitingEvent
from billing.payments import services

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nobody_above(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the test's own receivers: what the apps above do with the news is tested there."""
    monkeypatch.setattr(receivers, "_receivers", [])
    monkeypatch.setattr(receivers, "_lockers", [])


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands still at START until the test moves it."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def news() -> Iterator[list[tuple[str, str]]]:
    """What a receiver was told: (reference, state)."""
    told: list[tuple[str, str]] = []

    def receive(authorization: PaymentAuthorization) -> None:
        told.append((authorization.reference, authorization.state))

    receivers.on_authorization_changed(receive)
    yield told
    receivers.forget(receive)


def opened(payment_method: str = "pm_sim_ok", **more: Any) -> PaymentAuthorization:
    """An authorization of 40.00 EUR for `session-1`."""
    terms: dict[str, Any] = {"reference": "session-1", "amount": 4000, "currency": "EUR"} | more
    return services.open_authorization(payment_method=payment_method, **terms)


def reserved(payment_method: str = "pm_sim_ok", **more: Any) -> PaymentAuthorization:
    """The same, reserved at the gateway."""
    row = opened(payment_method, **more)
    services.request_reserve(row.pk)
    services.drive(row.pk)
    return fresh(row)


def due(row: PaymentAuthorization | WaitingEvent) -> datetime:
    """When it is looked at next, as it must be."""
    assert row.next_check_at is not None
    return row.next_check_at


def wish(**changes: Any) -> OpenRequest:
    """What a gateway is asked to open: the same 40.00 EUR."""
    terms: dict[str, Any] = {"key": "a:reserve", "amount": 4000, "currency": "EUR", "payment_method": "pm_sim_ok"}
    return OpenRequest(**{**terms, "reference": "session-1", "asked_at": START} | changes)


def asked_about(key: str, verb: Verb = Verb.RESERVE, reference: str = "") -> Question:
    """What a gateway is asked about a request of these 40.00 EUR."""
    return Question(verb, key, reference, 4000, "EUR")


def fresh(row: PaymentAuthorization) -> PaymentAuthorization:
    """The row as it is now in the database."""
    return PaymentAuthorization.objects.get(pk=row.pk)


def drive_until_quiet(row: PaymentAuthorization, clock: time_machine.Traveller) -> PaymentAuthorization:
    """Drive whenever the row is due, moving the clock, until it awaits no answer."""
    for _ in range(60):
        now = fresh(row)
        if now.next_check_at is None or now.state == "reserved":
            return now
        if now.next_check_at > datetime.now(UTC):
            clock.move_to(now.next_check_at)
        services.drive(row.pk)
    raise AssertionError(f"still {fresh(row).state} after 60 drives")


def books() -> list[tuple[str, int, int, int]]:
    """The gateway's own books: (status, amount, captured, released) of every charge."""
    return list(
        SimulatedCharge.objects.order_by("created_at").values_list(
            "status", "amount", "captured_amount", "released_amount"
        )
    )


def calls() -> dict[str, int]:
    """How often each idempotency key reached the gateway, by the part after the authorization's id."""
    return {op.key.partition(":")[2]: op.calls for op in SimulatedOperation.objects.all()}


def story(row: PaymentAuthorization) -> list[tuple[str, str, str]]:
    """The history: (action, state after it, outcome)."""
    return list(row.events.values_list("action", "to_state", "outcome"))


class ScriptedGateway(Gateway):
    """A gateway that answers what the test says, in order, and notes what it was asked."""

    def __init__(self, *answers: GatewayAnswer | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []
        self.requests: list[OpenRequest] = []
        self.questions: list[Question] = []

    def _answer(self, verb: str, key: str) -> GatewayAnswer:
        self.asked.append((verb, key.partition(":")[2]))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def open(self, request: OpenRequest) -> Opened:
        self.requests.append(request)
        return Opened(told=self._answer("open", request.key))

    def confirm(self, request: OpenRequest, reference: str) -> GatewayAnswer:
        return self._answer("confirm", request.key)

    def adopt(
        self, key: str, reference: str, amount: int, currency: str, about: Mapping[str, str] = NOTHING
    ) -> GatewayAnswer:
        return self._answer("adopt", key)

    def capture(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        return self._answer("capture", key)

    def release(self, key: str, reference: str) -> GatewayAnswer:
        return self._answer("release", key)

    def refund(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        return self._answer("refund", key)

    def raise_to(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        return self._answer("raise", key)

    def lookup(self, question: Question) -> GatewayAnswer:
        self.questions.append(question)
        return self._answer("lookup", question.key)

    def read_event(self, headers: Mapping[str, str], body: bytes) -> News:
        if headers.get("x-signed-by") != "scripted":
            raise NotFromGateway("The signature is wrong.")
        told = json.loads(body)
        return News(
            told["id"], told["kind"], START, tuple(told["about"]), told.get("payment", ""), {"said": body.decode()}
        )


@pytest.fixture
def scripted() -> Iterator[ScriptedGateway]:
    """The gateway `scripted`; give it its answers with `scripted.answers += [...]`."""
    gateway = ScriptedGateway()
    register_gateway("scripted", lambda: gateway)
    yield gateway
    unregister_gateway("scripted")
    assert gateway.answers == [], "the gateway was asked less than the test expected"
