"""Stripe as a server on this machine: strict, with books of its own (`rehearsal.stripe_fake`)."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from billing.models import PaymentAuthorization
from billing.payments import services
from rehearsal.stripe_fake.server import Server
from tests.billing.conftest import drive_until_quiet, fresh, opened

KEY, SECRET = "sk_test_fake", "whsec_fake"
NOWHERE = "http://127.0.0.1:9/webhooks/stripe/"
OPENING: dict[str, Any] = {
    "return_url": "http://127.0.0.1/c/session/1?back=1",
    "locale": "sk-SK",
    "description": "Charging at SK*ION*E1",
    "email": "driver@example.com",
    "metadata": {"session": "session-1", "evse": "SK*ION*E1", "cpo": "ion"},
}


class Stripe:
    """The fake, as a test looks at it."""

    def __init__(self, server: Server) -> None:
        self.server, self.base = server, server.base

    def ask(self, what: str, **given: Any) -> Any:
        answer = requests.post(f"{self.base}/_fake/{what}", json=given, timeout=5)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def things(self, kind: str) -> list[dict[str, Any]]:
        return [thing for thing in self.ask("books") if thing["object"] == kind]

    def one(self, kind: str) -> dict[str, Any]:
        [thing] = self.things(kind)
        return thing

    def money(self) -> list[tuple[str, int, int]]:
        """(status, capturable, received) of each payment."""
        return [(pi["status"], pi["amount_capturable"], pi["amount_received"]) for pi in self.things("payment_intent")]

    def calls(self) -> list[str]:
        return [kind for kind, _key in self.ask("asked")]

    def pay(self, url: str, card: str = "4242424242424242", **more: str) -> requests.Response:
        """The driver's browser, at the page."""
        return requests.post(url, data={"card": card} | more, timeout=5, allow_redirects=False)


@pytest.fixture
def stripe(settings: Any) -> Iterator[Stripe]:
    server = Server(0, KEY, NOWHERE, SECRET)
    server.fake.webhooks.mode = "lost"
    server.start()
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = KEY, [SECRET]
    settings.STRIPE_API_BASE = server.base
    yield Stripe(server)
    server.stop()


def at_the_page(method: str = "", **more: Any) -> PaymentAuthorization:
    """A payment of 40.00 EUR that waits for the driver, or for its bank."""
    row = opened(method, gateway="stripe", opening=OPENING, **more)
    services.request_reserve(row.pk)
    services.drive(row.pk)
    return fresh(row)


def page_of(row: PaymentAuthorization) -> str:
    action = services.action_of(fresh(row), fresh(row).updated_at)
    assert action is not None
    return action.url


def look(row: PaymentAuthorization) -> PaymentAuthorization:
    """Have the payment looked into, as an event or a driver who comes back does."""
    assert services.tell(row.pk, kind="something")
    services.drive(row.pk)
    return fresh(row)


def held(stripe: Stripe, **more: Any) -> PaymentAuthorization:
    row = at_the_page(**more)
    assert stripe.pay(page_of(row)).status_code == 303
    return look(row)


def captured(stripe: Stripe, clock: Any, amount: int = 1500) -> PaymentAuthorization:
    row = held(stripe)
    services.request_capture(row.pk, amount)
    return drive_until_quiet(row, clock)
