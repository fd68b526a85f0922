"""The CPO's clock is wrong, or jumps: its charge goes as it would have gone (rules 8, 16, 22, 31)."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ocpi.models import Evse, OcpiSession, Refresh
from ocpi.sync.refreshing import hand_out_due
from sessions_adhoc.models import Sample
from tests.factories import session_data
from tests.ocpi.cpo import Seen, envelope
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import gateway, money, state

hours = pytest.mark.parametrize("ahead", [-26, -1, 1, 26], ids=lambda hours: f"{hours:+d} h")


def wire(cpo: Cpo, kwh: float, status: str = "ACTIVE", **more: Any) -> dict[str, Any]:
    """The Session that answers the last START_SESSION, as GET lists it."""
    start = cpo.sent("START_SESSION")[-1].body
    token = {**session_data()["cdr_token"], "uid": start["token"]["uid"]}
    reference = start["authorization_reference"]
    times = {"start_date_time": stamp(cpo.now()), "last_updated": stamp(cpo.now())}
    return (
        session_data("S-1", kwh=kwh, status=status, authorization_reference=reference, cdr_token=token) | times | more
    )


def lists(cpo: Cpo, *sessions: dict[str, Any]) -> None:
    """GET /sessions answers with what changed since `date_from`, as the specification says (OCPI 2.2.1 §9.2.1)."""

    def answer(seen: Seen) -> Any:
        return envelope([one for one in sessions if one["last_updated"] >= seen.query["date_from"]])

    cpo.server.on("GET /sessions", answer)


@hours
def test_a_get_finds_the_session_whatever_the_clock(driver: Driver, cpo: Cpo, clock: Clock, ahead: int) -> None:
    session = driver.start()
    cpo.ahead = timedelta(hours=ahead)
    clock.forward(minutes=1)
    lists(cpo, wire(cpo, 12))
    clock.forward(minutes=4)
    assert state(session)[0] in ("validating", "charging")
    assert (len(cpo.sent("START_SESSION")), money(session)) == (1, ("reserved", 0))


@hours
def test_the_fall_of_the_connector_ends_charging_whatever_the_clock(
    driver: Driver, cpo: Cpo, clock: Clock, ahead: int
) -> None:
    Evse.objects.update(last_updated=BEGINNING - timedelta(days=9))
    cpo.ahead = timedelta(hours=ahead)
    cpo.evse("BLOCKED")
    session = driver.start()
    clock.forward(seconds=5)
    cpo.session(0, created=True)
    cpo.evse("CHARGING")
    clock.forward(seconds=30)
    cpo.session(2)
    clock.forward(seconds=30)
    assert state(session)[0] == "charging"
    cpo.evse("AVAILABLE")
    clock.forward(seconds=8)
    assert state(session)[0] == "awaiting_cdr"


@pytest.mark.parametrize("ahead", [1, 2, 25])
def test_one_update_from_the_future_loses_nothing(driver: Driver, cpo: Cpo, clock: Clock, ahead: int) -> None:
    session = driver.start()
    clock.forward(seconds=5)
    cpo.ahead = timedelta(hours=ahead)
    cpo.session(0, created=True)
    cpo.ahead = timedelta(0)
    for number in range(1, 4):
        clock.forward(seconds=30)
        cpo.session(number)
    assert state(session)[0] == "charging"
    kept = list(Sample.objects.order_by("pk").values_list("kwh", "ignored"))
    assert kept == [(Decimal(number), "") for number in range(4)]
    cpo.session(4, "COMPLETED")
    clock.forward(seconds=1)
    assert state(session)[0] == "awaiting_cdr"
    assert len(cpo.sent("START_SESSION")) == 1


def test_a_clock_that_jumps_back_heals_with_one_get(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    clock.forward(seconds=5)
    cpo.session(0, created=True)
    clock.forward(seconds=10)
    cpo.session(1)
    clock.forward(seconds=10)
    cpo.ahead = timedelta(hours=-3)
    cpo.session(5)
    assert OcpiSession.objects.get().kwh == 1
    lists(cpo, wire(cpo, 5, start_date_time=stamp(BEGINNING)))
    clock.forward(seconds=16)
    hand_out_due(clock.now())
    clock.run_tasks()
    assert (OcpiSession.objects.get().kwh, Refresh.objects.count()) == (Decimal(5), 0)
    clock.forward(seconds=10)
    cpo.session(6, "COMPLETED")
    clock.forward(seconds=1)
    assert state(session)[0] == "awaiting_cdr"
    assert OcpiSession.objects.get().kwh == 6
    cpo.cdr(3.0, kwh=6, session_id="S-1")
    clock.forward(minutes=1)
    assert (state(session)[0], gateway(session)[0]) == ("settled", "captured")


def test_a_sample_is_dated_as_they_say_and_ordered_as_it_came(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    driver.start()
    clock.forward(seconds=5)
    cpo.ahead = timedelta(hours=2)
    cpo.session(0, created=True)
    clock.forward(seconds=60)
    cpo.ahead = timedelta(0)
    cpo.session(1)
    dated: list[tuple[datetime, Any, str]] = list(Sample.objects.order_by("pk").values_list("at", "kw", "faults"))
    assert [at for at, _kw, _faults in dated] == [
        BEGINNING + timedelta(hours=2, seconds=5),
        BEGINNING + timedelta(seconds=65),
    ]
    # A kWh in a minute, by the arrivals: two clocks made the stamps.
    assert dated[1][1:] == (60, "power")
