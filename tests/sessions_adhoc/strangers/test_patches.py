"""Sessions told in pieces: PATCHes doubled, bare, contradictory, and PUTs between them (rules 6, 21, 22, 33, 35)."""

import json
from typing import Any

import pytest

from ocpi.models import OcpiSession
from tests.sessions_adhoc.conftest import Driver, stamp
from tests.sessions_adhoc.hostile.foreign import Foreign, settled
from tests.sessions_adhoc.looking import open_incidents, state
from tests.sessions_adhoc.strangers.test_nights import element, estimated, publish

pytestmark = pytest.mark.django_db


def kwh_of(driver: Driver, session: Any) -> Any:
    return driver.call("GET", f"{session.pk}/").json()["meter"]["kwh"]


def period(stranger: Foreign, **volumes: float) -> dict[str, Any]:
    dimensions = [{"type": name, "volume": volume} for name, volume in volumes.items()]
    return {"start_date_time": stamp(stranger.now()), "dimensions": dimensions}


def patched(stranger: Foreign, change: dict[str, Any]) -> Any:
    """The answer to a PATCH that may be refused."""
    return stranger.cpo.http.generic(
        "PATCH",
        f"/ocpi/emsp/{stranger.version}/sessions/SK/ION/S-1",
        data=json.dumps(change),
        content_type="application/json",
        headers={"Authorization": f"Token {stranger.cpo.token}"},
    )


@pytest.fixture
def begun(stranger: Foreign, driver: Driver) -> Any:
    publish(stranger, element(0.5))
    session = driver.start()
    stranger.session(0)
    stranger.later(seconds=30)
    return session


def over(stranger: Foreign, session: Any, kwh: float) -> None:
    stranger.session(kwh, "COMPLETED")
    stranger.cdr(kwh)
    stranger.later(seconds=5)
    assert settled(session, kwh)
    assert open_incidents() == []


def test_each_period_twice(stranger: Foreign, driver: Driver, begun: Any) -> None:
    """Periods are appended (OCPI 2.2 9.2.2.2); the same one twice is one, for the estimate too (rule 35)."""
    for kwh in (1, 2, 3):
        stranger.later(minutes=1)
        stranger.patch(kwh=kwh, charging_periods=[period(stranger, ENERGY=1, POWER=60)])
        stranger.again()
        stranger.later(seconds=1)
    assert (state(begun)[0], kwh_of(driver, begun), estimated(driver, begun)) == ("charging", 3, 185)
    assert len(OcpiSession.objects.get().raw["charging_periods"]) == 3
    over(stranger, begun, 3)


@pytest.mark.heavy
def test_energy_in_periods_only(stranger: Foreign, driver: Driver, begun: Any) -> None:
    """`kwh` stands still while periods grow: energy observed is of kWh alone (rule 11)."""
    for _ in range(3):
        stranger.later(minutes=1)
        stranger.patch(charging_periods=[period(stranger, ENERGY=1, POWER=60)])
    stranger.later(seconds=1)
    assert state(begun)[0] == "validating"
    stranger.patch(kwh=3)
    stranger.later(seconds=1)
    assert state(begun)[0] == "charging"
    over(stranger, begun, 3)


@pytest.mark.parametrize("change", [{"kwh": None}, {"kwh": "2,5"}, {"kwh": "2.5"}, {"kwh": -1}, {"status": None}, {}])
def test_odd_pieces(stranger: Foreign, driver: Driver, begun: Any, change: dict[str, Any]) -> None:
    """Read as far as it is valid, or refused in words; what was known stays."""
    stranger.patch(kwh=1)
    stranger.later(seconds=1)
    answer = patched(stranger, {"last_updated": stamp(stranger.now()), **change})
    assert answer.status_code == 200, answer.content
    stranger.later(seconds=1)
    assert state(begun)[0] == "charging"
    assert kwh_of(driver, begun) == (2.5 if str(change.get("kwh")).startswith("2") else 1)
    over(stranger, begun, 3)


def test_without_a_stamp(stranger: Foreign, driver: Driver, begun: Any) -> None:
    """`last_updated` is needed in every PATCH since 2.2: it is refused in words, and GET tells (rule 17)."""
    for kwh in (1, 2, 3):
        stranger.later(minutes=1)
        body = stranger.session_body(kwh, "ACTIVE", "S-1", -1, stranger.began["S-1"])
        stranger.offers(body)
        answer = patched(stranger, {"kwh": kwh})
        assert (answer.status_code, answer.json()["status_code"]) == (200, 2001)
        assert answer.json()["status_message"] == "last_updated: every PATCH needs it"
    assert (state(begun)[0], kwh_of(driver, begun)) == ("charging", 2)
    over(stranger, begun, 3)


def test_a_patch_between_two_puts_that_are_older(stranger: Foreign, driver: Driver, begun: Any) -> None:
    """Rule 22: the PUT that was sent before the PATCH and comes after it changes nothing."""
    stranger.later(minutes=1)
    early = stamp(stranger.now())
    stranger.later(seconds=30)
    stranger.patch(kwh=2)
    stranger.session(1, last_updated=early)
    stranger.later(seconds=1)
    assert kwh_of(driver, begun) == 2
    over(stranger, begun, 3)


@pytest.mark.heavy
def test_completed_by_patch_alone(stranger: Foreign, driver: Driver, begun: Any) -> None:
    stranger.patch(kwh=2)
    stranger.later(seconds=10)
    stranger.patch(status="COMPLETED")
    stranger.later(seconds=2)
    assert state(begun)[0] == "awaiting_cdr"
    stranger.cdr(2)
    stranger.later(seconds=5)
    assert settled(begun, 2)


@pytest.mark.heavy
def test_the_end_and_then_a_patch_of_kwh(stranger: Foreign, driver: Driver, begun: Any) -> None:
    """The last meter value comes after the end, for the same moment: it is over, and the CDR covers it."""
    stranger.patch(kwh=2)
    stranger.later(seconds=10)
    stranger.patch(status="COMPLETED", kwh=2)
    stranger.patch(kwh=2.4)
    stranger.later(seconds=2)
    assert (state(begun)[0], stranger.stops()) == ("awaiting_cdr", [])
    stranger.cdr(2.4)
    stranger.later(seconds=5)
    assert settled(begun, 2.4)


@pytest.mark.parametrize("status", ["RESERVATION", "RESERVED", "SUSPENDED", "active", "FINISHED"])
def test_a_status_that_is_none_of_a_charge(stranger: Foreign, driver: Driver, begun: Any, status: str) -> None:
    """A word that is none, or one of another matter, ends no charge that delivers."""
    stranger.patch(kwh=1)
    stranger.later(seconds=1)
    patched(stranger, {"last_updated": stamp(stranger.now()), "status": status, "kwh": 1.5})
    stranger.later(seconds=20)
    assert (state(begun)[0], stranger.stops(), stranger.starts()) == ("charging", [], 1)
    over(stranger, begun, 3)


@pytest.mark.heavy
def test_a_put_without_periods_takes_them_away(stranger: Foreign, driver: Driver, begun: Any) -> None:
    """PUT replaces (digest 2.5): the estimate falls back to the meter, and stays what a CDR would cost."""
    stranger.later(minutes=1)
    stranger.patch(kwh=1, charging_periods=[period(stranger, ENERGY=1)])
    stranger.later(minutes=1)
    stranger.session(2)
    stranger.later(seconds=1)
    assert abs(estimated(driver, begun) - 123) <= 2
    over(stranger, begun, 2)


@pytest.mark.heavy
def test_total_cost_of_the_cpo_is_no_estimate(stranger: Foreign, driver: Driver, begun: Any) -> None:
    """Rule 35: the driver reads the price of the tariff shown, not ten times that."""
    stranger.later(minutes=1)
    stranger.patch(kwh=2, total_cost=stranger.price(10))
    stranger.later(seconds=1)
    assert estimated(driver, begun) == 123
    assert stranger.stops() == []
    over(stranger, begun, 2)


@pytest.mark.parametrize("seconds", [1, 0])
def test_two_values_a_moment_apart(stranger: Foreign, driver: Driver, begun: Any, seconds: int) -> None:
    """Values that waited at the CPO come together: no power of theirs carries the charge past its limit (rule 33)."""
    for kwh in (1, 2.5, 4):
        stranger.patch(kwh=kwh)
        stranger.later(seconds=seconds)
    stranger.later(seconds=10)
    assert (state(begun)[0], stranger.stops()) == ("charging", [])
    over(stranger, begun, 4)


@pytest.mark.parametrize("power", [50_000, 11_000, 999_999])
def test_watts_for_kilowatts(stranger: Foreign, driver: Driver, begun: Any, power: float) -> None:
    """A power that the connector does not have is none that a charge is stopped for (rule 33)."""
    for kwh in (0.8, 1.6):
        stranger.later(minutes=1)
        stranger.patch(kwh=kwh, charging_periods=[period(stranger, ENERGY=0.8, POWER=power)])
        stranger.later(seconds=1)
    assert (state(begun)[0], stranger.stops()) == ("charging", [])
    over(stranger, begun, 1.6)


def test_a_power_that_carries_it_past_its_limit(stranger: Foreign, driver: Driver) -> None:
    """And one that it has: 150 kW for 90 s are 3.75 kWh, 2.31 EUR."""
    publish(stranger, element(0.5))
    session = driver.start(amount=1000)
    stranger.session(0)
    stranger.later(minutes=4)
    stranger.patch(kwh=13, charging_periods=[period(stranger, ENERGY=13, POWER=150)])
    stranger.later(seconds=1)
    assert (state(session), stranger.stops()) == (("stopping", "limit_reached"), ["S-1"])
