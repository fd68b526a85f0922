"""Money after the end: banks, acquirers and CPOs that come back days later (rules 24, 26, 32-34)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from billing.gateways import Dispute, GatewayAnswer, Outcome
from billing.gateways.simulated import SimulatedGateway
from billing.models import OutstandingAmount, SimulatedCharge
from billing.payments import services as billing
from partners.models import Incident
from sessions_adhoc import staff, symptoms
from tests.sessions_adhoc.hostile_money.closing import closed
from tests.sessions_adhoc.hostile_money.conftest import HELD, Charge, charge_over, evidence, owed, taken
from tests.sessions_adhoc.hostile_money.conftest import ours as our_books
from tests.sessions_adhoc.looking import open_incidents, state

__all__ = ["charge_over"]
pytestmark = pytest.mark.django_db


@pytest.fixture(params=["2.2", "2.3.0"])
def charged(request: pytest.FixtureRequest, charge_over: Callable[[str], Charge]) -> Charge:
    """5 kWh at 0.49 EUR without VAT, which are 3.01 EUR."""
    charge = charge_over(request.param)
    charge.publish()
    return charge.charge(5)


@pytest.fixture
def settled(charged: Charge) -> Charge:
    charged.once("billed", lambda: charged.bill(3.01))
    assert charged.now() == ("settled", taken(301), [], [])
    return charged


@pytest.fixture
def gateway_says(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`gateway_says(charge, dispute=...)`: what its lookups tell now; it sends an event too."""

    def say(charge: Charge, refunded: int = 0, **answer: Any) -> None:
        answered = GatewayAnswer(Outcome.DONE, captured_amount=301, refunded_amount=refunded, **answer)
        monkeypatch.setattr(SimulatedGateway, "lookup", lambda *_arguments: answered)
        billing.tell(charge.session.authorization_id, kind="something")
        charge.cpo.clock.forward(seconds=2)
        monkeypatch.undo()

    return say


def ours(charge: Charge) -> tuple[int, int]:
    """(captured, given back) by our books."""
    found = our_books(charge.session)
    return found.captured, found.given_back


def corrected(charge: Charge, gross: float = 2.00, of: str = "CDR-1", name: str = "CDR-2") -> None:
    """The CPO takes a CDR back, and asks for another sum."""
    charge.credit(charge_total(of), of, f"CREDIT-{of}")
    charge.bill(gross, name)


def charge_total(name: str) -> float:
    return {"CDR-1": 3.01, "CDR-2": 2.00}.get(name, 1.00)


@pytest.mark.heavy
def test_a_refund_fails_days_later(settled: Charge, gateway_says: Callable[..., None]) -> None:
    corrected(settled)
    assert settled.now()[:2] == ("settled", taken(301, 101))
    settled.cpo.clock.forward(days=4)
    gateway_says(settled, refunded=0)
    assert (ours(settled), symptoms.REFUND_FAILED in open_incidents()) == ((301, 0), True)


def test_a_refund_fails_and_the_cpo_lowers_it_further(settled: Charge, gateway_says: Callable[..., None]) -> None:
    """A refund that failed is staff's: they are told how much it is by now, and give it back at once."""
    corrected(settled)
    settled.cpo.clock.forward(days=4)
    gateway_says(settled, refunded=0)
    SimulatedCharge.objects.update(refunded_amount=0)
    corrected(settled, 1.00, "CDR-2", "CDR-3")
    settled.cpo.clock.forward(seconds=5)
    assert settled.now()[:3] == ("settled", taken(301), [])
    assert set(open_incidents()) == {symptoms.REFUND_FAILED, symptoms.BILL_CHANGED}
    assert "2.01 EUR is to be given back." in evidence()
    staff.refund(settled.session.pk, "ana", "Another card.")
    settled.cpo.clock.forward(seconds=5)
    assert settled.now() == ("settled", taken(301, 201), [], [])
    closed()


@pytest.mark.heavy
def test_a_dispute_after_the_refund(settled: Charge, gateway_says: Callable[..., None]) -> None:
    corrected(settled)
    gateway_says(settled, refunded=101, dispute=Dispute.OPEN, disputed_amount=200)
    assert open_incidents() == [symptoms.DISPUTED]
    assert Incident.objects.get(closed_at=None).tell_cpo is False
    gateway_says(settled, refunded=101, dispute=Dispute.LOST, disputed_amount=200)
    assert open_incidents() == [symptoms.DISPUTE_LOST]
    settled.quiet()


@pytest.mark.heavy
def test_a_dispute_of_what_was_given_back_already(settled: Charge, gateway_says: Callable[..., None]) -> None:
    """The driver got 1.01 back and disputes all of it; the bank takes all of it."""
    corrected(settled)
    gateway_says(settled, refunded=101, dispute=Dispute.OPEN, disputed_amount=301)
    gateway_says(settled, refunded=101, dispute=Dispute.LOST, disputed_amount=301)
    assert open_incidents() == [symptoms.DISPUTE_LOST]


def test_a_lower_cdr_after_a_lost_dispute_gives_nothing_back(
    settled: Charge, gateway_says: Callable[..., None]
) -> None:
    """The driver has all of it back: what is given back by itself (rule 26) would be a present."""
    gateway_says(settled, dispute=Dispute.OPEN, disputed_amount=301)
    gateway_says(settled, dispute=Dispute.LOST, disputed_amount=301)
    corrected(settled)
    settled.cpo.clock.forward(minutes=5)
    assert ours(settled) == (301, 0)
    assert symptoms.DISPUTE_LOST in open_incidents()


def test_a_lower_cdr_while_a_dispute_is_open(settled: Charge, gateway_says: Callable[..., None]) -> None:
    """Who gives back now pays twice if the dispute is lost: staff are told both, and decide."""
    gateway_says(settled, dispute=Dispute.OPEN, disputed_amount=301)
    corrected(settled)
    settled.cpo.clock.forward(minutes=5)
    assert ours(settled) == (301, 0)
    assert set(open_incidents()) == {symptoms.DISPUTED, symptoms.BILL_CHANGED}


def test_and_the_dispute_is_won(settled: Charge, gateway_says: Callable[..., None]) -> None:
    gateway_says(settled, dispute=Dispute.OPEN, disputed_amount=301)
    corrected(settled)
    settled.cpo.clock.forward(minutes=5)
    gateway_says(settled, dispute=Dispute.WON, disputed_amount=301)
    settled.cpo.clock.forward(minutes=5)
    assert settled.now() == ("settled", taken(301, 101), [], [])


@pytest.mark.parametrize("pays", [None, 0, 100])
def test_staff_give_back_what_the_bank_took_back(
    settled: Charge, gateway_says: Callable[..., None], pays: int | None
) -> None:
    """Rule 24's spirit: the driver has it already, and would have it twice."""
    gateway_says(settled, dispute=Dispute.OPEN, disputed_amount=301)
    gateway_says(settled, dispute=Dispute.LOST, disputed_amount=301)
    with pytest.raises(staff.NotPossible, match="the driver's bank took it back"):
        staff.refund(settled.session.pk, "ana", "The charger was loud.", driver_pays=pays)
    settled.cpo.clock.forward(minutes=5)
    assert ours(settled) == (301, 0)


def test_staff_give_back_the_rest_of_it(settled: Charge, gateway_says: Callable[..., None]) -> None:
    """The bank took 2.00 of 3.01 back."""
    gateway_says(settled, dispute=Dispute.OPEN, disputed_amount=200)
    gateway_says(settled, dispute=Dispute.LOST, disputed_amount=200)
    staff.refund(settled.session.pk, "ana", "The charger was loud.", driver_pays=0)
    settled.cpo.clock.forward(seconds=5)
    assert ours(settled) == (301, 101)
    with pytest.raises(staff.NotPossible, match="the driver's bank took it back"):
        staff.refund(settled.session.pk, "ana", "Once more.", driver_pays=0)


@pytest.mark.heavy
def test_a_dispute_won_after_the_write_off(
    charge_over: Callable[[str], Charge], gateway_says: Callable[..., None]
) -> None:
    """What staff wrote off stays written off."""
    charge = charge_over("2.3.0")
    charge.publish()
    charge.start(amount=1000)
    charge.meter(0)
    for kwh in (10.0, 20.0):
        charge.cpo.clock.forward(minutes=10)
        charge.meter(kwh)
    charge.meter(20, "COMPLETED")
    charge.cpo.clock.forward(seconds=1)
    charge.bill(12.05)
    assert charge.now()[:3] == ("settled", taken(1000), [("receivable", 205)])
    staff.close_outstanding(OutstandingAmount.objects.get().pk, "written_off", "ana", "Too little.")
    for said in (Dispute.OPEN, Dispute.WON):
        gateway_says(charge, dispute=said, disputed_amount=1000)
    assert (owed(), OutstandingAmount.objects.get().state) == ([], "written_off")
    assert symptoms.DISPUTED not in open_incidents()


def test_a_correction_after_staff_gave_a_part_back(settled: Charge) -> None:
    staff.refund(settled.session.pk, "ana", "The charger was loud.", driver_pays=251)
    settled.cpo.clock.forward(seconds=2)
    assert settled.now()[1] == taken(301, 50)
    corrected(settled)
    settled.cpo.clock.forward(seconds=2)
    assert settled.now()[:3] == ("settled", taken(301, 101), [])
    closed()


def test_a_smaller_correction_than_staff_gave_back(settled: Charge) -> None:
    staff.refund(settled.session.pk, "ana", "The charger was loud.", driver_pays=151)
    settled.cpo.clock.forward(seconds=2)
    corrected(settled)
    settled.cpo.clock.forward(minutes=2)
    assert settled.now()[:3] == ("settled", taken(301, 150), [])
    closed()


def test_a_higher_correction_than_staff_gave_back_of(settled: Charge) -> None:
    """What staff gave back is not owed again; what the CPO asks beyond its first bill is (rule 33)."""
    staff.refund(settled.session.pk, "ana", "The charger was loud.", driver_pays=151)
    settled.cpo.clock.forward(seconds=2)
    settled.credit(3.01)
    settled.meter(7, "COMPLETED")
    settled.bill(4.22, "CDR-2", kwh=7)
    settled.cpo.clock.forward(minutes=2)
    assert settled.now()[:3] == ("settled", taken(301, 150), [("receivable", 121)])


@pytest.mark.heavy
def test_two_credits_and_two_bills(settled: Charge) -> None:
    corrected(settled)
    corrected(settled, 1.00, "CDR-2", "CDR-3")
    settled.cpo.clock.forward(seconds=2)
    assert settled.now() == ("settled", taken(301, 201), [], [])
    settled.quiet()
    closed()


@pytest.mark.heavy
def test_a_credit_in_another_case(settled: Charge) -> None:
    """Ids have no case in 2.2 and later."""
    settled.credit(3.01, "cdr-1", "CREDIT-1")
    settled.bill(2.00, "CDR-2")
    assert settled.now() == ("settled", taken(301, 101), [], [])


def test_the_credited_cdr_is_sent_again(settled: Charge) -> None:
    """The same CDR twice is the same CDR (rule 26): taken back is taken back."""
    corrected(settled)
    settled.push("POST", "cdrs", settled.cdr(3.01))
    settled.cpo.clock.forward(minutes=2)
    assert settled.now()[:3] == ("settled", taken(301, 101), [])
    assert open_incidents() == []


@pytest.mark.heavy
def test_a_credit_of_nothing_that_we_have(settled: Charge) -> None:
    """Another id's reference: it takes back no CDR of this session; it is told, and nothing moves."""
    settled.credit(3.01, "CDR-9", "CREDIT-9")
    settled.cpo.clock.forward(minutes=2)
    assert settled.now()[:3] == ("settled", taken(301), [])


@pytest.mark.heavy
def test_and_a_lower_one_with_it(settled: Charge) -> None:
    """Two bills, neither taken back: staff decide."""
    settled.credit(3.01, "CDR-9", "CREDIT-9")
    settled.bill(2.00, "CDR-2")
    settled.cpo.clock.forward(minutes=2)
    assert settled.now()[:3] == ("settled", taken(301), [])
    assert open_incidents() == [symptoms.BILL_CHANGED]


def test_the_new_bill_is_in_another_currency(settled: Charge) -> None:
    settled.credit(3.01)
    settled.bill(2.00, "CDR-2", currency="CZK")
    settled.cpo.clock.forward(minutes=2)
    assert settled.now()[:3] == ("settled", taken(301), [])
    assert open_incidents() == [symptoms.BILL_CHANGED]
    settled.quiet()


def test_the_credit_is_in_another_currency(settled: Charge) -> None:
    """It takes back what it names, by whatever sum."""
    settled.credit(75.25, cdr_id="CREDIT-1", currency="CZK")
    settled.bill(2.00, "CDR-2")
    settled.cpo.clock.forward(minutes=2)
    assert settled.now()[:3] == ("settled", taken(301, 101), [])


@pytest.mark.parametrize("total", [1.00, 30.10])
def test_a_credit_of_a_part_of_it(settled: Charge, total: float) -> None:
    """A credit CDR takes the whole of the CDR back that it names (OCPI 2.2.1 10.3.1)."""
    settled.credit(total)
    settled.bill(2.00, "CDR-2")
    settled.cpo.clock.forward(minutes=2)
    assert settled.now()[:3] == ("settled", taken(301, 101), [])


@pytest.mark.heavy
def test_said_to_be_no_credit_but_names_one(settled: Charge) -> None:
    settled.bill(2.00, "CDR-2", credit=False, credit_reference_id="CDR-1")
    settled.cpo.clock.forward(minutes=2)
    assert settled.now()[:2] == ("settled", taken(301))
    assert open_incidents() == [symptoms.BILL_CHANGED]


# Equal ones


def test_two_equal_ones_under_two_ids(charged: Charge) -> None:
    """A CPO that makes a new id for every try to send it: one charge, one bill."""
    charged.push("POST", "cdrs", charged.cdr(3.01))
    charged.push("POST", "cdrs", charged.cdr(3.01, "CDR-1-again"))
    charged.cpo.clock.forward(minutes=2)
    assert charged.now()[:3] == ("settled", taken(301), [])
    charged.quiet()


def test_two_equal_ones_before_the_first_is_judged(charged: Charge) -> None:
    bodies = [charged.cdr(3.01, name) for name in ("CDR-1", "CDR-2")]
    for body in bodies:
        answer = charged.cpo.http.generic(
            "POST",
            f"/ocpi/emsp/{charged.version}/cdrs",
            data=json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Token {charged.cpo.token}"},
        )
        assert answer.status_code == 201
    charged.cpo.clock.forward(minutes=2)
    assert charged.now() == ("settled", taken(301), [], [])
    closed()


def test_an_equal_one_days_later(settled: Charge) -> None:
    settled.cpo.clock.forward(days=3)
    settled.bill(3.01, "CDR-2")
    settled.cpo.clock.forward(minutes=2)
    assert settled.now()[:3] == ("settled", taken(301), [])


def test_an_equal_one_and_one_of_them_is_taken_back(settled: Charge) -> None:
    settled.bill(3.01, "CDR-2")
    settled.credit(3.01, "CDR-2")
    settled.cpo.clock.forward(minutes=2)
    assert settled.now() == ("settled", taken(301), [], [])


@pytest.mark.heavy
def test_an_equal_one_and_both_are_taken_back_for_a_lower_one(settled: Charge) -> None:
    settled.bill(3.01, "CDR-2")
    settled.credit(3.01, "CDR-1", "CREDIT-1")
    settled.credit(3.01, "CDR-2", "CREDIT-2")
    settled.bill(1.00, "CDR-3")
    settled.cpo.clock.forward(minutes=2)
    assert settled.now() == ("settled", taken(301, 201), [], [])


def test_nearly_equal_is_not_equal(charged: Charge) -> None:
    charged.push("POST", "cdrs", charged.cdr(3.01))
    charged.push("POST", "cdrs", charged.cdr(3.00, "CDR-2"))
    charged.cpo.clock.forward(minutes=2)
    assert charged.now()[1] in (taken(301), HELD)
    assert len(open_incidents()) == 1


# On and on


@pytest.mark.heavy
def test_a_settled_car_goes_on_and_a_larger_cdr_comes(settled: Charge) -> None:
    """Rule 26: a higher one is never collected by itself, and rule 12's STOP went out. Somebody must see what is
    owed."""
    for kwh in (6, 7):
        settled.cpo.clock.forward(seconds=30)
        settled.meter(kwh)
    settled.cpo.clock.forward(seconds=30)
    settled.meter(7, "COMPLETED")
    settled.bill(4.22, "CDR-2", kwh=7)
    settled.cpo.clock.forward(minutes=2)
    assert settled.now()[:2] == ("settled", taken(301))
    assert len(settled.cpo.sent("STOP_SESSION")) == 1
    assert symptoms.BILL_CHANGED in open_incidents()


def test_and_the_smaller_one_is_taken_back(settled: Charge) -> None:
    for kwh in (6, 7):
        settled.cpo.clock.forward(seconds=30)
        settled.meter(kwh)
    settled.meter(7, "COMPLETED")
    settled.credit(3.01)
    settled.bill(4.22, "CDR-2", kwh=7)
    settled.cpo.clock.forward(minutes=2)
    assert settled.now()[:2] == ("settled", taken(301))
    assert symptoms.BILL_CHANGED in open_incidents() or owed() == [("receivable", 121)]


def test_money_for_the_driver_of_a_home_charger(charged: Charge) -> None:
    """`home_charging_compensation`: the energy is to be paid *to* the driver (OCPI 2.2.1 10.3.1): nothing is taken by
    itself."""
    charged.bill(3.01, home_charging_compensation=True)
    charged.cpo.clock.forward(minutes=2)
    if charged.version == "2.2":
        assert state(charged.session)[0] in ("settled", "escalated")
        return
    assert charged.now()[:3] == ("escalated", HELD, [])


@pytest.mark.parametrize("value", [False, None])
def test_no_money_for_the_driver_of_a_home_charger(charged: Charge, value: bool | None) -> None:
    charged.bill(3.01, home_charging_compensation=value)
    assert charged.now() == ("settled", taken(301), [], [])
