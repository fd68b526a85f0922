"""Whose books the drivers' money is in: those of the simulated gateway, or of Stripe's stand-in."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import requests

from rehearsal.stage import processes
from rehearsal.stage.ports import LOOPBACK, free_port
from rehearsal.stage.processes import Processes

LOST_ANSWERS = 0.05
KEY, SECRET = "sk_test_fake", "whsec_fake"
CLOSED = {"captured", "released", "declined", "expired"}
CARDS = {"pm_sim_declined": "pm_card_chargeDeclined"}
"""What a payment method of the simulated gateway is at Stripe; all others are a card that pays."""


@dataclass(frozen=True)
class Charge:
    """One payment in an acquirer's books, in minor units; `held` while money waits to be captured or released."""

    held: bool
    captured: int
    captures: int


class Acquirer(Protocol):
    """What a run needs to know of it."""

    def variables(self, web_port: int) -> dict[str, str]:
        """For every process of the platform."""
        ...

    def start(self, running: Processes) -> None: ...

    def method(self, payment: str) -> str:
        """Its own name for a payment method of the plan."""
        ...

    def calm(self) -> None:
        """Lose no answer any more: the storm is over, and what is asked now is asked once."""
        ...

    def charges(self) -> dict[str, list[Charge]]:
        """All its payments that hold or held money, by the session that they are for."""
        ...

    def dispute(self, reference: str, won: bool) -> bool:
        """Have a bank take back what was captured, and decide; return whether it can do that at all."""
        ...


class Simulated:
    """The gateway inside the platform, whose books are tables of their own."""

    def variables(self, web_port: int) -> dict[str, str]:
        return {"SIMULATED_GATEWAY_DELAY_MS": "1500"}

    def start(self, running: Processes) -> None:
        """There is nothing to start."""

    def method(self, payment: str) -> str:
        return payment

    def calm(self) -> None:
        """It loses what its payment methods say, and nothing else."""

    def charges(self) -> dict[str, list[Charge]]:
        from billing.models import SimulatedCharge, SimulatedOperation  # Django is set up by now, not when this is read

        done = SimulatedOperation.objects.filter(verb="capture", outcome="done").values_list("charge_id", flat=True)
        captures = list(done)
        found: dict[str, list[Charge]] = {}
        for row in SimulatedCharge.objects.all():
            charge = Charge(row.status not in CLOSED, row.captured_amount, captures.count(row.pk))
            found.setdefault(row.reference, []).append(charge)
        return found

    def dispute(self, reference: str, won: bool) -> bool:
        return False


class Stripe:
    """Stripe's stand-in: it loses answers, and its events come late, twice, shuffled or never."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"

    def variables(self, web_port: int) -> dict[str, str]:
        self.hook = f"http://{LOOPBACK}:{web_port}/webhooks/stripe/"
        return {
            "PAYMENT_GATEWAY": "stripe",
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_WEBHOOK_SECRET": SECRET,
            "STRIPE_API_BASE": self.url,
            "LIMIT_STRANGERS": "0",
        }

    def start(self, running: Processes) -> None:
        options = ["--port", str(self.port), "--key", KEY, "--webhook-url", self.hook, "--webhook-secret", SECRET]
        running.start("stripe", [sys.executable, "-m", "rehearsal.stripe_fake", *options])
        running.wait_until("stripe", processes.answers(f"{self.url}/_fake/killed"))
        self._ask("webhooks", mode="rough")
        self._ask("weather", lost=LOST_ANSWERS)

    def method(self, payment: str) -> str:
        return CARDS.get(payment, "pm_card_visa")

    def calm(self) -> None:
        self._ask("weather", lost=0.0)

    def charges(self) -> dict[str, list[Charge]]:
        found: dict[str, list[Charge]] = {}
        for intent in self._payments():
            taken, held = intent["amount_received"], intent["status"] == "requires_capture"
            if held or taken:
                charge = Charge(held, taken, 1 if taken else 0)
                found.setdefault(intent["metadata"]["session"], []).append(charge)
        return found

    def dispute(self, reference: str, won: bool) -> bool:
        [intent] = [one for one in self._payments() if one["id"] == reference]
        if not self._disputes_of(reference):
            self._ask("dispute", id=reference, amount=intent["amount_received"])
        for one in self._disputes_of(reference):
            self._ask("close_dispute", id=one["id"], status="won" if won else "lost")
        return True

    def _disputes_of(self, reference: str) -> list[dict[str, Any]]:
        return [one for one in self._of("dispute") if one["payment_intent"] == reference]

    def _payments(self) -> Iterator[dict[str, Any]]:
        return self._of("payment_intent")

    def _of(self, kind: str) -> Iterator[dict[str, Any]]:
        return (thing for thing in self._ask("books") if thing["object"] == kind)

    def _ask(self, what: str, **given: Any) -> Any:
        answer = requests.post(f"{self.url}/_fake/{what}", json=given, timeout=10)
        answer.raise_for_status()
        return answer.json()


ACQUIRERS: Mapping[str, type[Simulated] | type[Stripe]] = {"simulated": Simulated, "stripe": Stripe}
