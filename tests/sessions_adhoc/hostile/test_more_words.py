"""What the driver reads while a stop, a cable or a charger is waited for, and of a bill about another one (39, 40)."""

from datetime import timedelta

import pytest
from django.core import mail

from partners.models import Policy
from sessions_adhoc.models import AdHocSession
from tests.sessions_adhoc.conftest import Driver
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled
from tests.sessions_adhoc.hostile.test_words import message as told
from tests.sessions_adhoc.hostile.test_words import page
from tests.sessions_adhoc.looking import open_incidents, state

pytestmark = pytest.mark.django_db

TAKEN = "The charger says that a car is charging already. If it is not yours, use another charger."


@pytest.fixture
def waiting(newer: Foreign, driver: Driver) -> AdHocSession:
    """It waits for the cable."""
    Policy.objects.create(partner=newer.cpo.partner, start_strategy="wait_for_preparing")
    session = driver.start()
    newer.later(seconds=5)
    assert (state(session)[0], newer.starts()) == ("waiting_for_connector", 0)
    return session


@pytest.mark.parametrize("status", [None, "RESERVATION", "ACTIVE"])
def test_who_asked_to_stop_is_not_told_to_plug_in(newer: Foreign, driver: Driver, status: str | None) -> None:
    """Whoever reads "plug in" plugs in, and charges."""
    session = driver.start()
    if status:
        newer.session(0, status)
        newer.later(seconds=5)
    driver.stop(session)
    newer.later(seconds=5)
    assert told(driver, session) == "You asked to stop. It stops as soon as the charger answers."
    shown = page(driver, session)
    assert ("lug in" in shown, shown.count("You asked to stop")) == (False, 1)
    if status:
        newer.session(0, "COMPLETED")
    newer.later(minutes=6)
    assert (outcome(session), state(session)[1]) == (("failed", "released", 0), "stopped_by_driver")
    assert (newer.starts(), newer.stops(), open_incidents()) == (1, ["S-1"] if status else [], [])


def test_stopped_in_the_second_try(newer: Foreign, driver: Driver) -> None:
    session = newer.validating()
    newer.session(0, "COMPLETED")
    newer.later(seconds=15)
    assert (newer.starts(), "Trying again" in told(driver, session)) == (2, True)
    driver.stop(session)
    assert told(driver, session) == "You asked to stop. It stops as soon as the charger answers."
    newer.later(minutes=6)
    assert (outcome(session), newer.starts(), newer.stops()) == (("failed", "released", 0), 2, [])


def test_a_try_that_waits_for_the_cable_says_so(newer: Foreign, driver: Driver, waiting: AdHocSession) -> None:
    """Rules 2, 13: the first try gave nothing, and the cable is out. Nobody is to wait with it in his hand."""
    newer.evse("BLOCKED")
    newer.later(seconds=5)
    newer.session(0)
    newer.evse("CHARGING")
    newer.later(seconds=5)
    newer.session(0, "COMPLETED")
    newer.evse("AVAILABLE")
    newer.later(seconds=30)
    assert (state(waiting)[0], newer.starts()) == ("starting", 1)
    assert told(driver, waiting) == "The first try gave no energy. Plug in your car again: charging starts by itself."
    newer.evse("BLOCKED")
    newer.later(seconds=5)
    assert (newer.starts(), "leave the cable plugged in" in told(driver, waiting)) == (2, True)
    newer.session(0, name="S-2")
    newer.later(seconds=5)
    newer.session(1, name="S-2")
    newer.session(1, "COMPLETED", "S-2")
    newer.cdr(1, session="S-2")
    newer.later(seconds=5)
    assert settled(waiting, 1)
    assert (newer.stops(), open_incidents()) == ([], [])


@pytest.mark.parametrize("status", ["OUTOFORDER", "REMOVED"])
def test_nobody_plugs_in_at_a_charger_that_broke(
    newer: Foreign, driver: Driver, waiting: AdHocSession, status: str
) -> None:
    newer.evse(status)
    newer.later(minutes=1)
    assert told(driver, waiting) == "The charger is out of service just now. Cancel, and try another one."
    shown = page(driver, waiting)
    assert ("lug in" in shown, "Out of service" in shown) == (False, True)
    newer.later(minutes=5)
    assert (outcome(waiting), state(waiting)[1], newer.starts()) == (
        ("failed", "released", 0), "connector_never_ready", 0,
    )  # fmt: skip
    assert "not plugged in" not in told(driver, waiting)
    assert (open_incidents(), mail.outbox) == ([], [])


def test_nobody_plugs_in_where_a_strangers_car_charges(newer: Foreign, driver: Driver, waiting: AdHocSession) -> None:
    newer.evse("CHARGING")
    newer.later(seconds=20)
    assert told(driver, waiting) == TAKEN
    shown = page(driver, waiting)
    assert ("lug in" in shown, "Occupied" in shown) == (False, True)
    newer.evse("AVAILABLE")
    newer.later(seconds=20)
    assert told(driver, waiting) == "Plug in your car: charging starts by itself."
    newer.evse("BLOCKED")
    newer.later(seconds=5)
    assert (state(waiting)[0], newer.starts()) == ("starting", 1)


def test_a_start_where_a_car_charged_already_does_not_ask_for_the_cable(newer: Foreign, driver: Driver) -> None:
    newer.evse("CHARGING")
    session = driver.start()
    newer.later(seconds=5)
    assert (state(session)[0], newer.starts(), told(driver, session)) == ("starting", 1, TAKEN)
    assert "lug in" not in page(driver, session)


def test_the_drivers_own_car_is_no_strangers(newer: Foreign, driver: Driver) -> None:
    session = driver.start()
    newer.later(seconds=5)
    newer.evse("CHARGING")
    newer.later(seconds=5)
    assert told(driver, session).startswith("Starting the charger.")


def test_the_charger_that_broke_is_mended(newer: Foreign, driver: Driver, waiting: AdHocSession) -> None:
    newer.evse("OUTOFORDER")
    newer.later(seconds=20)
    newer.evse("AVAILABLE")
    newer.later(seconds=20)
    assert told(driver, waiting) == "Plug in your car: charging starts by itself."
    newer.evse("BLOCKED")
    newer.later(seconds=5)
    assert (state(waiting)[0], newer.starts()) == ("starting", 1)


def test_a_bill_about_another_charger_is_not_called_missing(newer: Foreign, driver: Driver) -> None:
    """The EVSE got another uid meanwhile. The bill came: nobody is told that it did not."""
    session = newer.charging(2)
    newer.session(4, "COMPLETED")
    newer.later(seconds=5)
    ended = newer.now()
    newer.cdr(4, place=newer.place(evse="EVSE-9"))
    newer.later(hours=1)
    assert outcome(session) == ("awaiting_cdr", "reserved", 0)
    newer.later(hours=24)
    assert (outcome(session), state(session)[1]) == (("escalated", "reserved", 0), "cdr_place")
    assert told(driver, session).startswith("The operator's bill is about another charger. ")
    elsewhere = ["The CDR is about another charge", "The CDR is about another time or place"]
    assert open_incidents() == elsewhere
    newer.cdr(4, "CDR-2", end=ended - timedelta(seconds=1))
    newer.later(seconds=5)
    assert settled(session, 4)
    assert open_incidents() == elsewhere[:1]
