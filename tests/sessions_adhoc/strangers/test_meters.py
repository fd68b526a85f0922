"""Meters that tell something else than the kWh of this charge (rules 11, 22, 32, 33)."""

import pytest

from ocpi.models import Evse
from tests.sessions_adhoc.conftest import Driver
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome
from tests.sessions_adhoc.looking import state
from tests.sessions_adhoc.strangers.test_nights import element
from tests.sessions_adhoc.strangers.test_objects import publish

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("told_at_first", [True, False])
@pytest.mark.parametrize(("kw", "seconds"), [(3.7, 60), (22, 10), (11, 240)])
def test_watt_hours_of_a_slow_charger(
    stranger: Foreign, driver: Driver, evse: Evse, kw: float, seconds: int, told_at_first: bool
) -> None:
    """At a socket of 22 kW 3.7 kW in Wh are 170 times what it can deliver: nobody's charge ends at its limit by it, and
    the first value is believed no more than the others."""
    evse.connectors.update(power_type="AC_3_PHASE", standard="IEC_62196_T2", max_kw=22)
    publish(stranger, element(0.5))
    session = driver.start()
    if told_at_first:
        stranger.session(0)
    for step in range(1, 7):
        stranger.later(seconds=seconds)
        stranger.session(round(kw * 1000 * seconds * step / 3600))
    stranger.later(seconds=5)
    assert (state(session)[0], stranger.stops()) == ("charging", [])
    kwh = kw * seconds * 6 / 3600
    stranger.session(round(kwh * 1000), "COMPLETED")
    stranger.cdr(round(kwh, 3))
    stranger.later(hours=1)
    ended, _money, captured = outcome(session)
    assert ended == "settled"
    assert abs(captured - kwh * 61.5) <= 1


def test_watt_hours_of_a_fast_charger_from_the_first_value(stranger: Foreign, driver: Driver) -> None:
    publish(stranger, element(0.5))
    session = driver.start()
    for minute in range(1, 5):
        stranger.later(minutes=1)
        stranger.session(2000 * minute)
    stranger.later(seconds=5)
    assert (state(session)[0], stranger.stops()) == ("charging", [])


def test_the_register_of_the_meter(stranger: Foreign, driver: Driver) -> None:
    """All that ever went through the meter: no charge began after our START and has had it. The CDR tells what it
    was."""
    publish(stranger, element(0.5))
    session = driver.start()
    for kwh in range(4):
        stranger.session(15234 + kwh)
        stranger.later(minutes=1)
    assert (state(session)[0], stranger.stops()) == ("charging", [])
    stranger.session(15237, "COMPLETED")
    stranger.cdr(3)
    stranger.later(hours=1)
    assert outcome(session) == ("settled", "captured", 185)


@pytest.mark.parametrize("max_kw", ["0.150", "30"])
def test_the_power_of_the_connector_is_wrong(stranger: Foreign, driver: Driver, evse: Evse, max_kw: str) -> None:
    """kW for W, or a fifth of the true one: the meter is believed all the same, and the limit is the limit."""
    evse.connectors.update(max_kw=max_kw)
    publish(stranger, element(0.5))
    session = driver.start(amount=1000)
    stranger.session(0)
    for minute in range(1, 8):
        stranger.later(minutes=1)
        if not stranger.stops():
            stranger.session(2.5 * minute)
    stranger.later(seconds=5)
    assert stranger.stops() == ["S-1"]
    assert state(session)[0] in ("stopping", "charging")
