"""A CPO that never pushes a Session: GET /sessions alone carries the charge (G5.4, rules 8, 11, 17)."""

from datetime import timedelta

import pytest

from tests.factories import session_data
from tests.sessions_adhoc.conftest import BEGINNING, stamp
from tests.sessions_adhoc.looking import state

pytestmark = pytest.mark.django_db


def offer(cpo, kwh: float) -> None:
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


def test_a_session_found_in_the_middle_of_a_charge_is_asked_for_until_its_energy_rises(driver, cpo, clock) -> None:
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
