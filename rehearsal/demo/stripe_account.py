"""The demonstration paid through Stripe: its stand-in as one process more, and the driver's browser at its page."""

import sys
from typing import Any

import requests

from rehearsal.demo.story import Charge, wait_for
from rehearsal.stage import processes
from rehearsal.stage.ports import LOOPBACK
from rehearsal.stripe_fake.webhooks import MODES

__all__ = ["MODES", "StripeAccount", "environment"]

KEY, SECRET, CARD = "sk_test_fake", "whsec_fake", "4242424242424242"
CAPTURE = "payment_intents.capture"
TIMEOUT = 20


def environment(port: int) -> dict[str, str]:
    """What the platform's processes have to know."""
    return {
        "PAYMENT_GATEWAY": "stripe",
        "STRIPE_SECRET_KEY": KEY,
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "STRIPE_API_BASE": f"http://{LOOPBACK}:{port}",
    }


class StripeAccount:
    """The account behind `url`. `mode`: how its events are delivered; all but `plain` lose some answers as well."""

    payment_method = ""
    """The driver chooses at Stripe's page."""

    def __init__(self, url: str, mode: str) -> None:
        self.url, self.mode = url, mode

    def begin(self, running: processes.Processes, web_url: str) -> None:
        """Start it as one of the demonstration's processes."""
        running.start("stripe", self.command(web_url))
        running.wait_until("stripe", processes.answers(f"{self.url}/_fake/books"))
        self.misbehave()

    def command(self, web_url: str) -> list[str]:
        port = self.url.rpartition(":")[2]
        options = ["--port", port, "--key", KEY, "--webhook-secret", SECRET]
        return [sys.executable, "-m", "rehearsal.stripe_fake", *options, "--webhook-url", f"{web_url}/webhooks/stripe/"]

    def ask(self, what: str, **given: Any) -> Any:
        answer = requests.post(f"{self.url}/_fake/{what}", json=given, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.json()

    def misbehave(self) -> None:
        """From now on, as the mode says."""
        self.ask("webhooks", mode=self.mode)
        if self.mode != "plain":
            for call in ("checkout.sessions.create", "checkout.sessions.retrieve", CAPTURE):
                self.ask("fault", call=call, how="lost_answer")

    def pay(self, charge: Charge) -> None:
        """The driver types a card. Where all goes well the browser is sent back, else it was closed."""
        waiting = charge.follow_until("the payment page", lambda session: session["payment_action"])
        if not waiting["payment_action"]:
            return
        page = waiting["payment_action"]["url"]
        charge.out.event(f"The driver pays at {page}")
        paid = requests.post(page, data={"card": CARD}, allow_redirects=self.mode == "plain", timeout=TIMEOUT)
        paid.raise_for_status()

    def slow_down_capture(self) -> None:
        """The next capture takes its time to answer."""
        self.ask("fault", call=CAPTURE, how="slow")

    def wait_for_capture(self) -> None:
        wait_for("the capture", lambda: any(kind == CAPTURE for kind, _key in self.ask("asked")))

    def problems(self, captured: int) -> list[str]:
        """What its own books say otherwise."""
        books = self.ask("books")
        intents = [thing for thing in books if thing["object"] == "payment_intent"]
        taken = [thing["amount_received"] for thing in intents if thing["amount_received"]]
        held = [thing["amount_capturable"] for thing in intents if thing["amount_capturable"]]
        return said_otherwise(
            taken, held, [thing["amount"] for thing in books if thing["object"] == "refund"], captured
        )


def said_otherwise(taken: list[int], held: list[int], refunds: list[int], captured: int) -> list[str]:
    """What amounts in Stripe's books are not those of one charge, of which `captured` was taken."""
    wanted = {"captured": (taken, [captured]), "holds": (held, []), "refunded": (refunds, [])}
    return [f"Stripe {what} {found}, not {right}" for what, (found, right) in wanted.items() if found != right]
