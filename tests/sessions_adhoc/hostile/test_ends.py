"""How a foreign CPO ends a charge: not at all, twice, too early, and on again (rules 11, 15, 17-19, 26, 27)."""

from datetime import timedelta

import pytest

from tests.sessions_adhoc.conftest import Driver
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled, validities
from tests.sessions_adhoc.looking import open_incidents, state

pytestmark = pytest.mark.django_db


def test_everything_twice(foreign: Foreign, driver: Driver) -> None:
    session = driver.start()
    for kwh, status in ((0, "PENDING"), (0, "ACTIVE"), (2, "ACTIVE"), (6, "COMPLETED")):
        foreign.session(kwh, status)
        foreign.again()
        foreign.later(seconds=5)
        foreign.evse("CHARGING" if status == "ACTIVE" else "BLOCKED")
        foreign.again()
        foreign.later(seconds=5)
    for kind in ("START_SESSION",):
        foreign.result(kind, "ACCEPTED")
        foreign.again()
    foreign.cdr(6)
    foreign.again()
    foreign.later(seconds=5)
    foreign.again()
    foreign.later(hours=25)
    assert settled(session, 6)
    assert (foreign.starts(), foreign.stops(), open_incidents(), validities()) == (1, [], [], {"S-1": "valid"})


def test_active_after_completed_goes_on_and_is_paid_once(foreign: Foreign, driver: Driver) -> None:
    session = foreign.charging(3)
    foreign.session(3, "COMPLETED")
    foreign.later(seconds=10)
    assert state(session)[0] == "awaiting_cdr"
    foreign.session(3)
    foreign.later(seconds=10)
    foreign.session(5)
    foreign.later(seconds=10)
    assert foreign.stops() == ["S-1"]
    foreign.session(5, "COMPLETED")
    foreign.cdr(5)
    foreign.later(seconds=5)
    assert settled(session, 5)


def test_active_after_completed_without_energy_is_never_free_and_never_paid_twice(
    foreign: Foreign, driver: Driver
) -> None:
    """0 kWh and COMPLETED, then ACTIVE with energy under the same id: the second start is another matter."""
    session = foreign.validating()
    foreign.session(0, "COMPLETED")
    foreign.later(seconds=1)
    foreign.session(2)
    foreign.later(seconds=30)
    starts = foreign.starts()
    assert starts == 1 or foreign.stops() == ["S-1"]
    assert outcome(session)[:2] != ("failed", "captured")


def test_kwh_that_falls_and_rises(foreign: Foreign) -> None:
    session = foreign.charging(3)
    for kwh in (2, 2.5, 1, 3.5, 4):
        foreign.session(kwh)
        foreign.later(seconds=10)
        assert state(session)[0] == "charging"
    foreign.session(4, "COMPLETED")
    foreign.cdr(4)
    foreign.later(seconds=5)
    assert settled(session, 4)


def test_kwh_that_falls_to_zero_with_completed(foreign: Foreign) -> None:
    """Many CPOs reset the meter in the last update; the CDR has the truth."""
    session = foreign.charging(3)
    foreign.session(0, "COMPLETED")
    foreign.later(seconds=10)
    assert outcome(session) == ("awaiting_cdr", "reserved", 0)
    foreign.cdr(3)
    foreign.later(seconds=5)
    assert settled(session, 3)


def test_a_cdr_while_active_and_never_completed(foreign: Foreign) -> None:
    session = foreign.charging(3)
    foreign.cdr(3)
    foreign.later(seconds=5)
    foreign.later(minutes=45)
    assert settled(session, 3)
    assert foreign.starts() == 1


def test_a_cdr_before_any_session(foreign: Foreign, driver: Driver) -> None:
    session = driver.start()
    foreign.later(seconds=60)
    foreign.cdr(2, start=foreign.now() - timedelta(seconds=50))
    foreign.later(seconds=5)
    found = outcome(session)
    assert found in [("settled", "captured", 123), ("starting", "reserved", 0), ("awaiting_cdr", "reserved", 0)]
    foreign.session(2, "COMPLETED", start=foreign.now() - timedelta(seconds=55))
    foreign.later(seconds=5)
    assert settled(session, 2)


def test_a_cdr_before_completed(foreign: Foreign) -> None:
    session = foreign.charging(3)
    foreign.cdr(4)
    foreign.later(seconds=2)
    foreign.session(4, "COMPLETED")
    foreign.later(seconds=2)
    assert settled(session, 4)


def test_energy_after_the_end_is_stopped_and_covered(foreign: Foreign, driver: Driver) -> None:
    session = foreign.charging(3)
    foreign.evse("AVAILABLE")
    foreign.later(seconds=10)
    assert state(session)[0] == "awaiting_cdr"
    for kwh in (4, 5, 6):
        foreign.session(kwh)
        foreign.later(seconds=20)
    assert foreign.stops() == ["S-1"]
    driver.stop(session)
    foreign.later(seconds=1)
    assert foreign.stops() == ["S-1", "S-1"]
    foreign.session(6, "COMPLETED")
    foreign.cdr(6)
    foreign.later(seconds=5)
    assert settled(session, 6)


def test_an_interim_cdr_and_then_the_final_one(foreign: Foreign) -> None:
    """Rule 32: less than metered, and the Session goes on: it waits; what then comes is billed once."""
    session = foreign.charging(3)
    foreign.cdr(1, "CDR-1")
    for kwh in (4, 5, 6):
        foreign.session(kwh)
        foreign.later(seconds=20)
    assert outcome(session) == ("charging", "reserved", 0)
    foreign.session(6, "COMPLETED")
    foreign.later(minutes=1)
    assert outcome(session) == ("awaiting_cdr", "reserved", 0)
    foreign.cdr(6, "CDR-2")
    foreign.later(seconds=5)
    assert settled(session, 6)
    assert open_incidents() == []


def test_an_interim_cdr_and_no_final_one(foreign: Foreign) -> None:
    """Rule 32: the smaller is captured, and staff are told; but the final one has had its time."""
    session = foreign.charging(3)
    foreign.cdr(1, "CDR-1")
    foreign.later(seconds=5)
    foreign.session(6, "COMPLETED")
    foreign.later(minutes=19)
    assert outcome(session) == ("awaiting_cdr", "reserved", 0)
    assert len(foreign.cpo.server.calls("GET", "/cdrs")) >= 1
    foreign.later(minutes=2)
    assert settled(session, 1)
    assert len(open_incidents()) == 1


def test_an_interim_cdr_twice_is_one(foreign: Foreign) -> None:
    session = foreign.charging(3)
    foreign.cdr(1, "CDR-1")
    foreign.again()
    foreign.later(seconds=5)
    foreign.session(6, "COMPLETED")
    foreign.later(seconds=5)
    foreign.cdr(6, "CDR-2")
    foreign.again()
    foreign.later(seconds=5)
    assert settled(session, 6)


def test_a_full_battery_is_no_failure(foreign: Foreign) -> None:
    session = foreign.charging(3)
    for _ in range(40):
        foreign.session(3)
        foreign.later(seconds=60)
    assert (state(session)[0], foreign.starts(), foreign.stops()) == ("charging", 1, [])
    foreign.session(3, "COMPLETED")
    foreign.cdr(3)
    foreign.later(seconds=5)
    assert settled(session, 3)


def test_a_session_that_ends_invalid_with_energy_is_owed(foreign: Foreign) -> None:
    session = foreign.charging(3)
    foreign.session(3, "INVALID")
    foreign.later(seconds=5)
    assert outcome(session) == ("awaiting_cdr", "reserved", 0)
    foreign.cdr(3)
    foreign.later(seconds=5)
    assert settled(session, 3)


def test_thirty_minutes_without_news(foreign: Foreign) -> None:
    session = foreign.charging(3)
    foreign.later(minutes=29)
    assert state(session)[0] == "charging"
    foreign.later(minutes=2)
    assert outcome(session) == ("awaiting_cdr", "reserved", 0)
    foreign.cdr(3)
    foreign.later(seconds=5)
    assert settled(session, 3)
