"""Contradictions, meter values, stops that are lost or forgotten (rules 15-23)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from ocpi.models import Command
from ocpi.tasks import commands_tick
from ocpi.versions import VERSIONS
from sessions_adhoc.models import AdHocSession, Sample
from sessions_adhoc.news import metering
from tests.factories import period_data
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import state
from tests.support import tasks
from tests.support.remembering import remembered
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db


@pytest.fixture
@remembered
def charging(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    """A session that charges: 5 kWh, connector CHARGING."""
    session = driver.start()
    cpo.session(0, created=True)
    cpo.evse("CHARGING")
    clock.forward(seconds=30)
    cpo.session(5)
    clock.forward(seconds=1)
    assert state(session)[0] == "charging"
    return session


def minutes_of_samples(cpo: Cpo, clock: Clock, minutes: int) -> None:
    for _ in range(minutes):
        clock.forward(minutes=1)
        cpo.session(5)
    clock.forward(seconds=1)


# Rule 16


def test_news_of_the_connector_that_something_overtook_changes_nothing(
    cpo: Cpo, clock: Clock, charging: AdHocSession
) -> None:
    clock.forward(minutes=1)
    cpo.session(5)
    cpo.evse("CHARGING")
    overtaken = {"status": "AVAILABLE", "last_updated": stamp(clock.now() - timedelta(seconds=30))}
    cpo.push("PATCH", "locations/SK/ION/LOC-1/EVSE-1", overtaken, 200)
    clock.forward(seconds=30)
    charging.evse.refresh_from_db()
    assert (state(charging)[0], charging.evse.status) == ("charging", "CHARGING")


# Rule 17


def test_a_connector_that_contradicts_for_half_an_hour_ends_the_tracking(
    cpo: Cpo, clock: Clock, charging: AdHocSession
) -> None:
    cpo.evse("OUTOFORDER")
    minutes_of_samples(cpo, clock, 29)
    assert state(charging)[0] == "charging"
    minutes_of_samples(cpo, clock, 1)
    assert state(charging)[0] == "awaiting_cdr"


@pytest.mark.parametrize("status", ["UNKNOWN", "CHARGING"])
def test_a_connector_that_does_not_contradict_ends_nothing(
    cpo: Cpo, clock: Clock, charging: AdHocSession, status: str
) -> None:
    if status == "CHARGING":
        cpo.evse("RESERVED")
        clock.forward(seconds=5)
    cpo.evse(status)
    minutes_of_samples(cpo, clock, 32)
    assert state(charging)[0] == "charging"


@pytest.mark.parametrize("statuses", [["OCCUPIED"], ["RESERVED", "BLOCKED"], ["OUTOFORDER", "UNKNOWN"]])
def test_what_was_said_before_the_charge_or_is_no_word_of_ocpi_contradicts_nothing(
    driver: Driver, cpo: Cpo, clock: Clock, statuses: list[str]
) -> None:
    """At a CPO that never says CHARGING."""
    session = driver.start()
    for status in statuses:
        cpo.evse(status)
    cpo.session(0, created=True)
    clock.forward(seconds=10)
    cpo.session(5)
    minutes_of_samples(cpo, clock, 32)
    assert (state(session)[0], cpo.sent("STOP_SESSION")) == ("charging", [])


def test_a_connectors_clock_that_is_ahead_delays_nothing(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    ahead = {"status": "AVAILABLE", "last_updated": stamp(clock.now() + timedelta(hours=3))}
    cpo.push("PATCH", "locations/SK/ION/LOC-1/EVSE-1", ahead, 200)
    clock.forward(seconds=6)
    assert state(charging)[0] == "awaiting_cdr"


# Rules 14 and 19


def test_blocked_before_charging_does_not_end_a_charge(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=10)
    cpo.session(5)
    cpo.evse("BLOCKED")
    clock.forward(seconds=30)
    assert state(session)[0] == "charging"


def test_a_stop_that_was_given_up_is_not_sent_behind_the_drivers_back(
    driver: Driver, cpo: Cpo, clock: Clock, charging: AdHocSession, run_tasks: Callable[..., list[Ran]]
) -> None:
    answer = driver.call("POST", f"{charging.pk}/stop/")
    assert answer.status_code == 202
    tasks.purge()
    stop = Command.objects.get(kind="STOP_SESSION")
    clock.traveller.shift(125)
    cpo.session(6)
    for _ in range(3):
        from sessions_adhoc.tasks import tick

        tick()
        tasks.run_tasks(raise_failures=True)
        Command.objects.filter(pk=stop.pk, state="answered").update(state="created")
        clock.traveller.shift(31)
    assert state(charging) == ("charging", "stop_without_effect")
    before = len(cpo.sent("STOP_SESSION"))
    commands_tick()
    run_tasks()
    assert len(cpo.sent("STOP_SESSION")) == before


# Rules 21 to 23


def test_an_old_sample_is_kept_and_ignored(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    clock.forward(minutes=1)
    old = stamp(clock.now() - timedelta(seconds=75))
    change = {"kwh": 9, "last_updated": old}
    cpo.push("PATCH", "sessions/SK/ION/S-1", change, 200)
    row = Sample.objects.order_by("-pk")[0]
    assert (row.kwh, row.ignored) == (Decimal(9), "older than the newest sample")
    assert state(charging)[0] == "charging"


def faults_of_samples() -> list[str]:
    """What counts against the partner, per meter value that changed something."""
    return list(Sample.objects.filter(ignored="").order_by("pk").values_list("faults", flat=True))


def test_what_is_wrong_with_meter_values_is_noted(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    driver.start()
    power = [period_data("2026-05-04T12:00:00Z", POWER=50)]
    cpo.session(0, created=True, charging_periods=power)
    clock.forward(minutes=1)
    cpo.session(2)
    clock.forward(seconds=91)
    cpo.session(3)
    clock.forward(seconds=30)
    cpo.push("PATCH", "sessions/SK/ION/S-1", {"status": "ACTIVE", "last_updated": stamp(clock.now())}, 200)
    cpo.session(3, "COMPLETED")
    assert faults_of_samples() == ["", "power", "power,late", "energy,power", ""]


def test_good_meter_values_pass(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    driver.start()
    for kwh in range(3):
        cpo.session(kwh, created=kwh == 0, charging_periods=[period_data(stamp(clock.now()), POWER=50)])
        clock.forward(seconds=90)
    assert faults_of_samples() == ["", "", ""]


def test_without_power_in_its_version_no_power_is_no_fault(
    driver: Driver, cpo: Cpo, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metering, "VERSIONS", {"2.2.1": VERSIONS["2.1.1"]})
    driver.start()
    cpo.session(0, created=True)
    assert faults_of_samples() == [""]


def test_a_correction_has_its_five_seconds_however_late_the_fall_was_told(
    driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    """Rule 15: pushes come late and in a row, and clocks differ: we wait from when we heard of it."""
    session = driver.start()
    cpo.session(0, created=True)
    cpo.evse("CHARGING")
    clock.forward(seconds=60)
    cpo.session(5)
    clock.forward(seconds=1)
    fell = stamp(clock.now() - timedelta(seconds=30))
    cpo.push("PATCH", "locations/SK/ION/LOC-1/EVSE-1", {"status": "AVAILABLE", "last_updated": fell}, 200)
    clock.forward(seconds=4)
    assert state(session)[0] == "charging"
    cpo.evse("CHARGING")
    clock.forward(seconds=30)
    assert state(session)[0] == "charging"
