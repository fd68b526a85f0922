"""A STOP that is refused, in every live state, and pressed again; what the driver is told (rules 19, 20, 40)."""

from collections.abc import Callable
from typing import Any

import pytest

from sessions_adhoc.models import AdHocSession
from tests.sessions_adhoc.conftest import Driver
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled
from tests.sessions_adhoc.looking import state

pytestmark = pytest.mark.django_db


def told(driver: Driver, session: Any) -> tuple[bool, str]:
    answer = driver.call("GET", f"{session.pk}/").json()
    return answer["can_stop"], answer["message"]


def pending(foreign: Foreign, driver: Driver) -> AdHocSession:
    session = driver.start()
    foreign.session(0, "PENDING")
    foreign.later(seconds=5)
    return session


LIVE: dict[str, Callable[[Foreign, Driver], AdHocSession]] = {
    "pending": pending,
    "validating": lambda foreign, _driver: foreign.validating(),
    "charging": lambda foreign, _driver: foreign.charging(2),
}


@pytest.mark.parametrize("how", ["response", "result"])
@pytest.mark.parametrize("live", LIVE)
def test_refused_and_pressed_again(foreign: Foreign, driver: Driver, live: str, how: str) -> None:
    session = LIVE[live](foreign, driver)
    if how == "response":
        foreign.answer("STOP_SESSION", "REJECTED")
    for presses in (1, 2, 3):
        driver.stop(session)
        foreign.later(seconds=1)
        if how == "result":
            foreign.result("STOP_SESSION", "REJECTED")
            foreign.later(seconds=1)
        assert len(foreign.stops()) == presses
        assert told(driver, session)[0] is True
        assert "did not stop" in told(driver, session)[1]
        foreign.later(seconds=11)
    foreign.answer("STOP_SESSION", "ACCEPTED")
    driver.stop(session)
    foreign.later(seconds=1)
    assert len(foreign.stops()) == 4
    foreign.session(2, "COMPLETED")
    foreign.cdr(2)
    foreign.later(seconds=5)
    assert settled(session, 2)


def test_pressed_before_a_session_and_none_ever_comes(foreign: Foreign, driver: Driver) -> None:
    session = driver.start()
    driver.stop(session)
    foreign.later(minutes=10)
    assert (outcome(session), foreign.stops(), foreign.starts()) == (("failed", "released", 0), [], 1)
    assert "safe" not in told(driver, session)[1]


def test_pressed_between_two_attempts(foreign: Foreign, driver: Driver) -> None:
    session = foreign.validating()
    foreign.session(0, "COMPLETED")
    foreign.later(seconds=3)
    driver.stop(session)
    foreign.later(seconds=30)
    assert (outcome(session), foreign.starts(), foreign.stops()) == (("failed", "released", 0), 1, [])


def test_pressed_and_energy_comes_with_the_end(foreign: Foreign, driver: Driver) -> None:
    session = foreign.validating()
    driver.stop(session)
    foreign.session(1.5, "COMPLETED")
    foreign.later(seconds=2)
    assert outcome(session) == ("awaiting_cdr", "reserved", 0)


def test_pressed_while_the_session_lies_between_two_states(foreign: Foreign, driver: Driver) -> None:
    """STOP is accepted, and comes to nothing: after two minutes the driver is told, and may press again."""
    session = foreign.charging(2)
    driver.stop(session)
    for kwh in (2.5, 3, 3.5, 4, 4.5):
        foreign.later(seconds=30)
        foreign.session(kwh)
    foreign.later(seconds=10)
    assert (state(session)[0], told(driver, session)[0]) == ("charging", True)
    driver.stop(session)
    foreign.later(seconds=1)
    assert (state(session)[0], len(foreign.stops())) == ("stopping", 2)


def test_cancelled_session_that_appears_is_an_orphan(foreign: Foreign, driver: Driver) -> None:
    foreign.answer("START_SESSION", "REJECTED")
    session = driver.start()
    foreign.later(seconds=1)
    foreign.session(0)
    foreign.again()
    foreign.later(seconds=5)
    assert (outcome(session), foreign.stops()) == (("failed", "released", 0), ["S-1"])
