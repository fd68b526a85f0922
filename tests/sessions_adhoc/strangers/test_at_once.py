"""Two at the same moment, with real commits: pushes, answers, drivers, captures (rules 1, 6, 24, 26, 36)."""

import json
import threading
from collections.abc import Callable
from copy import copy
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from billing.models import PaymentAuthorization, SimulatedOperation
from ocpi.models import Cdr, Command, OcpiSession
from sessions_adhoc.driver import services
from sessions_adhoc.engine.lifecycle import advance
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt, Sample
from tests.ocpi.cpo import Answer, Seen, envelope
from tests.sessions_adhoc.conftest import Driver
from tests.sessions_adhoc.hostile.foreign import Foreign, cents, outcome, settled
from tests.sessions_adhoc.looking import open_incidents, state
from tests.sessions_adhoc.test_rivals import together

pytestmark = pytest.mark.django_db(transaction=True)


def pushing(stranger: Foreign, method: str, path: str, body: Any) -> Callable[[], tuple[int, int]]:
    """One request of the CPO's, with a client of its own."""

    def push() -> tuple[int, int]:
        answer = Client().generic(
            method,
            f"/ocpi/emsp/{stranger.version}/{path}",
            data=json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Token {stranger.cpo.token}"},
        )
        return answer.status_code, answer.json()["status_code"]

    return push


def put(stranger: Foreign, kwh: float, status: str = "ACTIVE", **more: Any) -> Callable[[], tuple[int, int]]:
    began = stranger.began.setdefault("S-1", stranger.now())
    body = stranger.session_body(kwh, status, "S-1", -1, began) | more
    return pushing(stranger, "PUT", "sessions/SK/ION/S-1", body)


def bill(stranger: Foreign, kwh: float, name: str = "CDR-1", **more: Any) -> Callable[[], tuple[int, int]]:
    """POST a CDR, as `Foreign.cdr` would say it."""
    said = list[Any]()

    class Recording(Foreign):
        def send(self, method: str, path: str, body: Any) -> int:
            said.append((method, path, body))
            return 1000

    recording = copy(stranger)
    recording.__class__ = Recording
    recording.cdr(kwh, name, **more)
    return pushing(stranger, *said[0])


def captures(session: Any) -> int:
    return SimulatedOperation.objects.filter(charge__reference=str(session.pk), verb="capture", outcome="done").count()


ROUNDS = range(5)


@pytest.mark.parametrize("turn", ROUNDS)
def test_the_same_push_six_times(stranger: Foreign, driver: Driver, turn: int) -> None:
    session = driver.start()
    answers = together(*[put(stranger, 0)] * 6)
    assert sorted(answers) == [(200, 1000)] * 5 + [(201, 1000)]
    driver.run_tasks()
    assert (OcpiSession.objects.count(), AttemptSession.objects.count()) == (1, 1)
    assert (state(session)[0], stranger.stops()) == ("validating", [])
    answers = together(*[put(stranger, 2)] * 6)
    assert answers == [(200, 1000)] * 6
    driver.run_tasks()
    assert state(session)[0] == "charging"
    assert set(Sample.objects.filter(ignored="").values_list("kwh", flat=True)) == {0, 2}


@pytest.mark.parametrize("turn", ROUNDS)
def test_cdr_and_completed(stranger: Foreign, driver: Driver, turn: int) -> None:
    session = stranger.charging(4)
    stranger.later(seconds=30)
    answers = together(put(stranger, 5, "COMPLETED"), bill(stranger, 5), put(stranger, 5), bill(stranger, 5))
    assert {code for _http, code in answers} == {1000}
    driver.run_tasks()
    stranger.later(seconds=95)
    assert settled(session, 5)
    assert (captures(session), Cdr.objects.count(), stranger.stops(), open_incidents()) == (1, 1, [], [])


@pytest.mark.parametrize("turn", ROUNDS)
@pytest.mark.heavy
def test_two_drivers_in_the_same_second(stranger: Foreign, driver: Driver, turn: int) -> None:
    answers = together(*[lambda: Driver(Client(), driver.key, driver.run_tasks, driver.once).call(
        "POST", body={"evse": "SK*ION*EEVSE-1"}
    )] * 4)  # fmt: skip
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    driver.run_tasks()
    assert (AdHocSession.objects.count(), PaymentAuthorization.objects.count(), stranger.starts()) == (1, 1, 1)


@pytest.mark.parametrize("turn", ROUNDS)
def test_stop_while_the_answer_to_start_arrives(stranger: Foreign, driver: Driver, turn: int) -> None:
    """The driver presses while our POST is open. START went out once; STOP follows when there is a Session."""
    pressed: list[Any] = []

    def react(_seen: Seen) -> Answer:
        def press() -> None:
            try:
                services.stop_session(AdHocSession.objects.get().pk)
            except Exception as error:  # noqa: BLE001 - it is the outcome
                pressed.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=press)
        thread.start()
        thread.join(20)
        return envelope({"result": "ACCEPTED", "timeout": 30})

    stranger.cpo.server.on("/commands/START_SESSION", react)
    session = driver.start()
    assert (pressed, stranger.starts(), state(session)[0]) == ([], 1, "starting")
    stranger.session(0)
    stranger.later(seconds=2)
    assert stranger.stops() == ["S-1"]
    stranger.session(0, "COMPLETED")
    stranger.later(seconds=20)
    assert (outcome(session), stranger.starts()) == (("failed", "released", 0), 1)


@pytest.mark.parametrize("result", ["ACCEPTED", "REJECTED"])
@pytest.mark.heavy
def test_the_callback_overtakes_the_answer(stranger: Foreign, driver: Driver, result: str) -> None:
    """CommandResult before CommandResponse (trap 20), with the Session right behind it (rule 6)."""
    told: list[Any] = []

    def react(seen: Seen) -> Answer:
        path = seen.body["response_url"].split(f"/{stranger.version}/")[1]

        def call() -> None:
            try:
                told.append(pushing(stranger, "POST", path, {"result": result})())
                if result == "ACCEPTED":
                    told.append(put(stranger, 0)())
            finally:
                connection.close()

        thread = threading.Thread(target=call)
        thread.start()
        thread.join(20)
        return envelope({"result": "ACCEPTED", "timeout": 30})

    stranger.cpo.server.on("/commands/START_SESSION", react)
    session = driver.start()
    stranger.later(seconds=5)
    assert {code for _http, code in told} == {1000}
    assert Command.objects.get(kind="START_SESSION").result == result
    if result == "REJECTED":
        assert outcome(session) == ("failed", "released", 0)
        return
    assert (state(session)[0], stranger.starts()) == ("validating", 1)
    stranger.session(3)
    stranger.session(3, "COMPLETED")
    stranger.cdr(3)
    stranger.later(seconds=5)
    assert settled(session, 3)


@pytest.mark.parametrize("turn", ROUNDS)
def test_a_capture_while_a_replaced_cdr_comes(stranger: Foreign, driver: Driver, turn: int) -> None:
    """The CDR is being captured; its credit and a lower one come by two more connections. The driver pays the lower."""
    session = stranger.charging(5)
    stranger.session(5, "COMPLETED")
    stranger.later(seconds=2)
    assert bill(stranger, 5)() == (201, 1000)
    credit = bill(stranger, 5, "CREDIT-1", net=-2.5, credit=True, credit_reference_id="CDR-1")
    together(
        lambda: advance(session.pk), credit, bill(stranger, 5, "CDR-2", net=1.5),
        lambda: _drive(session), lambda: advance(session.pk),
    )  # fmt: skip
    driver.run_tasks()
    stranger.later(minutes=3)
    payment = PaymentAuthorization.objects.get(pk=session.authorization_id)
    assert (state(session)[0], payment.state, payment.kept_amount) == ("settled", "captured", cents(3))
    assert (captures(session), open_incidents()) == (1, [])


def _drive(session: AdHocSession) -> None:
    from billing.payments.services import drive

    drive(session.authorization_id)


@pytest.mark.parametrize("turn", ROUNDS)
@pytest.mark.heavy
def test_many_workers_with_everything_at_once(stranger: Foreign, driver: Driver, turn: int) -> None:
    """Stop, end, CDR, status of the connector, three workers of the engine and two of the money."""
    session = stranger.charging(4)
    stranger.later(seconds=20)
    fall = {"status": "AVAILABLE", "last_updated": stranger.session_body(0, "ACTIVE", "S-1", -1, None)["last_updated"]}
    together(
        lambda: services.stop_session(session.pk), put(stranger, 5, "COMPLETED"), bill(stranger, 5),
        pushing(stranger, "PATCH", "locations/SK/ION/LOC-1/EVSE-1", fall),
        lambda: advance(session.pk), lambda: advance(session.pk), lambda: _drive(session),
    )  # fmt: skip
    driver.run_tasks()
    stranger.later(minutes=2)
    assert settled(session, 5)
    assert (captures(session), ChargingAttempt.objects.count(), open_incidents()) == (1, 1, [])
    assert len(stranger.stops()) <= 1
