"""A driver who gives up between START_SESSION and the first energy (rules 19, 20)."""

import pytest

from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import gateway, money, state

pytestmark = pytest.mark.django_db


def test_a_pending_session_is_stopped_as_soon_as_it_appears(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    driver.stop(session)
    assert cpo.sent("STOP_SESSION") == []
    cpo.session(0, "PENDING", created=True)
    clock.forward(seconds=1)
    assert len(cpo.sent("STOP_SESSION")) == 1
    cpo.session(0, "INVALID")
    clock.forward(seconds=1)
    assert state(session) == ("failed", "stopped_by_driver")
    assert (money(session), gateway(session)) == (("released", 0), ("released", 0))
    assert len(cpo.sent("STOP_SESSION")) == 1


def test_a_cpo_that_cannot_stop_a_pending_session_is_asked_again_when_it_is_active(
    driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    cpo.server.on("/commands/STOP_SESSION", envelope({"result": "REJECTED", "timeout": 5}))
    session = driver.start()
    driver.stop(session)
    cpo.session(0, "PENDING", created=True)
    clock.forward(seconds=1)
    cpo.accept("STOP_SESSION")
    cpo.session(0)
    clock.forward(seconds=1)
    assert (state(session)[0], len(cpo.sent("STOP_SESSION"))) == ("validating", 2)
    cpo.session(0, "COMPLETED")
    clock.forward(seconds=1)
    assert state(session) == ("failed", "stopped_by_driver")
