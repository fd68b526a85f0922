"""Many charges through Stripe's stand-in, between real processes, while everything goes wrong: both books are the same.

`SFP_FAULT_CHARGES=10000` makes it as many charges; `SFP_FAULT_KILLS=100` as many kills at each of the three moments.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from billing.models import GatewayEvent, PaymentAuthorization
from billing.payments import services
from billing.payments.driving import DRIVE_TASK
from partners.ground.enqueue import keeping
from rehearsal.stripe_fake.server import Server
from tests.billing.stripe.conftest import KEY, SECRET, Stripe
from tests.billing.stripe.herd import Plan
from tests.support import programs
from tests.support.processes import Process, eventually, file_contains, free_port, url_answers

pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
CHARGES = int(os.environ.get("SFP_FAULT_CHARGES", "300"))
KILLS = int(os.environ.get("SFP_FAULT_KILLS", "10"))
WORKERS = 6
PATIENCE = 3600
HELD, VISA, DECLINED = "requires_capture", "pm_card_visa", "pm_card_chargeDeclined"


class Remote(Stripe):
    """The fake in a process of its own; `herd` is the process whose children it may kill."""

    def __init__(self, base: str, herd: int) -> None:
        self.base, self.herd = base, herd


@pytest.fixture
def stripe(tmp_path: Path) -> Iterator[Remote]:
    """The fake, our web server for its events, and the workers; each a process."""
    ours, theirs = free_port(), free_port()
    base = f"http://127.0.0.1:{theirs}"
    environment = programs.server_environment(
        tmp_path / "var",
        STRIPE_SECRET_KEY=KEY,
        STRIPE_WEBHOOK_SECRET=SECRET,
        STRIPE_API_BASE=base,
        PAYMENT_GATEWAY="stripe",
        LIMIT_STRANGERS="0",
    )
    hook = f"http://127.0.0.1:{ours}/webhooks/stripe/"
    python = [sys.executable, "-m"]
    fake = [*python, "rehearsal.stripe_fake", "--port", str(theirs), "--webhook-url", hook, "--key", KEY]
    fake += ["--webhook-secret", SECRET]
    herd_log = tmp_path / "herd.log"
    with ExitStack() as running:
        running.enter_context(Process(fake, log=tmp_path / "fake.log", ready=url_answers(f"{base}/_fake/killed")))
        running.enter_context(programs.web(environment, ours, tmp_path / "web.log"))
        herd = Process(
            [*python, "tests.billing.stripe.herd", str(WORKERS)],
            log=herd_log,
            env=environment,
            ready=file_contains(herd_log, "ready"),
        )
        running.enter_context(herd)
        assert herd.popen is not None
        yield Remote(base, herd.popen.pid)


def begin(plans: list[Plan]) -> None:
    """Have them reserved; the workers do the rest."""
    with keeping(DRIVE_TASK):
        for plan in plans:
            method = DECLINED if plan.end == "none" else VISA
            row = services.open_authorization(
                reference=plan.reference, amount=4000, currency="EUR", payment_method=method, gateway="stripe"
            )
            services.request_reserve(row)


def say(text: str) -> None:
    """The figures, for whoever runs it with `-s`."""
    sys.stdout.write(f"\n{text}\n")


def planned(count: int) -> list[Plan]:
    """Of ten: six pay a part, one all, one gets something back, one is released, one declined."""
    ends = [
        *[("capture", 1234, 0)] * 6,
        ("capture", 4000, 0),
        ("capture", 2000, 500),
        ("release", 0, 0),
        ("none", 0, 0),
    ]
    return [Plan(number, *ends[number % len(ends)]) for number in range(count)]


def wait_until_over(plans: list[Plan]) -> None:
    """Until nobody waits for anything."""
    rows = PaymentAuthorization.objects
    eventually(
        lambda: not rows.exclude(next_check_at=None).exists() and rows.count() == len(plans),
        seconds=PATIENCE,
        what="the end of all payments",
    )


def compare(stripe: Stripe, plans: list[Plan]) -> Counter[str]:
    """Hold our rows against what was planned and against Stripe's books; return how many ended how."""
    intents, refunds = stripe.things("payment_intent"), stripe.things("refund")
    of_payment: dict[str, list[dict[str, Any]]] = {}
    for intent in intents:
        of_payment.setdefault(intent["metadata"]["payment"], []).append(intent)
    given_back = Counter[str]()
    for refund in refunds:
        given_back[refund["payment_intent"]] += refund["amount"]
    ended = Counter[str]()
    for row in PaymentAuthorization.objects.iterator():
        plan, mine = Plan.of(row.reference), of_payment.get(str(row.pk), [])
        state = {"capture": "captured", "release": "released", "none": "declined"}[plan.end]
        assert (row.state, row.captured_amount, row.refunded_amount) == (state, plan.amount, plan.back), row.reference
        taken = [(one["id"], one["amount_received"]) for one in mine if one["amount_received"]]
        assert taken == ([(row.gateway_reference, plan.amount)] if plan.amount else []), row.reference
        assert [one for one in mine if one["status"] == HELD] == [], row.reference
        assert sum(given_back[one["id"]] for one in mine) == plan.back, row.reference
        ended[row.state] += 1
    assert sum(intent["amount_received"] for intent in intents) == sum(plan.amount for plan in plans)
    assert sum(given_back.values()) == sum(plan.back for plan in plans)
    return ended


def test_our_books_are_stripes_whatever_goes_wrong(stripe: Remote) -> None:
    """5 % of the answers lost, 5 % of the events lost, 20 % doubled, all shuffled, a worker killed now and then."""
    stripe.ask("webhooks", mode="rough")
    stripe.ask("weather", lost=0.05, herd=stripe.herd)
    plans = planned(CHARGES)
    for call in ("create", "confirm", "capture", "cancel", "retrieve"):
        for _ in range(CHARGES // 100):
            stripe.ask("fault", call=f"payment_intents.{call}", how="kill")
    for first in range(0, len(plans), 200):
        begin(plans[first : first + 200])
    wait_until_over(plans)
    ended, killed = compare(stripe, plans), stripe.ask("killed")
    events, delivered = len(stripe.ask("events")), len(stripe.ask("delivered"))
    kept = GatewayEvent.objects.count()
    say(f"{CHARGES} charges: {dict(ended)}; {killed} workers killed; {events} events, {delivered} sent, {kept} kept")
    assert ended == Counter(captured=CHARGES * 8 // 10, released=CHARGES // 10, declined=CHARGES // 10)
    assert killed >= CHARGES // 100


@pytest.mark.parametrize("call", ["create", "confirm", "capture"])
def test_a_worker_is_killed_between_the_call_and_its_answer(stripe: Remote, call: str) -> None:
    """After create: its reference is not saved, and nothing confirmed; after confirm and capture: the answer is not."""
    stripe.ask("webhooks", mode="lost")
    stripe.ask("weather", herd=stripe.herd)
    for _ in range(KILLS):
        stripe.ask("fault", call=f"payment_intents.{call}", how="kill")
    plans = [Plan(number, "capture", 1234) for number in range(KILLS)]
    begin(plans)
    wait_until_over(plans)
    assert (compare(stripe, plans), stripe.ask("killed")) == (Counter(captured=KILLS), KILLS)
    made = Counter(kind for kind, _key in stripe.ask("asked"))
    assert made["payment_intents.capture"] == KILLS
    say(f"{KILLS} workers killed after {call}: {dict(made)}")


def test_the_fake_kills_nobody_else() -> None:
    """Whoever is not of the herd only loses the answer."""
    server = Server(0, KEY, "http://127.0.0.1:9/", SECRET)
    assert server.fake.herd == 0
    server.server_close()
