"""Back ends of our protocol as servers on this machine: strict, with books of their own."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings
from time_machine import Traveller

from billing.models import PaymentAuthorization
from billing.payments import services
from rehearsal.back_office_fake.__main__ import SECRET
from rehearsal.back_office_fake.books import Books, Thing
from rehearsal.back_office_fake.server import Server
from tests.billing.conftest import drive_until_quiet, fresh, opened

NOWHERE = "http://127.0.0.1:9/webhooks/terminal/"
OPENING: dict[str, Any] = {
    "return_url": "http://127.0.0.1/c/session/1?back=1",
    "locale": "sk-SK",
    "description": "Charging at SK*ION*E1",
    "metadata": {"session": "session-1", "evse": "SK*ION*E1", "cpo": "ion"},
}


class BackEnd:
    """The stand-in, as a test looks at it. `name`: the gateway that it stands behind."""

    def __init__(self, server: Server, name: str) -> None:
        self.server, self.fake, self.name = server, server.fake, name

    @property
    def books(self) -> Books:
        return self.fake.books

    def go_wrong(self, verb: str, how: str) -> None:
        self.fake.faults.append((verb, how))

    def money(self) -> list[tuple[str, int, int, int]]:
        """(status, amount, captured, refunded) of each payment."""
        rows = self.books.payments.values()
        return [(row["status"], row["amount"], row["captured"], row["refunded"]) for row in rows]

    def only(self) -> Thing:
        [payment] = self.books.payments.values()
        return payment

    def verbs(self) -> list[str]:
        return [verb for verb, _key in self.fake.asked]

    def reserving(self, method: str = "acc_ok") -> PaymentAuthorization:
        """40.00 EUR that are to be reserved: of a terminal that holds 50.00, or of an account."""
        if self.name == "terminal":
            row = opened("", gateway="terminal", adopting=self.books.tap(5000, "EUR")["reference"])
        else:
            row = opened(method, gateway="account", opening=OPENING)
        services.request_reserve(row.pk)
        return row

    def held(self, clock: Traveller, method: str = "acc_ok") -> PaymentAuthorization:
        row = drive_until_quiet(self.reserving(method), clock)
        assert row.state == "reserved"
        self.fake.asked.clear()
        return row

    def captured(self, clock: Traveller, amount: int = 1500) -> PaymentAuthorization:
        row = self.held(clock)
        services.request_capture(row.pk, amount)
        row = drive_until_quiet(row, clock)
        assert (row.state, row.captured_amount) == ("captured", amount)
        self.fake.asked.clear()
        return row


def look(row: PaymentAuthorization) -> PaymentAuthorization:
    """Have the payment looked into, as an event does."""
    assert services.tell(row.pk, kind="something")
    services.drive(row.pk)
    return fresh(row)


def started(settings: Any, name: str) -> Server:
    server = Server(0, SECRET, NOWHERE)
    server.fake.events.mode = "lost"
    server.start()
    setattr(settings, f"{name.upper()}_URL", f"{server.base}")
    setattr(settings, f"{name.upper()}_SECRETS", [SECRET])
    return server


@pytest.fixture
def terminal(settings: Settings, clock: Traveller) -> Iterator[BackEnd]:
    server = started(settings, "terminal")
    yield BackEnd(server, "terminal")
    server.stop()


@pytest.fixture
def account(settings: Settings, clock: Traveller) -> Iterator[BackEnd]:
    server = started(settings, "account")
    yield BackEnd(server, "account")
    server.stop()


@pytest.fixture(params=["terminal", "account"])
def back_end(request: pytest.FixtureRequest) -> BackEnd:
    """One after the other: what both have."""
    found: BackEnd = request.getfixturevalue(request.param)
    return found
