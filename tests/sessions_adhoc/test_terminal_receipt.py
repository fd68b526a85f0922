"""A charge that was paid at a payment terminal: the CPO is told what was captured (OCPI 2.3.0 Payments §5.2)."""

from typing import Any

import pytest

from ocpi.models import FinancialAdvice
from partners.models import Partner, RemoteEndpoint
from sessions_adhoc import staff
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.looking import money, state
from tests.sessions_adhoc.test_by_plan import retail
from tests.sessions_adhoc.test_further_holds import add, rows, settle
from tests.sessions_adhoc.test_limit import publish
from tests.sessions_adhoc.test_raising_the_limit import ask, charge

__all__ = ["charge", "publish"]
pytestmark = pytest.mark.django_db
CONFIRMATIONS = "/payments/financial-advice-confirmations"


@pytest.fixture
def with_terminals(cpo: Any) -> Any:
    """A CPO of 2.3.0 that takes confirmations. It goes on pushing over its 2.2.1 endpoints."""
    Partner.objects.update(version="2.3.0", enabled_versions=["2.3.0"])
    RemoteEndpoint.objects.update(version="2.3.0")
    url = f"{cpo.server.url}/payments"
    RemoteEndpoint.objects.create(partner=cpo.partner, version="2.3.0", module="payments", role="RECEIVER", url=url)
    cpo.server.on(f"POST {CONFIRMATIONS}", envelope())
    return cpo


def charged(cpo: Any, driver: Any, clock: Any, total: float, **body: Any) -> Any:
    session = driver.start(**body)
    cpo.evse("CHARGING")
    cpo.session(0.0, created=True)
    clock.forward(seconds=30)
    cpo.session(41)
    clock.forward(seconds=30)
    cpo.session(41, "COMPLETED")
    cpo.cdr(total)
    clock.forward(minutes=1)
    return session


def test_what_was_captured_is_told_once(with_terminals: Any, driver: Any, clock: Any) -> None:
    session = charged(with_terminals, driver, clock, 12.30, channel="terminal")
    assert state(session) == ("settled", "")
    (told,) = with_terminals.server.calls("POST", CONFIRMATIONS)
    start = with_terminals.sent("START_SESSION")[-1].body
    assert told.body["authorization_reference"] == start["authorization_reference"]
    assert told.body["total_costs"] == {
        "before_taxes": 10,
        "taxes": [{"name": "VAT", "percentage": 23, "amount": 2.3}],
    }
    assert (told.body["currency"], told.body["capture_status_code"]) == ("EUR", "SUCCESS")
    assert len(told.body["eft_data"]) == 1
    clock.forward(hours=1)
    assert len(with_terminals.server.calls("POST", CONFIRMATIONS)) == 1


def test_more_than_was_reserved_is_captured_in_part(with_terminals: Any, driver: Any, clock: Any) -> None:
    charged(with_terminals, driver, clock, 61.50, channel="terminal")
    (told,) = with_terminals.server.calls("POST", CONFIRMATIONS)
    assert told.body["capture_status_code"] == "PARTIAL_SUCCESS"
    costs = told.body["total_costs"]
    assert round(costs["before_taxes"] + costs["taxes"][0]["amount"], 2) == 40.0


@pytest.mark.parametrize(("total", "status"), [(8.00, "SUCCESS"), (14.00, "PARTIAL_SUCCESS")])
@pytest.mark.parametrize("sign", [-1, 1])
def test_what_a_credit_takes_back_is_no_longer_asked_for(
    with_terminals: Any, driver: Any, clock: Any, total: float, status: str, sign: int
) -> None:
    session = charged(with_terminals, driver, clock, 12.30, channel="terminal")
    with_terminals.cdr(sign * 12.30, "CREDIT-1", credit=True, credit_reference_id="CDR-1")
    with_terminals.cdr(total, "CDR-2")
    clock.forward(minutes=1)
    if total > 12.30:
        staff.refund(session.pk, "ana", "A courtesy.", driver_pays=1200)
        clock.forward(minutes=1)
    told = with_terminals.server.calls("POST", CONFIRMATIONS)
    assert [one.body["capture_status_code"] for one in told] == ["SUCCESS", status]


def test_a_price_of_our_own_is_told_with_its_tax_before_any_cdr(with_terminals: Any, driver: Any, clock: Any) -> None:
    """Nothing is told anew for a CDR that comes later: what is told is right from the beginning."""
    retail()
    session = driver.start(channel="terminal")
    with_terminals.session(0.0, created=True)
    clock.forward(minutes=2)
    with_terminals.session(3)
    clock.forward(minutes=2)
    with_terminals.session(3, "COMPLETED")
    clock.forward(minutes=2)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 237))
    with_terminals.cdr(1.85)
    clock.forward(minutes=2)
    (told,) = with_terminals.server.calls("POST", CONFIRMATIONS)
    assert told.body["total_costs"] == {
        "before_taxes": 1.93,
        "taxes": [{"name": "VAT", "percentage": 23, "amount": 0.44}],
    }


@pytest.mark.parametrize("body", [{"channel": "qr"}, {"channel": "web"}])
def test_other_charges_are_not_told(with_terminals: Any, driver: Any, clock: Any, body: dict[str, str]) -> None:
    charged(with_terminals, driver, clock, 12.30, **body)
    assert not FinancialAdvice.objects.exists()


def test_a_cpo_that_takes_none_is_not_told(cpo: Any, driver: Any, clock: Any) -> None:
    session = charged(cpo, driver, clock, 12.30, channel="terminal")
    assert state(session) == ("settled", "")
    assert not FinancialAdvice.objects.exists()


def amounts(cpo: Any) -> list[tuple[float, str, int]]:
    """(gross, status, lines of the payment) of each confirmation, in order."""
    told = [one.body for one in cpo.server.calls("POST", CONFIRMATIONS)]
    found = []
    for one in told:
        costs = one["total_costs"]
        gross = costs["before_taxes"] + sum(tax["amount"] for tax in costs["taxes"])
        found.append((round(gross, 2), one["capture_status_code"], len(one["eft_data"])))
    return found


def test_a_cdr_that_was_sent_under_two_ids_is_asked_for_once(with_terminals: Any, driver: Any, clock: Any) -> None:
    session = driver.start(channel="terminal")
    with_terminals.session(0.0, created=True)
    clock.forward(seconds=30)
    with_terminals.session(41)
    for name in ("CDR-1", "CDR-1-again"):
        with_terminals.cdr(12.30, name)
    with_terminals.session(41, "COMPLETED")
    clock.forward(minutes=2)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 1230))
    assert amounts(with_terminals) == [(12.3, "SUCCESS", 1)]


def test_what_a_second_hold_brought_is_told_with_the_first(
    with_terminals: Any, driver: Any, clock: Any, charge: Any
) -> None:
    """The CPO makes the receipt: it has to know of all that was captured (§6.2 `total_costs`)."""
    session = charge(10, payment_method="pm_sim_raise_refused", channel="terminal")
    ask(driver, session, 6000)
    clock.sweep()
    add(driver, session)
    clock.sweep()
    charge(50)
    settle(with_terminals, clock, 50)
    assert rows(session) == [("captured", 4000, 4000), ("captured", 2000, 1000)]
    assert amounts(with_terminals) == [(50.0, "SUCCESS", 2)]
    staff.refund(session.pk, "ana", "A courtesy.", driver_pays=3900)
    clock.forward(minutes=1)
    assert rows(session) == [("captured", 4000, 3900), ("captured", 2000, 0)]
    assert amounts(with_terminals)[-1][0] == 39.0


def test_what_is_paid_afterwards_is_told_too(with_terminals: Any, driver: Any, clock: Any) -> None:
    session = charged(with_terminals, driver, clock, 61.50, channel="terminal")
    assert amounts(with_terminals) == [(40.0, "PARTIAL_SUCCESS", 1)]
    answer = driver.call("POST", f"{session.pk}/pay/", {"amount": 2150, "payment_method": "pm_sim_ok"})
    assert answer.status_code == 202, answer.content
    clock.forward(minutes=1)
    assert rows(session) == [("captured", 4000, 4000), ("captured", 2150, 2150)]
    assert amounts(with_terminals)[1:] == [(61.5, "SUCCESS", 2)]
