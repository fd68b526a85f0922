"""Whatever a CPO says of a charge that was offered at a price of our own, with a margin, or settled without a CDR."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.models import LedgerEntry, PricePlan
from ocpi.models import Connector
from partners.incidents.detecting import run_due
from partners.models import Incident, Policy
from sessions_adhoc import staff, symptoms
from sessions_adhoc.decide.settle import CDR_ENERGY, CDR_MISSING
from sessions_adhoc.detectors.cdrs import MISSING
from sessions_adhoc.models import AwaitedCdr
from tests.billing.books.looking import stands
from tests.sessions_adhoc.conftest import BEGINNING
from tests.sessions_adhoc.hostile_money.closing import closed, lines
from tests.sessions_adhoc.hostile_money.conftest import HELD, Charge, books, evidence, owed, taken
from tests.sessions_adhoc.looking import open_incidents, state

pytestmark = pytest.mark.django_db
RETAIL: dict[str, Any] = {"kind": "retail", "currency": "EUR", "per_kwh": Decimal("0.79")}
RECEIPT, NOTE = "receipt", "credit_note"


def plan(**values: Any) -> None:
    PricePlan.objects.create(**{"name": "Plan", "valid_from": BEGINNING - timedelta(days=1), **values})


def kinds() -> list[tuple[str, int]]:
    return [(kind, total) for _number, kind, total in closed()]


@pytest.fixture
def retail(charge_221: Charge) -> Charge:
    """At 0.79 EUR per kWh: 5 kWh cost 3.95 EUR; the operator's own price is 3.01 EUR."""
    plan(**RETAIL)
    charge_221.publish()
    return charge_221


@pytest.fixture
def sold(retail: Charge) -> Charge:
    """5 kWh that were paid as soon as the Session was over."""
    play(retail, 0, 2.5, 5)
    assert retail.now() == ("settled", taken(395), [], [])
    return retail


def play(charge: Charge, *readings: float, end: str = "COMPLETED", last: float | None = None) -> None:
    """A Session with these meter values, one a minute; `last`: what its end says, if that is something else."""
    charge.start()
    for reading in readings:
        charge.meter(reading)
        charge.cpo.clock.forward(minutes=3)
    charge.meter(readings[-1] if last is None else last, end)
    charge.cpo.clock.forward(seconds=1)


def test_no_cdr_ever(sold: Charge) -> None:
    sold.cpo.clock.forward(days=8)
    assert sold.now()[:3] == ("settled", taken(395), [])
    assert kinds() == [(RECEIPT, 395)]
    assert lines() == [[("Energy", 395, "23")]]


def test_a_lower_cdr_and_then_a_credit(sold: Charge) -> None:
    sold.bill(1.81, kwh=3)
    assert sold.now() == ("settled", taken(395, 158), [], [])
    sold.credit(1.81, kwh=3)
    assert sold.now()[:2] == ("settled", taken(395, 158))
    assert sum(total for _, total in kinds()) == 237
    sold.quiet()


def test_a_cdr_that_is_taken_back_asks_nobody_to_give_anything_back(sold: Charge) -> None:
    """At a price of our own the CDR is between us and the CPO, and without one our own calculation stands."""
    sold.bill(3.01)
    sold.credit(3.01)
    assert sold.now() == ("settled", taken(395), [], [])
    assert kinds() == [(RECEIPT, 395)]
    assert "payable" not in stands()


def test_a_claim_ends_with_the_cdr_that_made_it(sold: Charge) -> None:
    sold.bill(4.51)
    assert sold.now() == ("settled", taken(395), [("claim", 150)], [symptoms.PRICE_DIFFERS])
    closed()
    sold.credit(4.51)
    assert sold.now() == ("settled", taken(395), [], [])
    assert kinds() == [(RECEIPT, 395)]
    assert {"payable", "claims", "cost"} & stands().keys() == set()


def test_two_cdrs(sold: Charge) -> None:
    sold.bill(3.01)
    sold.bill(3.00, "CDR-2")
    assert sold.now() == ("settled", taken(395), [], [symptoms.BILL_CHANGED])
    assert kinds() == [(RECEIPT, 395)]
    sold.quiet()


def test_a_cdr_of_another_session(sold: Charge) -> None:
    sold.bill(9.04, kwh=15, session_id="S-OTHER")
    assert sold.now()[:3] == ("settled", taken(395), [])
    assert kinds() == [(RECEIPT, 395)]
    assert "payable" not in stands()


def test_a_cdr_that_cannot_be_true_is_owed_to_nobody_and_on_no_receipt(sold: Charge) -> None:
    sold.bill(60.27, kwh=100)
    assert sold.now() == ("settled", taken(395), [], [symptoms.BILL_CHANGED])
    assert kinds() == [(RECEIPT, 395)]
    assert lines() == [[("Energy", 395, "23")]]
    assert not LedgerEntry.objects.filter(account="payable").exists()


def test_a_cdr_that_agrees_with_the_meter_is_no_reason_on_the_receipt(sold: Charge) -> None:
    """4.98 kWh by the CDR, 5 by the meter: the driver paid for what the meter said, and reads so."""
    sold.bill(3.00, kwh=4.98)
    assert sold.now() == ("settled", taken(395), [], [])
    assert kinds() == [(RECEIPT, 395)]
    assert lines() == [[("Energy", 395, "23")]]


def test_more_energy_than_the_meter_is_not_collected(sold: Charge) -> None:
    sold.bill(3.07, kwh=5.1)
    assert sold.now() == ("settled", taken(395), [], [])
    assert kinds() == [(RECEIPT, 395)]


def test_a_meter_that_falls(retail: Charge) -> None:
    """What it had is what was delivered, unless the Session's end says something else."""
    play(retail, 0, 2, 5, 1, last=5)
    assert retail.now()[:2] == ("settled", taken(395))
    assert kinds() == [(RECEIPT, 395)]


def test_a_meter_that_falls_and_stays(retail: Charge) -> None:
    play(retail, 0, 2, 5, 1)
    assert retail.now()[:2] == ("awaiting_cdr", HELD)
    retail.bill(0.60, kwh=1)
    assert retail.now()[:2] == ("settled", taken(79))
    assert kinds() == [(RECEIPT, 79)]


def test_a_meter_that_jumps(retail: Charge) -> None:
    Connector.objects.update(max_kw=Decimal("50"))
    play(retail, 0, 2, 400)
    assert retail.now()[:2] == ("awaiting_cdr", HELD)
    retail.cpo.clock.forward(hours=24)
    assert (state(retail.session), open_incidents()) == (("escalated", "cdr_missing"), [CDR_MISSING])
    staff.release(retail.session.pk, "anna", "The meter is broken.")
    retail.cpo.clock.forward(seconds=1)
    assert (retail.now()[1].captured, kinds()) == (0, [])


def test_a_meter_that_stays_at_zero(retail: Charge) -> None:
    Policy.objects.create(partner=retail.cpo.partner, auto_retry="never")
    play(retail, 0, 0, 0)
    retail.bill(3.01, kwh=5)
    assert (retail.now()[:2], kinds()) == (("failed", ("released", 0, 0)), [])


def test_over_before_any_energy_was_told(retail: Charge) -> None:
    retail.start()
    retail.cpo.clock.forward(minutes=4)
    retail.meter(5, "COMPLETED")
    retail.cpo.clock.forward(seconds=1)
    assert retail.now()[:2] == ("settled", taken(395))
    assert kinds() == [(RECEIPT, 395)]


def test_on_again_after_it_was_over(sold: Charge) -> None:
    sold.cpo.clock.forward(minutes=1)
    sold.meter(7)
    sold.meter(9, "COMPLETED")
    assert sold.now()[:2] == ("settled", taken(395))
    sold.bill(5.42, kwh=9)
    assert sold.now()[:3] == ("settled", taken(395), [])
    assert kinds() == [(RECEIPT, 395)]


def test_an_invalid_session_is_paid_by_its_cdr_at_our_price(retail: Charge) -> None:
    play(retail, 0, 2, 5, end="INVALID")
    assert retail.now()[:2] == ("awaiting_cdr", HELD)
    retail.bill(3.01)
    assert retail.now() == ("settled", taken(395), [], [])
    assert kinds() == [(RECEIPT, 395)]


def test_the_vat_of_a_price_of_our_own_is_not_the_cdrs(retail: Charge) -> None:
    """A CDR that says nothing of its energy, with 10 % VAT, and staff who work out what is owed."""
    play(retail, 0, 2, 5, end="INVALID")
    retail.bill(3.01, kwh=0, total_cost={"excl_vat": 2.74, "incl_vat": 3.01})
    retail.cpo.clock.forward(minutes=10)
    assert (state(retail.session)[0], open_incidents()) == ("escalated", [CDR_ENERGY])
    staff.capture_by_hand(retail.session.pk, "anna", "5 kWh by the meter", 395)
    retail.cpo.clock.forward(seconds=1)
    assert kinds() == [(RECEIPT, 395)]
    assert [rate for _text, _gross, rate in lines()[0]] == ["23"]


def test_no_more_than_the_limit_and_the_receipt_says_why(charge_221: Charge) -> None:
    Policy.objects.create(partner=charge_221.cpo.partner, at_limit="go_on")
    plan(**{**RETAIL, "per_kwh": Decimal(20)})
    charge_221.publish()
    play(charge_221, 0, 2, 5)
    assert charge_221.now()[:2] == ("settled", taken(4000))
    charge_221.bill(3.01)
    assert charge_221.now() == ("settled", taken(4000), [], [])
    assert kinds() == [(RECEIPT, 4000)]
    assert lines() == [[("Energy", 10000, "23"), ("Beyond your limit", -6000, "23")]]
    told = charge_221.session.timeline.filter(text__startswith="Our own calculation").values_list("text", flat=True)
    assert list(told) == ["Our own calculation, as the price is ours: 5 kWh metered, 40.00 EUR by the offer."]


def test_paid_and_given_back_before_anybody_looked(sold: Charge) -> None:
    staff.refund(sold.session.pk, "anna", "The charger was broken.", driver_pays=0)
    sold.cpo.clock.forward(seconds=1)
    assert books(sold.session) == taken(395, 395)
    assert closed() == [("SFP-2026-000001", RECEIPT, 395), ("SFPC-2026-000001", NOTE, -395)]
    assert lines() == [[("Energy", 395, "23")], [("Given back", -395, "23")]]


# A margin over the oldest version, which states no tax.


@pytest.mark.parametrize(("gross", "pays", "owes"), [(3.01, 356, []), (2.00, 245, []), (4.01, 356, [("claim", 100)])])
def test_a_margin_where_the_wire_states_no_tax(
    charge_over: Callable[[str], Charge], gross: float, pays: int, owes: list[tuple[str, int]]
) -> None:
    charge = charge_over("2.1.1")
    plan(kind="margin", margin_percent=Decimal(10), margin_per_kwh=Decimal("0.05"), currency="EUR")
    charge.publish()
    charge.charge(5)
    charge.bill(gross)
    assert (charge.now()[:2], owed()) == (("settled", taken(pays)), owes)
    assert kinds() == [(RECEIPT, pays)]
    assert {rate for _text, _gross, rate in lines()[0]} == {"23"}


# Our own calculation after hours, and then a CDR.


@pytest.fixture
def calculated(old_and_new: Charge) -> Charge:
    Policy.objects.create(partner=old_and_new.cpo.partner, own_calculation_after=1800)
    plan(kind="margin", margin_percent=Decimal(10))
    old_and_new.publish()
    old_and_new.charge(5)
    old_and_new.cpo.clock.forward(minutes=31)
    assert old_and_new.now()[:2] == ("settled", taken(331))
    return old_and_new


@pytest.mark.parametrize(("gross", "back", "owes"), [(3.01, 0, []), (2.00, 111, []), (4.01, 0, [("claim", 100)])])
def test_a_cdr_after_our_own_calculation_with_a_margin(
    calculated: Charge, gross: float, back: int, owes: list[tuple[str, int]]
) -> None:
    closed()
    calculated.bill(gross)
    assert (books(calculated.session), owed()) == (taken(331, back), owes)
    assert sum(total for _kind, total in kinds()) == 331 - back
    calculated.quiet()


# A CPO whose CDR never comes.


def watched(charge: Charge) -> list[tuple[str, str]]:
    """(symptom, what the CPO is told) of the open incidents, after the detectors' next run."""
    closed()
    charge.cpo.clock.forward(minutes=2)
    run_due(charge.cpo.clock.now())
    return list(Incident.objects.filter(closed_at=None, key=MISSING).values_list("symptom", "letter"))


ASKED = (
    "1 charging session has ended without a CDR, the oldest on 4 May 2026, 12:09:04 UTC. "
    "Please verify the CDRs endpoint URL: a CDR must be sent as POST immediately after the session ends."
)


def test_a_cdr_that_does_not_come_after_our_own_calculation_is_asked_for(sold: Charge) -> None:
    sold.cpo.clock.forward(minutes=17)
    assert watched(sold) == []
    assert watched(sold) == [(CDR_MISSING, ASKED)]
    text = f"Session {str(sold.session.pk)[:8]} at SK*ION*EEVSE-1: ended 4 May 2026, 12:09:04 UTC, no CDR."
    assert f"{text} It was settled by our own calculation." in evidence()
    sold.bill(3.01)
    assert watched(sold) == []
    assert Incident.objects.get().close_reason == "No session waits for its CDR any more, or staff decide on it."
    assert AwaitedCdr.objects.count() == 0
    sold.credit(3.01)
    closed()
    assert AwaitedCdr.objects.count() == 1


def test_it_is_asked_for_a_month(sold: Charge) -> None:
    sold.cpo.clock.forward(days=31)
    assert [symptom for symptom, _letter in watched(sold)] == [CDR_MISSING]
    assert [str(row) for row in AwaitedCdr.objects.all()] == [str(sold.session.pk)]
    sold.cpo.clock.forward(minutes=30)
    assert watched(sold) == []


def test_what_still_waits_says_what_is_held(charge_221: Charge) -> None:
    charge_221.publish()
    play(charge_221, 0, 2, 5)
    charge_221.cpo.clock.forward(minutes=20)
    run_due(charge_221.cpo.clock.now() + timedelta(minutes=1))
    held = "Until then the driver's funds stay reserved."
    assert list(Incident.objects.values_list("symptom", "letter")) == [(CDR_MISSING, f"{ASKED} {held}")]
