"""Nights on which clocks jump, and CPOs that write times in their own way (rules 16, 21, 22, 31, 35).

Central Europe's summer time ends on 25 October 2026 at 01:00Z (03:00 becomes 02:00) and ended 2025's winter on
29 March 2026 at 01:00Z (02:00 became 03:00).
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ocpi.models import Connector
from partners.models import Policy
from tests.sessions_adhoc.conftest import Driver, stamp
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled
from tests.sessions_adhoc.looking import open_incidents, state

pytestmark = pytest.mark.django_db
HERE = ZoneInfo("Europe/Bratislava")
AUTUMN = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
SPRING = datetime(2027, 3, 28, 0, 0, tzinfo=UTC)


def element(price: float, kind: str = "ENERGY", **restrictions: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"price_components": [{"type": kind, "price": price, "step_size": 1}]}
    return {**made, "restrictions": restrictions} if restrictions else made


def publish(stranger: Foreign, *elements: dict[str, Any], **more: Any) -> None:
    Connector.objects.update(tariff_ids=["T-1"])
    body = {
        "country_code": "SK", "party_id": "ION", "id": "T-1", "currency": "EUR", "elements": list(elements),
        "last_updated": stamp(stranger.now()), **({"tax_included": "NO"} if stranger.version == "2.3.0" else {}),
    }  # fmt: skip
    stranger.send("PUT", "tariffs/SK/ION/T-1", body | more)


def at(stranger: Foreign, moment: datetime) -> None:
    stranger.clock.traveller.move_to(moment)


def through(stranger: Foreign, driver: Driver, minutes: int, step: int = 10) -> tuple[Any, list[dict[str, Any]]]:
    """A charge of 0.1 kWh a minute, told every `step` minutes with its periods; returns it and the periods."""
    session, began = driver.start(), stranger.now()
    stranger.began["S-1"] = began
    periods: list[dict[str, Any]] = []
    stranger.session(0)
    for minute in range(0, minutes, step):
        moment = began + timedelta(minutes=minute)
        dimensions = [{"type": "ENERGY", "volume": round(0.1 * step, 4)}]
        periods.append({"start_date_time": stamp(moment), "dimensions": dimensions})
        stranger.later(minutes=step)
        stranger.session(round(0.1 * (minute + step), 4), charging_periods=periods)
    stranger.later(seconds=1)
    assert state(session)[0] == "charging"
    return session, periods


def estimated(driver: Driver, session: Any) -> int:
    return int(driver.call("GET", f"{session.pk}/").json()["money"]["estimated"])


def billed(stranger: Foreign, driver: Driver, session: Any, periods: list[Any], kwh: float, net: float) -> Any:
    stranger.session(kwh, "COMPLETED", charging_periods=periods)
    stranger.cdr(kwh, net=net, charging_periods=periods)
    stranger.later(seconds=5)
    return outcome(session)


# tariff's elements; from; minutes; net price. 0.1 kWh each minute, told every ten.
DEAR = 1.0
CHEAP = 0.1
NIGHTS: dict[str, tuple[list[dict[str, Any]], datetime, int, float]] = {
    "the hour that happens twice is dear twice": (
        [element(DEAR, start_time="02:00", end_time="03:00"), element(CHEAP)],
        AUTUMN - timedelta(minutes=30), 180, 6 * DEAR + 6 * DEAR + 3 * CHEAP + 3 * CHEAP,
    ),
    "its first half is dear twice": (
        [element(DEAR, start_time="02:00", end_time="02:30"), element(CHEAP)],
        AUTUMN, 120, 3 * DEAR + 3 * CHEAP + 3 * DEAR + 3 * CHEAP,
    ),
    "until three, which comes once": (
        [element(DEAR, start_time="22:00", end_time="03:00"), element(CHEAP)],
        AUTUMN + timedelta(minutes=60), 120, 6 * DEAR + 6 * CHEAP,
    ),
    "the hour that does not happen": (
        [element(DEAR, start_time="02:00", end_time="03:00"), element(CHEAP)],
        SPRING + timedelta(minutes=30), 60, 6 * CHEAP,
    ),
    "from an hour that does not happen": (
        [element(DEAR, start_time="02:30", end_time="04:00"), element(CHEAP)],
        SPRING + timedelta(minutes=30), 120, 3 * CHEAP + 6 * DEAR + 3 * CHEAP,
    ),
    "over midnight": (
        [element(DEAR, start_time="22:00", end_time="06:00"), element(CHEAP)],
        datetime(2026, 11, 3, 20, 30, tzinfo=UTC), 180, 3 * CHEAP + 15 * DEAR,
    ),
    "until midnight": (
        [element(DEAR, start_time="20:00", end_time="00:00"), element(CHEAP)],
        datetime(2026, 11, 3, 22, 30, tzinfo=UTC), 60, 3 * DEAR + 3 * CHEAP,
    ),
    "the year's last day": (
        [element(DEAR, start_date="2026-12-31", end_date="2027-01-01"), element(CHEAP)],
        datetime(2026, 12, 31, 22, 30, tzinfo=UTC), 60, 3 * DEAR + 3 * CHEAP,
    ),
    "the year's first day by its name": (
        [element(DEAR, day_of_week=["FRIDAY"]), element(CHEAP)],
        datetime(2026, 12, 31, 22, 30, tzinfo=UTC), 60, 3 * CHEAP + 3 * DEAR,
    ),
    "a night by the name of its first day": (
        [element(DEAR, day_of_week=["THURSDAY"], start_time="22:00", end_time="06:00"), element(CHEAP)],
        datetime(2026, 12, 31, 22, 30, tzinfo=UTC), 60, 3 * DEAR + 3 * CHEAP,
    ),
}  # fmt: skip


@pytest.mark.parametrize("night", NIGHTS)
def test_a_night(stranger: Foreign, driver: Driver, night: str) -> None:
    """Rule 35: the estimate is within 0.02 of the CDR of that moment; rule 32: the driver pays it."""
    elements, moment, minutes, net = NIGHTS[night]
    at(stranger, moment)
    # Nobody has to ask in between.
    Policy.objects.create(partner=stranger.cpo.partner, meter_interval=1200, silence_timeout=3600)
    publish(stranger, *elements)
    session, periods = through(stranger, driver, minutes)
    gross = round(net * 123)
    assert abs(estimated(driver, session) - gross) <= max(2, gross // 100), (estimated(driver, session), gross)
    assert billed(stranger, driver, session, periods, minutes / 10, net) == ("settled", "captured", gross)
    assert open_incidents() == []


@pytest.mark.parametrize("jump", [AUTUMN, SPRING])
@pytest.mark.heavy
def test_local_time_as_utc_through_the_jump(stranger: Foreign, driver: Driver, jump: datetime) -> None:
    """The CPO's stamps jump an hour back or on at 01:00Z; the charge goes on, is followed, and is paid (rule 31)."""
    at(stranger, jump + timedelta(minutes=30))

    def local(moment: datetime) -> str:
        return moment.astimezone(HERE).strftime("%Y-%m-%dT%H:%M:%SZ")

    session, began = driver.start(), stranger.now()
    for minute in range(61):
        more: dict[str, Any] = {"last_updated": local(stranger.now()), "start_date_time": local(began)}
        stranger.cpo.offers_sessions(stranger.session_body(minute / 10, "ACTIVE", "S-1", -1, began) | more)
        stranger.session(minute / 10, **more)
        stranger.later(minutes=1)
        assert state(session)[0] in ("charging", "validating"), minute
    assert driver.call("GET", f"{session.pk}/").json()["meter"]["kwh"] == 6
    assert stranger.stops() == []
    over = local(stranger.now())
    stranger.session(6, "COMPLETED", **(more | {"last_updated": over, "end_date_time": over}))
    stranger.later(seconds=2)
    assert state(session)[0] == "awaiting_cdr"
    periods = [{"start_date_time": local(began), "dimensions": [{"type": "ENERGY", "volume": 6}]}]
    stamps: dict[str, Any] = {"start_date_time": local(began), "end_date_time": over, "last_updated": over}
    stranger.cdr(6, charging_periods=periods, **stamps)
    stranger.later(seconds=5)
    assert settled(session, 6)


# How a moment is written


def written(moment: datetime, how: str) -> str:
    plain = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    forms = {
        "no zone": plain,
        "milliseconds": plain + ".000Z",
        "nanoseconds": plain + ".000000000Z",
        "plus nothing": plain + "+00:00",
        "here": moment.astimezone(HERE).isoformat(),
        "india": moment.astimezone(ZoneInfo("Asia/Kolkata")).isoformat(),
        "short zone": moment.astimezone(HERE).strftime("%Y-%m-%dT%H:%M:%S%z"),
        "a blank": plain.replace("T", " ") + "Z",
        "small": plain.lower() + "z",
        "no seconds": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ"),
    }
    return forms[how]


FORMS = ("no zone", "milliseconds", "nanoseconds", "plus nothing", "here", "india", "short zone", "a blank", "small")


@pytest.mark.parametrize("how", FORMS)
@pytest.mark.parametrize("night", [None, AUTUMN + timedelta(minutes=55)])
def test_a_moment_in_another_form(stranger: Foreign, driver: Driver, how: str, night: datetime | None) -> None:
    if night is not None:
        at(stranger, night)
    session, began = driver.start(), stranger.now()
    for kwh, status in ((0, "ACTIVE"), (1, "ACTIVE"), (2, "ACTIVE"), (3, "COMPLETED")):
        now = written(stranger.now(), how)
        more: dict[str, Any] = {"last_updated": now, "start_date_time": written(began, how)}
        stranger.session(kwh, status, **more | ({"end_date_time": now} if status == "COMPLETED" else {}))
        stranger.later(minutes=2)
    assert state(session)[0] == "awaiting_cdr"
    now = written(stranger.now(), how)
    stranger.cdr(3, start_date_time=written(began, how), end_date_time=now, last_updated=now)
    stranger.later(seconds=5)
    assert settled(session, 3)
    assert open_incidents() == []


@pytest.mark.parametrize("minutes", [-3, -30, 3, 30])
def test_last_updated_that_walks_to_and_fro(stranger: Foreign, driver: Driver, minutes: int) -> None:
    """Two of their servers, of which one is off: nothing that is progress is lost for longer than one GET (rule 31)."""
    session = driver.start()
    for turn in range(12):
        off = timedelta(minutes=minutes if turn % 2 else 0)
        kwh = turn / 2
        body = stranger.session_body(kwh, "ACTIVE", "S-1", -1, stranger.began.setdefault("S-1", stranger.now()))
        stranger.offers(body)
        stranger.session(kwh, last_updated=stamp(stranger.now() + off))
        stranger.later(seconds=30)
    stranger.later(seconds=60)
    assert (state(session)[0], driver.call("GET", f"{session.pk}/").json()["meter"]["kwh"]) == ("charging", 5.5)
    body = stranger.session_body(5.5, "COMPLETED", "S-1", -1, stranger.began["S-1"])
    stranger.offers(body)
    stranger.session(5.5, "COMPLETED")
    stranger.later(seconds=30)
    stranger.cdr(5.5)
    stranger.later(seconds=5)
    assert settled(session, 5.5)


@pytest.mark.heavy
def test_an_end_in_the_future(stranger: Foreign, driver: Driver) -> None:
    """COMPLETED with an end a day ahead: it is over now (rule 31), and its CDR is about it."""
    session = stranger.charging(3)
    stranger.session(3, "COMPLETED", end_date_time=stamp(stranger.now() + timedelta(days=1)))
    stranger.later(seconds=5)
    assert state(session)[0] == "awaiting_cdr"
    stranger.cdr(3)
    stranger.later(seconds=5)
    assert settled(session, 3)


@pytest.mark.heavy
def test_an_end_before_the_start(stranger: Foreign, driver: Driver) -> None:
    session = stranger.charging(3)
    stranger.session(3, "COMPLETED", end_date_time=stamp(stranger.now() - timedelta(days=1)))
    stranger.later(seconds=5)
    assert state(session)[0] == "awaiting_cdr"
    stranger.cdr(3)
    stranger.later(seconds=5)
    assert outcome(session)[0] in ("settled", "escalated")
