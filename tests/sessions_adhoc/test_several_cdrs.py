"""Several CDRs of one session: a driver pays once, and which of them holds is for people, or a credit CDR, to say.

Rules 24 and 26: a session is billed from its CDR, so two that nothing takes back are never added up.
"""

from typing import Any

import pytest

from billing.models import PaymentAuthorization
from ocpi.models import Cdr
from partners.models import Incident
from sessions_adhoc import staff
from sessions_adhoc.models import AdHocSession
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import gateway, money, open_incidents, state
from tests.support.remembering import remembered

pytestmark = pytest.mark.django_db


@pytest.fixture
@remembered
def charged(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    """A session that has charged 10 kWh and waits for its CDR."""
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=20)
    cpo.session(10)
    clock.forward(seconds=20)
    cpo.session(10, "COMPLETED")
    clock.forward(seconds=1)
    return session


@pytest.fixture
@remembered
def settled(charged: AdHocSession, cpo: Cpo, clock: Clock) -> Any:
    """A session that was settled for 12.30 EUR from `CDR-1`."""
    cpo.cdr(12.30, kwh=10)
    clock.forward(seconds=1)
    assert (state(charged)[0], money(charged)) == ("settled", ("captured", 1230))
    return charged


def credit(cpo: Cpo, total: float, of: str = "CDR-1") -> None:
    cpo.cdr(-total, f"CREDIT-{of}", kwh=10, credit=True, credit_reference_id=of)


def refunded(session: Any) -> int:
    return PaymentAuthorization.objects.get(pk=session.authorization_id).refunded_amount


def said() -> str:
    """What the newest open incident says first."""
    return str(Incident.objects.filter(closed_at=None).latest("pk").evidence[0]["text"])


def test_two_cdrs_of_one_session_are_not_added_up(charged: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(3.00, "CDR-1", kwh=10)
    cpo.cdr(4.00, "CDR-2", kwh=10)
    clock.forward(seconds=1)
    assert (state(charged), money(charged)) == (("escalated", "cdr_unusable"), ("reserved", 0))
    assert open_incidents() == ["The CDR cannot be billed"]
    assert said() == ("2 CDRs bill one session, and no credit CDR takes one back: CDR-1 (3.00 EUR), CDR-2 (4.00 EUR).")


def test_of_two_cdrs_the_one_that_is_not_taken_back_is_billed(charged: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(3.00, "CDR-1", kwh=10)
    cpo.cdr(4.00, "CDR-2", kwh=10)
    clock.forward(minutes=1)
    credit(cpo, 3.00)
    clock.forward(seconds=1)
    assert (state(charged)[0], money(charged), gateway(charged)) == ("settled", ("captured", 400), ("captured", 400))
    assert open_incidents() == []


def test_of_two_cdrs_staff_capture_one(charged: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(3.00, "CDR-1", kwh=10)
    cpo.cdr(4.00, "CDR-2", kwh=10)
    clock.forward(seconds=1)
    staff.capture_from_cdr(charged.pk, Cdr.objects.get(ocpi_id="CDR-2").pk, "ana", "The first was a draft.")
    clock.forward(seconds=1)
    assert (state(charged)[0], money(charged), open_incidents()) == ("settled", ("captured", 400), [])


def test_what_staff_decide_about_several_cdrs_holds(settled: Any, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(9.99, "CDR-2", kwh=10)
    clock.forward(seconds=1)
    with pytest.raises(staff.NotPossible, match="several bill the session"):
        staff.refund(settled.pk, "ana", "The second one corrects the first.")
    staff.refund(settled.pk, "ana", "The second one corrects the first.", driver_pays=999)
    clock.forward(seconds=1)
    assert (money(settled), refunded(settled), open_incidents()) == (("captured", 1230), 231, [])


def test_a_credit_for_one_of_several_cdrs_gives_the_difference_back(settled: Any, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(9.99, "CDR-2", kwh=10)
    credit(cpo, 12.30)
    clock.forward(seconds=1)
    assert (refunded(settled), open_incidents()) == (231, [])
