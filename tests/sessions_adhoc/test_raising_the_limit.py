"""The driver raises the limit while charging: more is held first, and only then may it be spent (rule 33)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from billing.models import PaymentAuthorization, SimulatedCharge
from sessions_adhoc.driver.presenting import message
from sessions_adhoc.models import AdHocSession
from tests.factories import period_data
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import money, state
from tests.sessions_adhoc.test_limit import publish

__all__ = ["publish"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def charge(driver: Driver, cpo: Cpo, clock: Clock, publish: Callable[..., Any]) -> Callable[..., AdHocSession]:
    """A charge at 1 EUR per kWh; call it with the method to begin, and with kWh to go on."""
    publish()

    def charge(kwh: float = 0, **wish: Any) -> AdHocSession:
        if wish or not AdHocSession.objects.exists():
            driver.start(**wish)
            cpo.session(0, created=True)
        clock.forward(seconds=60)
        cpo.session(kwh, charging_periods=[period_data(stamp(BEGINNING), ENERGY=kwh, POWER=1)])
        clock.forward(seconds=1)
        return AdHocSession.objects.get()

    return charge


def ask(driver: Driver, session: AdHocSession, amount: Any, expected: int = 202) -> Any:
    answer = driver.call("POST", f"{session.pk}/limit/", {"amount": amount})
    assert answer.status_code == expected, answer.content
    return answer.json()


def fresh(session: AdHocSession) -> AdHocSession:
    return AdHocSession.objects.get(pk=session.pk)


def held() -> list[tuple[str, int, int]]:
    return list(SimulatedCharge.objects.values_list("status", "amount", "captured_amount"))


def test_more_is_held_and_then_spent(
    charge: Callable[..., AdHocSession], driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    session = charge(37)
    assert (session.limit_told_at is None, state(session)) == (False, ("charging", ""))
    said = ask(driver, session, 6000)
    assert (said["money"]["limit"], said["money"]["limit_wanted"]) == (4000, 6000)
    assert said["message"] == "Charging. Asking your bank to hold 60.00 EUR."
    clock.sweep()
    session = fresh(session)
    assert (session.amount, session.limit_wanted, session.limit_told_at) == (6000, None, None)
    assert held() == [("reserved", 6000, 0)]
    session = charge(50)
    assert (state(session), cpo.sent("STOP_SESSION")) == (("charging", ""), [])
    cpo.session(50, "COMPLETED")
    cpo.cdr(50)
    clock.forward(seconds=5)
    assert (state(session)[0], money(session), held()) == ("settled", ("captured", 5000), [("captured", 6000, 5000)])


def test_where_the_gateway_refuses_the_limit_stays_and_the_driver_reads_it(
    charge: Callable[..., AdHocSession], driver: Driver, clock: Clock
) -> None:
    session = charge(10, payment_method="pm_sim_raise_refused")
    ask(driver, session, 6000)
    clock.sweep()
    session = fresh(session)
    assert (session.amount, session.limit_wanted) == (4000, None)
    text = (
        "Charging. Your bank does not hold more: the limit stays 40.00 EUR, and the charge ends before it is used up."
    )
    assert message(session, session.authorization) == text
    assert held() == [("reserved", 4000, 0)]
    assert session.timeline.filter(text="The gateway does not hold 60.00 EUR: the limit stays 40.00 EUR.").count() == 1
    said = ask(driver, session, 5000)
    assert said["message"] == "Charging. Asking your bank to hold 50.00 EUR."


def test_asked_twice_is_asked_once(charge: Callable[..., AdHocSession], driver: Driver, clock: Clock) -> None:
    session = charge(10)
    ask(driver, session, 6000)
    ask(driver, session, 6000)
    refusal = ask(driver, session, 7000, 409)
    assert refusal["detail"] == "Another limit is being asked for: wait for the answer."
    clock.sweep()
    ask(driver, session, 6000)
    assert session.timeline.filter(text="The driver asked for a limit of 60.00 EUR.").count() == 1
    assert (
        PaymentAuthorization.objects.get().events.filter(action="requested", message__startswith="raise").count() == 1
    )


def test_what_cannot_be_asked(
    charge: Callable[..., AdHocSession], driver: Driver, cpo: Cpo, clock: Clock, client: Client
) -> None:
    session = charge(10)
    assert ask(driver, session, 3000, 409)["detail"] == "The limit is 40.00 EUR already."
    ask(driver, session, "much", 400)
    AdHocSession.objects.update(client=None)
    ask(driver, session, 6000, 404)
    AdHocSession.objects.update(client_id=1 if session.client_id is None else session.client_id)
    cpo.session(10, "COMPLETED")
    clock.forward(seconds=1)
    refusal = ask(driver, session, 6000, 409)["detail"]
    assert refusal == "The limit can be raised while a charge goes on, and this one does not."
    assert held() == [("reserved", 4000, 0)]


def test_what_is_held_already_for_more_counts_at_once(
    charge: Callable[..., AdHocSession], driver: Driver, clock: Clock
) -> None:
    session = charge(10, amount=2000)
    PaymentAuthorization.objects.update(amount=4000)
    assert ask(driver, session, 3000)["money"]["limit"] == 3000
    assert SimulatedCharge.objects.get().amount == 2000


def test_the_page_offers_the_higher_limits(charge: Callable[..., AdHocSession], clock: Clock, client: Client) -> None:
    session = charge(10)
    url = f"/c/session/{session.pk}"
    page = client.get(url).content.decode()
    assert "Raise your limit to" in page
    assert '<option value="8000">' in page
    assert '<option value="4000">' not in page
    assert client.post(f"{url}/limit", {"amount": "7000"}).status_code == 302
    assert fresh(session).limit_wanted is None
    assert client.post(f"{url}/limit", {"amount": "8000"})["Location"] == url
    assert fresh(session).limit_wanted == 8000
    assert client.get(f"{url}.json").json()["view"]["may_raise"] is False
    clock.sweep()
    assert (fresh(session).amount, held()) == (8000, [("reserved", 8000, 0)])
    assert "Raise your limit to" not in client.get(url).content.decode()


def test_a_link_that_names_no_session_has_no_limit(client: Client) -> None:
    answer = client.post("/c/session/0d9a1f0e-1111-4222-8333-444444444444/limit", {"amount": "8000"})
    assert answer.status_code == 404
