"""A client is told what is still open of a charge, each time that it is another sum."""

import pytest

from sessions_adhoc import staff
from sessions_adhoc.models import AdHocSession, WebhookEndpoint
from sessions_adhoc.tasks import sync_accounts_tick
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.test_paying_afterwards import owing, pay
from tests.sessions_adhoc.webhooks.conftest import Receiver, endpoint, push, receiver

__all__ = ["endpoint", "owing", "receiver"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def told(owing: AdHocSession, endpoint: WebhookEndpoint, receiver: Receiver, clock: Clock) -> Receiver:
    tell(clock)
    assert sums(receiver, owing) == [808]
    return receiver


def tell(clock: Clock) -> None:
    for _ in range(2):
        sync_accounts_tick()
        push(clock)


def sums(receiver: Receiver, session: AdHocSession) -> list[int]:
    """What each `session.owed` has said."""
    events = [event["data"] for _id, event in receiver.got if event["type"] == "session.owed"]
    assert all((one["id"], one["currency"]) == (str(session.pk), "EUR") for one in events)
    return [one["amount"] for one in events]


def test_paid(told: Receiver, owing: AdHocSession, driver: Driver, clock: Clock) -> None:
    pay(driver, owing)
    tell(clock)
    assert sums(told, owing) == [808]
    clock.sweep()
    tell(clock)
    assert sums(told, owing) == [808, 0]
    clock.forward(hours=1)
    tell(clock)
    assert sums(told, owing) == [808, 0]


def test_written_off(told: Receiver, owing: AdHocSession, clock: Clock) -> None:
    staff.close_outstanding(owing.authorization.outstanding_amounts.get().pk, "written_off", "ana", "too little")
    tell(clock)
    assert sums(told, owing) == [808, 0]


def test_corrected_by_the_cpo(told: Receiver, owing: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(-18.08, "CREDIT-1", credit=True, credit_reference_id="CDR-1")
    cpo.cdr(15.00, "CDR-2")
    clock.forward(seconds=10)
    tell(clock)
    assert sums(told, owing)[-1] == 500
    assert len(sums(told, owing)) == len(set(sums(told, owing)))
