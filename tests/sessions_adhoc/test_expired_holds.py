"""The bank lets go of the reservation during the charge: what the CDR asks is a receivable, with the three actions of
rule 30, and nobody is charged by himself (rules 28, 33)."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.books.payments import post_due
from billing.books.verifying.outstanding import outstanding_told_otherwise
from billing.models import OutstandingAmount, SimulatedCharge
from billing.outstanding import AlreadyClosed
from billing.payments import services
from sessions_adhoc import staff, symptoms
from sessions_adhoc.decide.settle import MONEY_STUCK
from sessions_adhoc.models import AdHocSession
from tests.admin.conftest import boss, page
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import money, open_incidents, state
from tests.sessions_adhoc.test_limit import publish
from tests.sessions_adhoc.test_paying_afterwards import documents
from tests.sessions_adhoc.test_raising_the_limit import charge, fresh

__all__ = ["boss", "charge", "page", "publish"]
pytestmark = pytest.mark.django_db
Charge = Callable[..., AdHocSession]


def owed() -> list[tuple[str, int, str]]:
    return list(OutstandingAmount.objects.order_by("pk").values_list("kind", "amount", "state"))


def expire(session: AdHocSession, clock: Clock) -> None:
    SimulatedCharge.objects.update(expires_at=timezone.now())
    assert services.tell(session.authorization_id, kind="expired")
    clock.sweep()
    assert money(session) == ("expired", 0)


@pytest.fixture
def expired(charge: Charge, cpo: Cpo, clock: Clock) -> AdHocSession:
    """10 kWh were charged at 1 EUR, the hold expired meanwhile; the charge was stopped, and its CDR came."""
    session = charge(10)
    expire(session, clock)
    assert len(cpo.sent("STOP_SESSION")) == 1
    cpo.session(10, "COMPLETED")
    clock.forward(seconds=1)
    assert (state(session), owed()) == (("escalated", "payment_lost"), [])
    cpo.cdr(10)
    clock.forward(seconds=10)
    assert (state(session), owed()) == (("escalated", "payment_lost"), [("receivable", 1000, "open")])
    assert (open_incidents(), documents()) == ([MONEY_STUCK], [])
    return fresh(session)


def told(driver: Driver, session: AdHocSession) -> Any:
    return driver.call("GET", f"{session.pk}/", **{"Accept-Language": "en"}).json()


def books_agree() -> bool:
    while post_due():
        pass
    return list(outstanding_told_otherwise(None)) == []


def test_the_cdr_came_before_the_end(charge: Charge, cpo: Cpo, clock: Clock) -> None:
    session = charge(10)
    expire(session, clock)
    cpo.cdr(10)
    cpo.session(10, "COMPLETED")
    clock.forward(seconds=10)
    assert (state(session), owed()) == (("escalated", "payment_lost"), [("receivable", 1000, "open")])


def test_checked_again_it_stays_owed_once(expired: AdHocSession, clock: Clock) -> None:
    for _ in range(2):
        staff.check_again(expired.pk, "ana")
        clock.forward(seconds=5)
    assert (state(expired)[0], owed(), books_agree()) == ("escalated", [("receivable", 1000, "open")], True)


def test_the_driver_pays_it(expired: AdHocSession, driver: Driver, clock: Clock) -> None:
    with pytest.raises(staff.NotPossible, match="Say why"):
        staff.leave_open(expired.pk, "ana", " ")
    staff.leave_open(expired.pk, "ana", "The driver was written to.")
    assert (state(expired)[0], owed(), open_incidents()) == (
        "settled",
        [("receivable", 1000, "open")],
        [symptoms.HOLD_EXPIRED],
    )
    said = told(driver, expired)
    assert said["message"] == "The session has ended."
    assert (
        said["owed"]["message"] == "Your reservation ended before it was used: 10.00\N{NO-BREAK SPACE}€ is still open."
    )
    assert driver.call("POST", f"{expired.pk}/pay/", {"amount": 1000}).status_code == 202
    clock.forward(seconds=10)
    assert (owed(), open_incidents(), documents()) == ([("receivable", 1000, "collected")], [], [1000])
    said = told(driver, expired)
    assert (said["message"], said["money"]["captured"]) == ("The session has ended.", 1000)
    assert books_agree()


def test_the_driver_reads_what_is_open_while_staff_decide(
    expired: AdHocSession, driver: Driver, client: Client
) -> None:
    """He sees the sum that staff see, and that he need not do anything; it cannot be paid before they have decided."""
    said = told(driver, expired)
    text = (
        "The operator's bill leaves 10.00\N{NO-BREAK SPACE}€ open. We check it first: you need not do anything now, "
        "and nothing is taken."
    )
    assert (said["state"], said["money"]["owed"]) == ("escalated", 1000)
    assert said["owed"] == {
        "amount": 1000,
        "message": text,
        "can_pay": False,
        "is_moving": False,
        "payment_action": None,
    }
    page = unescape(client.get(f"/c/session/{expired.pk}?lang=en").content.decode())
    assert (text in page, "Pay now" in page.replace("hidden>Pay now", "")) == (True, False)
    refused = driver.call("POST", f"{expired.pk}/pay/", {"amount": 1000})
    assert (refused.status_code, refused.json()["code"], owed()) == (
        *(409, "nothing_open"),
        [("receivable", 1000, "open")],
    )


def test_it_is_released(expired: AdHocSession, driver: Driver) -> None:
    staff.release(expired.pk, "ana", "Our own fault.")
    assert (state(expired), owed()) == (("failed", "payment_lost"), [("receivable", 1000, "written_off")])
    assert (open_incidents(), told(driver, expired)["owed"], documents(), books_agree()) == ([], None, [], True)


@pytest.mark.parametrize(("closed", "end"), [("settled", "settled"), ("written_off", "failed")])
def test_finance_closes_the_receivable(expired: AdHocSession, cpo: Cpo, clock: Clock, closed: str, end: str) -> None:
    """That ends the session too; and a CDR that asks for more later makes the difference of it owed, if anything."""
    row = OutstandingAmount.objects.get()
    staff.close_outstanding(row.pk, closed, "ana", "By bank transfer.")
    assert (state(expired)[0], owed(), open_incidents()) == (end, [("receivable", 1000, closed)], [])
    with pytest.raises(AlreadyClosed):
        staff.close_outstanding(row.pk, "settled", "ana", "Again.")
    with pytest.raises(staff.NotPossible):
        staff.leave_open(expired.pk, "ana", "Too late.")
    assert books_agree()


def test_a_corrected_cdr_corrects_what_is_owed(expired: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(-10, "CREDIT-1", credit=True, credit_reference_id="CDR-1")
    cpo.cdr(9, "CDR-2", kwh=9.9)
    clock.forward(seconds=10)
    assert (state(expired)[0], owed()) == (
        "escalated",
        [("receivable", 1000, "withdrawn"), ("receivable", 900, "open")],
    )


def test_staff_have_the_three_actions_on_the_page(expired: AdHocSession, page: Client, clock: Clock) -> None:
    url = f"/admin/sessions_adhoc/adhocsession/{expired.pk}"
    shown = page.get(f"{url}/change/").content.decode()
    assert [name in shown for name in ("Check again", "Have the driver pay", "Release the funds")] == [True] * 3
    assert "Capture from CDR" not in shown
    attention = page.get("/admin/").content.decode()
    words = f"Nothing is held for the session at {expired.evse}: the gateway no longer holds the money"
    assert (words in attention, "Money is held" in attention) == (True, False)
    listed = page.get("/admin/sessions_adhoc/adhocsession/").content.decode()
    assert ("expired: none held" in listed, "to reserve" in listed) == (True, False)
    row = OutstandingAmount.objects.get()
    assert f'/admin/billing/outstandingamount/{row.pk}/change/">10.00 EUR</a>' in shown
    answer = page.post(f"{url}/do/leave-open/", {"reason": "The driver was written to."}, follow=True)
    assert "send the driver the link of the session" in answer.content.decode()
    assert state(expired)[0] == "settled"
    assert "Have the driver pay" not in page.get(f"{url}/change/").content.decode()


def test_without_a_cdr_there_is_nothing_to_pay(charge: Charge, cpo: Cpo, clock: Clock) -> None:
    session = charge(10)
    expire(session, clock)
    cpo.session(10, "COMPLETED")
    clock.forward(seconds=5)
    with pytest.raises(staff.NotPossible, match="No CDR tells"):
        staff.leave_open(session.pk, "ana", "Please.")
    assert (state(session)[0], owed()) == ("escalated", [])
