"""A hold that is kept for another try, whatever drivers, CPOs, staff and gateways do with it meanwhile (ADR 14)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from billing.models import PaymentAuthorization, SimulatedCharge, SimulatedOperation
from billing.payments import services as billing
from ocpi.models import Cdr, Evse
from partners.agreed.policies import DEFAULTS
from partners.models import Partner, Policy
from sessions_adhoc import staff
from sessions_adhoc.decide.start import START_ERROR
from sessions_adhoc.models import AdHocSession
from tests.factories import ConnectorFactory, EvseFactory
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver
from tests.sessions_adhoc.hostile_money.closing import closed
from tests.sessions_adhoc.looking import money, open_incidents, state

pytestmark = pytest.mark.django_db
KEPT = timedelta(minutes=10)
SECOND = "SK*ION*EEVSE-2"


@pytest.fixture
def released_at_once() -> None:
    """Here it is not: the default of 10 minutes holds."""
    assert DEFAULTS["hold_for_retry"] == 600


@pytest.fixture
def failed(driver: Driver, cpo: Cpo) -> AdHocSession:
    """A try that the CPO refused, 40.00 EUR held."""
    cpo.accept("START_SESSION", result="REJECTED")
    session = driver.start()
    assert (state(session), money(session)) == (("failed", "command_rejected"), ("reserved", 0))
    cpo.accept("START_SESSION")
    return session


@pytest.fixture
def unstarted(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    """A try that was accepted and came to no Session."""
    session = driver.start()
    clock.forward(minutes=5, seconds=30)
    assert (state(session), money(session)) == (("failed", "no_session"), ("reserved", 0))
    return session


def charges() -> list[tuple[str, int, int]]:
    rows = SimulatedCharge.objects.order_by("created_at", "amount", "-status")
    return list(rows.values_list("status", "amount", "captured_amount"))


def payment(session: AdHocSession) -> PaymentAuthorization:
    return PaymentAuthorization.objects.get(pk=AdHocSession.objects.get(pk=session.pk).authorization_id)


def charge(cpo: Cpo, clock: Clock, kwh: float = 5, total: float = 3.50) -> None:
    """The last try, to its end."""
    cpo.session(0, created=True, session_id="S-2")
    clock.forward(minutes=2)
    cpo.session(kwh, session_id="S-2")
    clock.forward(seconds=5)
    cpo.session(kwh, "COMPLETED", session_id="S-2")
    cpo.cdr(total)
    clock.forward(seconds=5)


def old_news(cpo: Cpo, push: Callable[[], Any]) -> None:
    """What the CPO says of the first START, after the second."""
    second = cpo.sent("START_SESSION")[-1]
    cpo.server.seen.remove(second)
    push()
    cpo.server.seen.append(second)


def test_at_another_charger(failed: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock, evse: Evse) -> None:
    other = EvseFactory.create(
        location=evse.location, uid="EVSE-2", evse_id=SECOND, last_updated=BEGINNING - timedelta(days=1)
    )
    ConnectorFactory.create(evse=other, last_updated=BEGINNING - timedelta(days=1))
    second = driver.start(previous=str(failed.pk), evse=SECOND)
    assert (state(second)[0], second.evse, charges()) == ("starting", other, [("reserved", 4000, 0)])
    assert driver.call("POST", f"{second.pk}/stop/").status_code == 202
    clock.forward(minutes=20)
    assert (state(second)[0], charges(), closed()) == ("failed", [("released", 4000, 0)], [])


def test_in_another_currency_the_first_is_let_go(failed: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    Policy.objects.create(partner=cpo.partner, reservation_currency="CZK", reservation_amount=100_000)
    second = driver.start(previous=str(failed.pk))
    clock.sweep()
    assert (money(failed), money(second), second.currency) == (("released", 0), ("reserved", 0), "CZK")
    assert sorted(charges()) == [("released", 4000, 0), ("reserved", 100_000, 0)]


def test_a_suspended_partner_takes_no_try_and_the_hold_ends_by_itself(
    failed: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    Partner.objects.filter(pk=cpo.partner.pk).update(connection="suspended")
    answer = driver.call("POST", body={"evse": "SK*ION*EEVSE-1", "previous": str(failed.pk)})
    assert (answer.status_code, AdHocSession.objects.count()) == (409, 1)
    assert money(failed) == ("reserved", 0)
    clock.traveller.move_to(BEGINNING + KEPT)
    clock.forward(seconds=2)
    assert (money(failed), charges(), closed()) == (("released", 0), [("released", 4000, 0)], [])


def test_the_gateway_lets_go_of_it_meanwhile(failed: AdHocSession, clock: Clock) -> None:
    SimulatedCharge.objects.update(status="expired")
    clock.traveller.move_to(BEGINNING + KEPT)
    clock.forward(seconds=2)
    clock.forward(minutes=10)
    assert money(failed)[0] in ("expired", "released")
    assert (payment(failed).next_check_at, payment(failed).kept_until) == (None, None)
    assert (open_incidents(), closed()) == ([START_ERROR], [])


def test_what_the_gateway_let_go_of_is_no_reservation_for_a_try(
    failed: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    """The gateway tells, and the next try comes before anybody asked it: it is started by what is known."""
    SimulatedCharge.objects.update(status="expired")
    assert billing.tell(failed.authorization_id, kind="expired")
    clock.sweep()
    second = driver.start(previous=str(failed.pk))
    clock.sweep()
    assert (money(failed), money(second)) == (("expired", 0), ("reserved", 0))
    assert sorted(charges()) == [("expired", 4000, 0), ("reserved", 4000, 0)]


def test_a_late_session_of_the_first_try_is_stopped_and_costs_nothing(
    unstarted: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    second = driver.start(previous=str(unstarted.pk))
    old_news(cpo, lambda: cpo.session(3, session_id="S-OLD", created=True))
    clock.sweep()
    stops = cpo.sent("STOP_SESSION")
    assert [stop.body["session_id"] for stop in stops] == ["S-OLD"]
    old_news(cpo, lambda: cpo.session(4, "COMPLETED", session_id="S-OLD"))
    old_news(cpo, lambda: cpo.cdr(30, "CDR-OLD", kwh=4))
    clock.sweep()
    charge(cpo, clock)
    assert (state(unstarted)[0], state(second), money(second)) == ("failed", ("settled", ""), ("captured", 350))
    assert charges() == [("captured", 4000, 350)]
    assert closed() == [("SFP-2026-000001", "receipt", 350)]


def test_staff_capture_the_first_try_and_the_next_reserves_for_itself(
    unstarted: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    cpo.session(4, "COMPLETED", session_id="S-OLD", created=True)
    cpo.cdr(2.80, "CDR-OLD", kwh=4)
    clock.sweep()
    staff.capture_from_cdr(unstarted.pk, Cdr.objects.get().pk, "anna", "It was charged.")
    second = driver.start(previous=str(unstarted.pk))
    clock.sweep()
    assert (money(unstarted), money(second)) == (("captured", 280), ("reserved", 0))
    charge(cpo, clock)
    assert sorted(charges()) == [("captured", 4000, 280), ("captured", 4000, 350)]
    assert [total for _number, _kind, total in closed()] == [280, 350]


def test_staff_cannot_capture_what_another_try_has(
    unstarted: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    cpo.session(4, "COMPLETED", session_id="S-OLD", created=True)
    cpo.cdr(2.80, "CDR-OLD", kwh=4)
    clock.sweep()
    driver.start(previous=str(unstarted.pk))
    with pytest.raises(staff.NotPossible, match="handed_on"):
        staff.capture_from_cdr(unstarted.pk, Cdr.objects.get().pk, "anna", "It was charged.")
    with pytest.raises(staff.NotPossible, match="handed_on"):
        staff.release(unstarted.pk, "anna", "Nothing came.")
    assert charges() == [("reserved", 4000, 0)]


def test_larger_and_larger_where_the_bank_holds_no_more(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    """Each hold gives way to the next, and in the end one is captured and the others are free."""
    cpo.accept("START_SESSION", result="REJECTED")
    tries = [driver.start(payment_method="pm_sim_raise_refused")]
    for amount in (5000, 6000):
        wish = {"previous": str(tries[-1].pk), "amount": amount, "payment_method": "pm_sim_raise_refused"}
        if amount == 6000:
            cpo.accept("START_SESSION")
        tries.append(driver.start(**wish))
        clock.sweep()
        clock.sweep()
    assert [state(one)[0] for one in tries] == ["failed", "failed", "starting"]
    charge(cpo, clock)
    assert sorted(charges()) == [("captured", 6000, 350), ("released", 4000, 0), ("released", 5000, 0)]
    assert closed() == [("SFP-2026-000001", "receipt", 350)]


def test_a_smaller_limit_ends_the_charge_and_no_more_is_taken(
    failed: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    """40.00 EUR are held, and the driver said 20.00: by CDR, and by staff."""
    second = driver.start(previous=str(failed.pk), amount=2000)
    charge(cpo, clock, kwh=50, total=35.00)
    assert (money(second), charges()) == (("captured", 2000), [("captured", 4000, 2000)])
    assert [total for _number, _kind, total in closed()] == [2000]


def test_raised_again_within_what_is_held(failed: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    second = driver.start(previous=str(failed.pk), amount=2000)
    cpo.session(0, created=True, session_id="S-2")
    clock.forward(seconds=5)
    answer = driver.call("POST", f"{second.pk}/limit/", {"amount": 3000})
    assert (answer.status_code, answer.json()["money"]["limit"], charges()) == (202, 3000, [("reserved", 4000, 0)])
    cpo.session(50, "COMPLETED", session_id="S-2")
    cpo.cdr(35.00)
    clock.forward(seconds=5)
    assert (money(second), charges()) == (("captured", 3000), [("captured", 4000, 3000)])
    closed()


def test_released_by_the_driver_at_the_second_of_a_try(
    failed: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    assert driver.call("POST", f"{failed.pk}/release/").status_code == 202
    second = driver.start(previous=str(failed.pk))
    assert driver.call("POST", f"{failed.pk}/release/").status_code == 202
    clock.sweep()
    assert (money(failed), money(second)) == (("released", 0), ("reserved", 0))
    assert sorted(charges()) == [("released", 4000, 0), ("reserved", 4000, 0)]
    charge(cpo, clock)
    assert closed() == [("SFP-2026-000001", "receipt", 350)]


def test_a_try_named_by_two_goes_to_the_first(
    failed: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock, evse: Evse
) -> None:
    other = EvseFactory.create(
        location=evse.location, uid="EVSE-2", evse_id=SECOND, last_updated=BEGINNING - timedelta(days=1)
    )
    ConnectorFactory.create(evse=other, last_updated=BEGINNING - timedelta(days=1))
    second = driver.start(previous=str(failed.pk))
    third = driver.start(previous=str(failed.pk), evse=SECOND)
    assert payment(second).pk == failed.authorization_id
    assert payment(third).pk not in (failed.authorization_id, payment(failed).pk)
    assert charges() == [("reserved", 4000, 0), ("reserved", 4000, 0)]


def test_given_up_while_more_is_asked_for_and_more_still_is_wanted(
    failed: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    """The second try asked the bank for 60.00 EUR and was given up; the third wants 80.00 before the bank answered."""
    body = {"evse": "SK*ION*EEVSE-1", "previous": str(failed.pk)}
    second = driver.call("POST", body={**body, "amount": 6000})
    assert second.status_code == 201, second.content
    assert driver.call("POST", f"{second.json()['id']}/cancel/").status_code == 202
    third = driver.call("POST", body={**body, "previous": second.json()["id"], "amount": 8000})
    assert third.status_code == 201, third.content
    clock.forward(seconds=5)
    charge(cpo, clock)
    session = AdHocSession.objects.get(pk=third.json()["id"])
    assert (state(session)[0], money(session)) == ("settled", ("captured", 350))
    clock.forward(minutes=15)
    assert [row for row in charges() if row[0] not in ("released", "captured")] == []
    assert sum(row[2] for row in charges()) == 350


@pytest.fixture
def still_asked(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    """A third try, of 40.00 EUR, that has the hold. The second asked the bank for 60.00 EUR, and was given up before
    its answer."""
    cpo.accept("START_SESSION", result="REJECTED")
    first = driver.start(payment_method="pm_sim_slow")
    clock.forward(seconds=10)
    assert (state(first), money(first)) == (("failed", "command_rejected"), ("reserved", 0))
    cpo.accept("START_SESSION")
    body = {"evse": "SK*ION*EEVSE-1", "payment_method": "pm_sim_slow"}
    second = driver.call("POST", body={**body, "previous": str(first.pk), "amount": 6000}).json()["id"]
    assert driver.call("POST", f"{second}/cancel/").status_code == 202
    third = driver.call("POST", body={**body, "previous": second, "amount": 4000}).json()["id"]
    driver.run_tasks()
    session = AdHocSession.objects.get(pk=third)
    row = payment(session)
    assert (state(session)[0], row.amount, row.raise_amount) == ("starting", 4000, 6000)
    return session


def ask(driver: Driver, session: AdHocSession, amount: int) -> tuple[int, str]:
    answer = driver.call("POST", f"{session.pk}/limit/", {"amount": amount})
    return answer.status_code, answer.json().get("code", "")


def test_a_limit_between_what_is_held_and_what_is_asked_for_waits(
    still_asked: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    """The bank has one question at a time; its answer to the try before counts for this one."""
    assert ask(driver, still_asked, 5000) == (409, "limit_pending")
    assert ask(driver, still_asked, 7000) == (409, "limit_pending")
    clock.forward(seconds=10)
    session = AdHocSession.objects.get(pk=still_asked.pk)
    assert (session.amount, session.limit_wanted, payment(session).amount) == (4000, None, 6000)
    assert ask(driver, still_asked, 5000) == (202, "")
    assert AdHocSession.objects.get(pk=still_asked.pk).amount == 5000
    charge(cpo, clock)
    assert money(session) == ("captured", 350)
    clock.forward(minutes=15)
    assert charges() == [("captured", 6000, 350)]


def test_a_limit_that_is_being_asked_for_already_is_this_one(
    still_asked: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    assert ask(driver, still_asked, 6000) == (202, "")
    assert AdHocSession.objects.get(pk=still_asked.pk).limit_wanted == 6000
    clock.forward(seconds=10)
    session = AdHocSession.objects.get(pk=still_asked.pk)
    assert (session.amount, session.limit_wanted) == (6000, None)
    asked = payment(session).events.filter(action="requested", message__startswith="raise")
    assert (asked.count(), charges()) == (1, [("reserved", 6000, 0)])


def test_a_raise_that_the_bank_refuses_after_another_try_has_the_hold(
    still_asked: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    """Nobody of the third try asked for it: nothing is told of it, and it goes on with what is held."""
    SimulatedOperation.objects.filter(verb="raise").update(outcome="refused", code="raise_refused")
    clock.forward(seconds=10)
    session = AdHocSession.objects.get(pk=still_asked.pk)
    assert (session.amount, session.limit_refused_at, payment(session).raise_amount) == (4000, None, None)
    charge(cpo, clock)
    clock.forward(seconds=10)
    assert (state(session)[0], charges()) == ("settled", [("captured", 4000, 350)])
