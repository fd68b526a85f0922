"""Second holds, their withdrawal, and tries that go on with what the last one held, between real processes: answers and
events are lost and doubled, workers are killed, and each button is pressed in two tabs. What was held for a charge is
taken once and let go of once, in our books and in Stripe's.

`SFP_FAULT_CHARGES=10000` makes it as many charges: of four, three with a second hold, and one that failed and is tried
again.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from django.db import connections, transaction
from django.utils import timezone

from billing.models import PaymentAuthorization
from billing.payments import services
from billing.payments.driving import DRIVE_TASK
from ocpi.models import Evse
from partners.ground.enqueue import keeping
from sessions_adhoc.decide.decision import Action, Do, fail, go, stay
from sessions_adhoc.driver.adding import add_hold, withdraw_hold
from sessions_adhoc.driver.asking import StartRequest
from sessions_adhoc.driver.further import Wish
from sessions_adhoc.driver.refusals import CannotStart
from sessions_adhoc.driver.retrying import CannotRelease, release_now
from sessions_adhoc.driver.services import start_session
from sessions_adhoc.engine import lifecycle
from sessions_adhoc.engine.queueing import ADVANCE
from sessions_adhoc.engine.raising import CannotRaise
from sessions_adhoc.engine.snapshot import Snapshot
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State
from tests.billing.stripe.test_fault_run import HELD, VISA, Remote
from tests.driver import scene
from tests.sessions_adhoc.test_paying_afterwards_under_fire import THREADS, stripe
from tests.support.processes import eventually

__all__ = ["stripe"]
pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
CHARGES = int(os.environ.get("SFP_FAULT_CHARGES", "60"))
PATIENCE = 3600
FIRST, LIMIT, COST = 4000, 6000, 5000
MOVING = ("reserving", "capturing", "releasing", "refunding")
Doing = Callable[[UUID], None]


def reserved(evse: Evse, state: State) -> AdHocSession:
    """A session in that state, whose 40.00 EUR are being reserved at Stripe."""
    session_id = uuid4()
    with keeping(DRIVE_TASK):
        row = services.open_authorization(
            reference=str(session_id), amount=FIRST, currency="EUR", payment_method=VISA, gateway="stripe"
        )
        session = scene.session_in(evse, state, id=session_id)
        made = session.authorization
        session.authorization = row
        session.save(update_fields=["authorization"])
        made.delete()
        services.request_reserve(row)
    return session


def in_a_tab(work: Doing, session_id: UUID) -> None:
    refused = (CannotRaise, CannotRelease, CannotStart)
    try:
        with keeping(DRIVE_TASK, ADVANCE), suppress(*refused):
            work(session_id)
    finally:
        connections.close_all()


def add(session_id: UUID) -> None:
    add_hold(session_id, Wish(LIMIT, VISA))


def withdraw(session_id: UUID) -> None:
    withdraw_hold(session_id)


def end(session_id: UUID) -> None:
    """Charging is over and costs 50.00 EUR, of which what may be spent is captured, as the engine does it."""
    now = timezone.now()
    with transaction.atomic():
        rows = Snapshot.locked(session_id)
        if rows.session.state != State.CHARGING:
            return
        lifecycle.apply(rows, go(State.AWAITING_CDR, "Charging is over."), now)
        capture = Action(Do.CAPTURE, amount=min(COST, rows.session.amount))
        lifecycle.apply(rows, stay(now, capture, text="The CDR is captured."), now)
        lifecycle.keep(rows)


def come_to_nothing(session_id: UUID) -> None:
    """The charger did not start: what is held is kept for another try."""
    now = timezone.now()
    with transaction.atomic():
        rows = Snapshot.locked(session_id)
        lifecycle.apply(rows, fail("no_session", "The charger did not start."), now)
        lifecycle.keep(rows)


def try_again(session_id: UUID) -> None:
    evse = AdHocSession.objects.select_related("evse").get(pk=session_id).evse
    start_session(StartRequest(evse=evse.code, previous=str(session_id), amount=FIRST, payment_method=VISA))


def let_go(session_id: UUID) -> None:
    release_now(session_id)


DOINGS: tuple[tuple[Doing, ...], ...] = (
    (add, add),
    (add, withdraw, add),
    (add, end, withdraw),
    (try_again, try_again, let_go),
)
"""What is done at about the same time, for each of four sessions."""


def press(sessions: list[AdHocSession], doings: Callable[[int], tuple[Doing, ...]]) -> None:
    with ThreadPoolExecutor(THREADS) as tabs:
        done = [tabs.submit(in_a_tab, do, session.pk) for n, session in enumerate(sessions) for do in doings(n)]
        for one in done:
            one.result()


def wait(what: str) -> None:
    rows = PaymentAuthorization.objects
    eventually(lambda: not rows.filter(state__in=MOVING).exists(), seconds=PATIENCE, what=what)


def wear(stripe: Remote) -> None:
    """The weather of a bad day."""
    stripe.ask("webhooks", mode="rough")
    stripe.ask("weather", lost=0.05, herd=stripe.herd)
    for call in ("create", "confirm", "capture", "cancel", "retrieve"):
        for _ in range(max(1, CHARGES // 50)):
            stripe.ask("fault", call=f"payment_intents.{call}", how="kill")


def begin(charger: Evse) -> list[AdHocSession]:
    """Three of four charge; the fourth is at a charger of its own, where somebody tries twice."""
    own = [scene.beside(charger, f"SK*ION*E200*{number}") for number in range(CHARGES // 4 + 1)]
    where = [(own[n // 4], State.STARTING) if n % 4 == 3 else (charger, State.CHARGING) for n in range(CHARGES)]
    return [reserved(evse, state) for evse, state in where]


def test_what_is_held_is_taken_once_and_let_go_of_once(stripe: Remote) -> None:
    charger = scene.station()
    scene.add_tariff(charger)
    wear(stripe)
    sessions = begin(charger)
    wait("the first holds")
    for session in sessions[3::4]:
        in_a_tab(come_to_nothing, session.pk)
    press(sessions, lambda n: DOINGS[n % 4])
    wait("the second holds")
    tries = list(AdHocSession.objects.exclude(pk__in=[one.pk for one in sessions]))
    held = Counter(one.evse_id for one in tries if one.authorization.state == "reserved")
    assert set(held.values()) <= {1}, "one hold for all tries at a charger (ADR 14)"
    with keeping(DRIVE_TASK, ADVANCE):
        for one in sessions:
            if one.evse_id == charger.pk:
                end(one.pk)
        for one in tries:
            lifecycle.request_cancel(one.pk, "The driver")
        wait("what was taken")
        for one in [*tries, *sessions[3::4]]:
            with suppress(CannotRelease):
                release_now(one.pk)
        wait("what was let go of")
    ended, killed = compare(stripe, sessions, charger), stripe.ask("killed")
    sys.stdout.write(f"\n{CHARGES} charges: {dict(ended)}; {len(tries)} tried again; {killed} workers killed\n")
    assert (ended["with two holds"] > 0, ended["with one hold"] > 0, killed > 0) == (True, True, True)


def compare(stripe: Remote, sessions: list[AdHocSession], charger: Evse) -> Counter[str]:
    """Our rows against Stripe's books; return how many charges were paid how."""
    intents = {one["id"]: one for one in stripe.things("payment_intent")}
    known = set[str]()
    for row in PaymentAuthorization.objects.all():
        assert row.state in ("captured", "released", "declined", "failed", "handed_on"), (row.reference, row.state)
        if row.gateway_reference and row.state != "handed_on":
            known.add(row.gateway_reference)
            intent = intents[row.gateway_reference]
            assert (intent["amount_received"], intent["status"] != HELD) == (row.captured_amount, True), row.reference
    lost = [one for name, one in intents.items() if name not in known]
    assert [one["id"] for one in lost if one["amount_received"] or one["status"] == HELD] == []
    ended = Counter[str]()
    for session in AdHocSession.objects.filter(pk__in=[one.pk for one in sessions], evse=charger):
        taken = paid(session)
        assert sum(taken) == min(COST, session.amount), (session.pk, taken)
        ended["with two holds" if len(taken) > 1 else "with one hold"] += 1
    others = PaymentAuthorization.objects.exclude(reference__startswith="scene").exclude(
        ad_hoc_session__evse=charger.pk
    )
    assert sum(others.filter(main=None).values_list("captured_amount", flat=True)) == 0
    return ended


def paid(session: AdHocSession) -> list[int]:
    mine = PaymentAuthorization.objects.filter(reference__startswith=str(session.pk), captured_amount__gt=0)
    return sorted(mine.values_list("captured_amount", flat=True))
