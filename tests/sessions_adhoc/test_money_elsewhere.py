"""What the driver's bank, or staff at the gateway's own pages, do with the money: staff are told, the CPO is not."""

from collections.abc import Callable
from typing import Any

import pytest

from billing.gateways import Dispute, GatewayAnswer, Outcome
from billing.gateways.simulated import SimulatedGateway
from billing.models import PaymentAuthorization
from billing.payments import services as billing
from partners.models import Incident
from sessions_adhoc import symptoms
from sessions_adhoc.models import AdHocSession
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import money, open_incidents, state

pytestmark = pytest.mark.django_db


@pytest.fixture
def charging(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    """A session that has charged 10 kWh."""
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=20)
    cpo.session(10)
    clock.forward(seconds=20)
    return session


@pytest.fixture
def settled(charging: AdHocSession, cpo: Cpo, clock: Clock) -> Any:
    """The same, settled for 12.30 EUR."""
    cpo.session(10, "COMPLETED")
    clock.forward(seconds=1)
    cpo.cdr(12.30)
    clock.forward(seconds=1)
    assert (state(charging)[0], money(charging), open_incidents()) == ("settled", ("captured", 1230), [])
    return charging


@pytest.fixture
def gateway_says(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Callable[..., None]:
    """`gateway_says(session, dispute=...)`: what its lookups tell from now on; it sends an event too."""

    def say(session: Any, **answer: Any) -> None:
        answered = GatewayAnswer(Outcome.DONE, **answer)
        monkeypatch.setattr(SimulatedGateway, "lookup", lambda *_arguments: answered)
        billing.tell(session.authorization_id, kind="something")
        clock.forward(seconds=2)
        monkeypatch.undo()

    return say


def timeline(session: Any) -> str:
    return str(session.timeline.filter(kind="payment").last().text)


def test_a_dispute_is_opened_and_won(settled: Any, gateway_says: Callable[..., None]) -> None:
    gateway_says(settled, captured_amount=1230, refunded_amount=0, dispute=Dispute.OPEN, disputed_amount=1230)
    assert open_incidents() == [symptoms.DISPUTED]
    assert timeline(settled) == "Payment captured, a dispute is open"
    incident = Incident.objects.get(closed_at=None)
    assert (incident.tell_cpo, incident.evidence[0]["text"]) == (False, "12.30 EUR is disputed.")
    gateway_says(settled, captured_amount=1230, refunded_amount=0, dispute=Dispute.WON, disputed_amount=1230)
    assert open_incidents() == []
    assert (state(settled)[0], money(settled)) == ("settled", ("captured", 1230))


def test_a_dispute_is_lost(settled: Any, gateway_says: Callable[..., None]) -> None:
    gateway_says(settled, captured_amount=1230, refunded_amount=0, dispute=Dispute.OPEN, disputed_amount=1230)
    gateway_says(settled, captured_amount=1230, refunded_amount=0, dispute=Dispute.LOST, disputed_amount=1230)
    assert open_incidents() == [symptoms.DISPUTE_LOST]


def test_a_refund_fails_days_later_and_is_made_again(
    settled: Any, gateway_says: Callable[..., None], clock: Clock
) -> None:
    billing.request_refund(settled.authorization_id, 300, reason="too much")
    clock.forward(seconds=2)
    assert open_incidents() == []
    gateway_says(settled, captured_amount=1230, refunded_amount=0)
    assert symptoms.REFUND_FAILED in open_incidents()
    billing.request_refund(settled.authorization_id, 300, reason="once more")
    clock.forward(seconds=2)
    assert symptoms.REFUND_FAILED not in open_incidents()


def test_money_captured_at_the_gateways_own_pages_settles_the_session_and_is_told(
    charging: AdHocSession, cpo: Cpo, gateway_says: Callable[..., None], clock: Clock
) -> None:
    gateway_says(charging, captured_amount=4000, refunded_amount=0, amount=4000)
    payment = PaymentAuthorization.objects.get(pk=charging.authorization_id)
    assert (payment.state, payment.captured_amount) == ("captured", 4000)
    assert open_incidents() == [symptoms.TAKEN_ELSEWHERE]
    assert state(charging)[0] == "charging"
    cpo.session(10, "COMPLETED")
    clock.forward(seconds=1)
    cpo.cdr(12.30)
    clock.forward(seconds=1)
    assert state(charging)[0] == "settled"
    assert symptoms.BILL_CHANGED in open_incidents()
