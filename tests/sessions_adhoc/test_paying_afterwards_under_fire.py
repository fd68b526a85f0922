"""Drivers pay what was still open, between real processes, while answers and events are lost and doubled, workers are
killed, tabs are doubled and staff write off: each receivable is paid once, or not at all, in our books and in Stripe's.

`SFP_FAULT_CHARGES=1000` makes it as many charges; `SFP_FAULT_KILLS=100` as many kills at each moment.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connections

from billing import outstanding
from billing.books.payments import post_due
from billing.books.verifying.outstanding import outstanding_told_otherwise
from billing.models import OutstandingAmount, PaymentAuthorization
from billing.payments.driving import DRIVE_TASK
from ocpi.models import Evse
from partners.ground.enqueue import keeping
from sessions_adhoc import staff
from sessions_adhoc.driver.further import Wish
from sessions_adhoc.driver.owing import CannotPay, pay_open
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State
from tests.admin.charges import cdr_of
from tests.billing.stripe.conftest import KEY, SECRET
from tests.billing.stripe.test_fault_run import VISA, Remote
from tests.driver import scene
from tests.support import programs
from tests.support.processes import Process, eventually, file_contains, free_port, url_answers

pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
CHARGES = int(os.environ.get("SFP_FAULT_CHARGES", "60"))
KILLS = int(os.environ.get("SFP_FAULT_KILLS", "5"))
WORKERS, THREADS = 4, 4
OPEN = 808
ENDED = ("captured", "released", "declined", "failed")


@pytest.fixture
def stripe(tmp_path: Path, settings: object) -> Iterator[Remote]:
    """The stand-in, our web server for its events, and workers that know the sessions; each a process."""
    ours, theirs = free_port(), free_port()
    base, hook = f"http://127.0.0.1:{theirs}", f"http://127.0.0.1:{ours}/webhooks/stripe/"
    environment = programs.server_environment(
        tmp_path / "var",
        STRIPE_SECRET_KEY=KEY,
        STRIPE_WEBHOOK_SECRET=SECRET,
        STRIPE_API_BASE=base,
        PAYMENT_GATEWAY="stripe",
        LIMIT_STRANGERS="0",
    )
    settings.PAYMENT_GATEWAY = "stripe"  # type: ignore[attr-defined]  # of pytest-django
    fake = [sys.executable, "-m", "rehearsal.stripe_fake", "--port", str(theirs), "--webhook-url", hook]
    herd, log = [sys.executable, "-m", "tests.billing.stripe.herd", str(WORKERS), "owned"], tmp_path / "herd.log"
    with ExitStack() as running:
        running.enter_context(
            Process(
                [*fake, "--key", KEY, "--webhook-secret", SECRET],
                log=tmp_path / "fake.log",
                ready=url_answers(f"{base}/_fake/killed"),
            )
        )
        running.enter_context(programs.web(environment, ours, tmp_path / "web.log"))
        workers = running.enter_context(Process(herd, log=log, env=environment, ready=file_contains(log, "ready")))
        assert workers.popen is not None
        yield Remote(base, workers.popen.pid)


def owing(evse: Evse) -> AdHocSession:
    """A session that is settled, and 8.08 EUR of it are open."""
    session = scene.session_in(evse, State.SETTLED, captured=4000)
    outstanding.keep(session.authorization, cdr_of(session), {outstanding.Kind.RECEIVABLE: OPEN})
    return session


def press(session_id: UUID) -> None:
    """A tab in which the driver presses the button."""
    try:
        with keeping(DRIVE_TASK), suppress(CannotPay):
            pay_open(session_id, Wish(OPEN, VISA))
    finally:
        connections.close_all()


def write_off(session_id: UUID) -> None:
    try:
        rows = OutstandingAmount.objects.filter(authorization__ad_hoc_session=session_id)
        with keeping(DRIVE_TASK), suppress(outstanding.AlreadyClosed):
            staff.close_outstanding(rows.get().pk, "written_off", "ana", "too little")
    finally:
        connections.close_all()


DOINGS = ((press, write_off, press), (press, press), (press, press))
"""What is done at about the same time, for the first of three sessions, the second and the third."""


def wait() -> None:
    rows = PaymentAuthorization.objects.filter(purpose="collection")
    eventually(lambda: not rows.exclude(next_check_at=None).exists(), seconds=600, what="the end of all payments")


def compare(stripe: Remote, sessions: list[AdHocSession]) -> Counter[str]:
    """Our rows against Stripe's books; return how many receivables ended how."""
    intents = {one["id"]: one for one in stripe.things("payment_intent")}
    back = Counter[str]()
    for refund in stripe.things("refund"):
        back[refund["payment_intent"]] += refund["amount"]
    ended = Counter[str]()
    known = set[str]()
    for session in sessions:
        row = OutstandingAmount.objects.get(authorization=session.authorization_id)
        payments = list(PaymentAuthorization.objects.filter(main=session.authorization_id))
        assert {payment.state for payment in payments} <= set(ENDED), payments
        kept = sum(payment.kept_amount for payment in payments)
        assert (row.state, row.collected, kept) in (("collected", OPEN, OPEN), ("written_off", 0, 0)), row
        for payment in payments:
            if not payment.gateway_reference:
                assert payment.state == "released"  # before anybody was asked
                continue
            intent = intents[payment.gateway_reference]
            known.add(intent["id"])
            assert intent["amount_received"] == payment.captured_amount
            assert back[intent["id"]] == payment.refunded_amount
            assert intent["status"] in ("succeeded", "canceled")
        ended[row.state] += 1
    lost = [one for name, one in intents.items() if name not in known]
    assert [one for one in lost if one["amount_received"] or one["status"] == "requires_capture"] == []
    while post_due():
        pass
    assert list(outstanding_told_otherwise(None)) == []
    return ended


def test_each_is_paid_once_or_not_at_all(stripe: Remote) -> None:
    """5 % of answers and events lost, 20 % doubled and shuffled, workers killed, each button pressed in two tabs, and
    two of three written off, at that moment or soon after."""
    stripe.ask("webhooks", mode="rough")
    stripe.ask("weather", lost=0.05, herd=stripe.herd)
    for call in ("create", "confirm", "capture", "cancel", "retrieve"):
        for _ in range(max(1, CHARGES // 50)):
            stripe.ask("fault", call=f"payment_intents.{call}", how="kill")
    evse = scene.station()
    sessions = [owing(evse) for _ in range(CHARGES)]
    with ThreadPoolExecutor(THREADS) as tabs:
        done = [tabs.submit(do, session.pk) for number, session in enumerate(sessions) for do in DOINGS[number % 3]]
        done += [tabs.submit(write_off, session.pk) for session in sessions[1::3]]
        for one in done:
            one.result()
    wait()
    stripe.ask("release")
    wait()
    ended = compare(stripe, sessions)
    killed = stripe.ask("killed")
    sys.stdout.write(f"\n{dict(ended)}, {killed} killed, {len(stripe.ask('asked'))} calls\n")
    assert ended["collected"] >= CHARGES // 3
    assert (sum(ended.values()), killed >= max(1, CHARGES // 50)) == (CHARGES, True)


@pytest.mark.parametrize("call", ["create", "confirm", "capture"])
def test_a_worker_is_killed_between_the_call_and_its_answer(stripe: Remote, call: str) -> None:
    stripe.ask("webhooks", mode="lost")
    stripe.ask("weather", herd=stripe.herd)
    for _ in range(KILLS):
        stripe.ask("fault", call=f"payment_intents.{call}", how="kill")
    evse = scene.station()
    sessions = [owing(evse) for _ in range(KILLS)]
    for session in sessions:
        press(session.pk)
    wait()
    assert (compare(stripe, sessions), stripe.ask("killed")) == (Counter(collected=KILLS), KILLS)
    assert Counter(kind for kind, _key in stripe.ask("asked"))["payment_intents.capture"] == KILLS
