"""A status that is being stored while a driver begins: whoever stores it does not see the driver, nor he the status."""

from datetime import timedelta

import psycopg
import pytest

from partners.models import Policy
from tests.sessions_adhoc.between import address
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import state

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_cable_that_was_plugged_in_while_the_driver_began_is_seen(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    Policy.objects.create(partner=cpo.partner, start_strategy="wait_for_preparing")
    with psycopg.connect(**address()) as other:
        other.execute("UPDATE ocpi_evse SET status = 'BLOCKED'")
        session = driver.start()
        other.commit()
    assert (state(session)[0], cpo.sent("START_SESSION")) == ("waiting_for_connector", [])
    clock.forward(seconds=10)
    assert (state(session)[0], len(cpo.sent("START_SESSION"))) == ("starting", 1)


def test_later_news_alone_wakes_who_waits(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    Policy.objects.create(partner=cpo.partner, start_strategy="wait_for_preparing")
    session = driver.start()
    clock.forward(seconds=11)
    session.refresh_from_db()
    assert session.next_check_at == session.state_since + timedelta(minutes=5)
