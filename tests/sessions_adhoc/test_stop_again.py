"""A stop that was refused or came to nothing, in every live state; energy after the end; interim CDRs (19, 27)."""

from typing import Any

import pytest

from sessions_adhoc.models import AdHocSession
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import gateway, money, state
from tests.support.remembering import remembered

pytestmark = pytest.mark.django_db
NO_EFFECT = "stop_without_effect"


def stops(cpo: Cpo) -> int:
    return len(cpo.sent("STOP_SESSION"))


def shown(driver: Driver, session: Any) -> tuple[bool, str]:
    answer = driver.call("GET", f"{session.pk}/").json()
    return answer["can_stop"], answer["message"]


@pytest.fixture
@remembered
def pending(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    session = driver.start()
    cpo.session(0, "PENDING", created=True)
    clock.forward(seconds=15)
    assert state(session)[0] == "starting"
    return session


@pytest.fixture
@remembered
def validating(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=15)
    assert state(session)[0] == "validating"
    return session


@pytest.fixture
@remembered
def charging(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=15)
    cpo.session(1)
    clock.forward(seconds=15)
    assert state(session)[0] == "charging"
    return session


@pytest.fixture(params=["pending", "validating", "charging"])
def live(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_a_refused_stop_is_told_the_button_stays_and_each_press_is_a_new_stop(
    driver: Driver, cpo: Cpo, clock: Clock, live: Any
) -> None:
    before = state(live)[0]
    cpo.accept("STOP_SESSION", "REJECTED")
    driver.stop(live)
    clock.forward(seconds=1)
    assert (stops(cpo), state(live)) == (1, (before, NO_EFFECT))
    can_stop, message = shown(driver, live)
    assert can_stop
    assert message.startswith("The charger did not stop.")
    driver.stop(live)
    clock.forward(seconds=9)
    assert stops(cpo) == 1
    for pressed in (2, 3):
        clock.forward(seconds=10)
        driver.stop(live)
        clock.forward(seconds=1)
        assert (stops(cpo), state(live)) == (pressed, (before, NO_EFFECT))


def test_at_most_one_stop_in_ten_seconds(driver: Driver, cpo: Cpo, clock: Clock, validating: AdHocSession) -> None:
    cpo.accept("STOP_SESSION", "REJECTED")
    for _ in range(5):
        driver.stop(validating)
        clock.forward(seconds=1)
    assert stops(cpo) == 1
    clock.forward(seconds=5)
    driver.stop(validating)
    clock.forward(seconds=1)
    assert stops(cpo) == 2


def test_a_stop_without_effect_while_validating_is_told_in_time(
    driver: Driver, cpo: Cpo, clock: Clock, validating: AdHocSession
) -> None:
    driver.stop(validating)
    assert (stops(cpo), shown(driver, validating)[0]) == (1, False)
    clock.forward(minutes=2, seconds=1)
    assert (state(validating), shown(driver, validating)[0]) == (("validating", NO_EFFECT), True)


def test_energy_after_a_refused_stop_is_stopped_at_the_next_press_and_billed(
    driver: Driver, cpo: Cpo, clock: Clock, validating: AdHocSession
) -> None:
    cpo.accept("STOP_SESSION", "REJECTED")
    driver.stop(validating)
    clock.forward(seconds=15)
    cpo.session(5)
    clock.forward(seconds=1)
    assert (state(validating), shown(driver, validating)[0]) == (("charging", NO_EFFECT), True)
    cpo.accept("STOP_SESSION")
    driver.stop(validating)
    assert (stops(cpo), state(validating)[0]) == (2, "stopping")
    cpo.session(5, "COMPLETED")
    cpo.cdr(3.01, kwh=5)
    clock.forward(seconds=1)
    assert (state(validating), gateway(validating)) == (("settled", ""), ("captured", 301))


# Energy after the end


@pytest.fixture
@remembered
def fallen(cpo: Cpo, clock: Clock, charging: AdHocSession) -> Any:
    """The connector is free, so charging counts as over; the Session still says ACTIVE."""
    cpo.evse("CHARGING")
    clock.forward(seconds=5)
    cpo.evse("AVAILABLE")
    clock.forward(seconds=6)
    assert (state(charging)[0], stops(cpo)) == ("awaiting_cdr", 0)
    return charging


def test_energy_after_the_end_is_stopped_once_by_itself(driver: Driver, cpo: Cpo, clock: Clock, fallen: Any) -> None:
    assert shown(driver, fallen)[0] is False
    cpo.accept("STOP_SESSION", "REJECTED")
    for kwh in (2, 3, 4):
        cpo.session(kwh)
        clock.forward(seconds=15)
    assert (stops(cpo), state(fallen)[0]) == (1, "awaiting_cdr")
    can_stop, message = shown(driver, fallen)
    assert can_stop
    assert "energy is still flowing" in message
    driver.stop(fallen)
    clock.forward(seconds=1)
    assert (stops(cpo), shown(driver, fallen)[0]) == (2, True)


def test_the_cdr_covers_what_came_after_the_end(driver: Driver, cpo: Cpo, clock: Clock, fallen: Any) -> None:
    cpo.session(5)
    clock.forward(seconds=1)
    cpo.session(5, "COMPLETED")
    cpo.cdr(3.01, kwh=5)
    clock.forward(seconds=1)
    assert (state(fallen), gateway(fallen)) == (("settled", ""), ("captured", 301))


def test_an_end_that_lasts_is_not_stopped(cpo: Cpo, clock: Clock, fallen: Any) -> None:
    cpo.session(1)
    clock.forward(seconds=30)
    assert (stops(cpo), state(fallen)[0]) == (0, "awaiting_cdr")


# Interim CDRs


def test_a_cdr_of_a_charge_that_goes_on_waits(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    cpo.cdr(1.00, "CDR-1", kwh=1)
    clock.forward(seconds=30)
    assert (state(charging)[0], money(charging)) == ("charging", ("reserved", 0))
    for kwh in (2, 3, 4, 5):
        cpo.session(kwh)
        clock.forward(seconds=60)
    assert (state(charging)[0], money(charging), stops(cpo)) == ("charging", ("reserved", 0), 0)


def test_a_cdr_before_completed_settles_with_it(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    cpo.cdr(0.60, kwh=1)
    clock.forward(seconds=3)
    cpo.session(1, "COMPLETED", end_date_time=stamp(clock.now()))
    clock.forward(seconds=1)
    assert (state(charging), gateway(charging)) == (("settled", ""), ("captured", 60))


def test_a_cdr_settles_a_session_that_never_completes(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    cpo.cdr(0.60, kwh=1)
    clock.forward(seconds=91)
    assert (state(charging), gateway(charging)) == (("settled", ""), ("captured", 60))
