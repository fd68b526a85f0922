"""A CPO that never pushes a Session: GET /sessions alone carries the charge (G5.4, rules 8, 11, 17)."""

import json
from datetime import timedelta
from typing import Any

import pytest

from sessions_adhoc.models import ChargingAttempt
from tests.factories import session_data
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import state

pytestmark = pytest.mark.django_db


def offer(cpo: Cpo, kwh: float) -> None:
    start = cpo.sent("START_SESSION")[-1].body
    cpo.offers_sessions(
        session_data(
            "S-1",
            kwh=kwh,
            status="ACTIVE",
            authorization_reference=start["authorization_reference"],
            cdr_token={**session_data()["cdr_token"], "uid": start["token"]["uid"]},
            start_date_time=stamp(BEGINNING - timedelta(hours=1)),
            last_updated=stamp(cpo.clock.now()),
        )
    )


def test_a_session_found_in_the_middle_of_a_charge_is_asked_for_until_its_energy_rises(
    driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    session = driver.start()
    clock.forward(minutes=4, seconds=59)
    offer(cpo, 5)
    clock.forward(seconds=2)
    # It began before the START, so that its first value may be anybody's: only what it rises by is energy observed.
    assert state(session)[0] == "validating"
    clock.forward(seconds=60)
    offer(cpo, 7)
    clock.forward(seconds=40)
    assert state(session)[0] == "charging"


def patch_unknown(cpo: Any) -> None:
    """PATCH a Session whose PUT never arrived."""
    answer = cpo.http.generic(
        "PATCH",
        "/ocpi/emsp/2.2.1/sessions/SK/ION/S-1",
        data=json.dumps({"kwh": 2, "last_updated": stamp(cpo.now())}),
        content_type="application/json",
        headers={"Authorization": f"Token {cpo.token}"},
    )
    assert (answer.status_code, answer.json()["status_code"]) == (404, 2001)


def test_a_patch_of_a_session_that_is_not_known_asks_for_it(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    clock.forward(seconds=20)
    offer(cpo, 2)
    patch_unknown(cpo)
    clock.run_tasks()
    assert state(session)[0] in ("validating", "charging")
    assert (len(cpo.server.calls("GET", "/sessions")), len(cpo.sent("START_SESSION"))) == (1, 1)


def test_many_of_them_ask_once_in_a_while(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    clock.forward(seconds=20)
    for _ in range(10):
        patch_unknown(cpo)
        clock.run_tasks()
        clock.forward(seconds=1)
    # One look: since the START, and for a clock that is behind once more since long before it.
    assert (state(session)[0], len(cpo.server.calls("GET", "/sessions"))) == ("starting", 2)


def test_where_nobody_waits_nothing_is_asked(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    patch_unknown(cpo)
    clock.run_tasks()
    assert cpo.server.calls("GET", "/sessions") == []


def test_a_session_that_is_there_is_enough(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    driver.start()
    clock.forward(seconds=5)
    cpo.session(0, session_id="S-2", created=True)
    patch_unknown(cpo)
    clock.run_tasks()
    assert cpo.server.calls("GET", "/sessions") == []
    assert ChargingAttempt.objects.get().pull_asked_at is None
