"""Credit CDRs of a CPO that cannot count: what was taken is given back once, and nothing more is collected (26)."""

import pytest

from billing.models import OutstandingAmount
from sessions_adhoc import symptoms
from tests.sessions_adhoc.conftest import Clock, stamp
from tests.sessions_adhoc.hostile_money.conftest import HELD, Charge, taken
from tests.sessions_adhoc.looking import open_incidents

pytestmark = pytest.mark.django_db


@pytest.fixture
def charged(charge_221: Charge) -> Charge:
    charge_221.publish()
    return charge_221.charge(5)


@pytest.fixture
def settled(charged: Charge) -> Charge:
    charged.once("billed", lambda: charged.bill(3.01))
    assert charged.now() == ("settled", taken(301), [], [])
    return charged


def test_a_lower_one_gives_the_difference_back_once(settled: Charge) -> None:
    for _ in range(2):
        settled.credit(3.01)
        settled.bill(2.00, "CDR-2")
    assert settled.now()[:3] == ("settled", taken(301, 101), [])
    settled.quiet()


def test_credited_again_under_another_id(settled: Charge) -> None:
    settled.credit(3.01)
    settled.bill(2.00, "CDR-2")
    settled.credit(3.01, cdr_id="CREDIT-2")
    settled.credit(3.01, cdr_id="CREDIT-3")
    assert settled.now()[:3] == ("settled", taken(301, 101), [])


def test_lower_and_lower(settled: Charge) -> None:
    settled.credit(3.01)
    settled.bill(2.00, "CDR-2")
    settled.credit(2.00, "CDR-2", "CREDIT-2")
    settled.bill(1.00, "CDR-3")
    assert settled.now()[:3] == ("settled", taken(301, 201), [])
    settled.quiet()


def test_lower_and_then_higher_again_collects_nothing(settled: Charge) -> None:
    settled.credit(3.01)
    settled.bill(2.00, "CDR-2")
    settled.credit(2.00, "CDR-2", "CREDIT-2")
    settled.bill(3.01, "CDR-3")
    assert settled.now()[:2] == ("settled", taken(301, 101))
    assert settled.now()[2] == [("receivable", 101)]
    settled.quiet()


def test_a_higher_one_is_never_collected(settled: Charge) -> None:
    settled.credit(3.01)
    settled.bill(30.10, "CDR-2")
    assert settled.now()[:3] == ("settled", taken(301), [("claim", 2709)])
    settled.quiet()


def test_a_credit_of_a_cdr_that_nobody_knows(settled: Charge) -> None:
    settled.credit(3.01, of="CDR-OF-SOMEBODY")
    assert settled.now()[:3] == ("settled", taken(301), [])
    settled.quiet()


def test_a_credit_and_a_free_one(settled: Charge) -> None:
    settled.credit(3.01)
    settled.bill(0, "CDR-2")
    assert settled.now()[:3] == ("settled", taken(301, 301), [])
    settled.quiet()


def test_a_new_one_that_cannot_be_true_gives_nothing_back(settled: Charge) -> None:
    settled.credit(3.01)
    settled.bill(2.00, "CDR-2", kwh=50)
    assert settled.now()[:2] == ("settled", taken(301))
    assert open_incidents()


def test_a_new_one_without_energy_gives_nothing_back_by_itself(settled: Charge) -> None:
    settled.credit(3.01)
    settled.bill(0.50, "CDR-2", kwh=0)
    assert settled.now()[:2] == ("settled", taken(301))
    assert open_incidents()


def test_a_credit_with_a_positive_total(settled: Charge) -> None:
    settled.credit(-3.01)
    settled.bill(2.00, "CDR-2")
    assert settled.now()[:3] == ("settled", taken(301, 101), [])


def test_a_credit_before_the_capture(charged: Charge) -> None:
    charged.credit(3.01)
    assert charged.now()[1:3] == (HELD, [])
    charged.bill(3.01)
    assert charged.now()[1:3] == (HELD, [])
    charged.bill(2.00, "CDR-2")
    assert charged.now()[:3] == ("settled", taken(200), [])


def test_a_credit_that_names_itself(charged: Charge) -> None:
    charged.credit(3.01, of="CREDIT-1")
    assert charged.now()[1:3] == (HELD, [])


def test_a_credit_that_is_credited(settled: Charge) -> None:
    settled.credit(3.01)
    settled.credit(-3.01, "CREDIT-1", "CREDIT-2")
    assert settled.now()[:2] == ("settled", taken(301))
    settled.quiet()


def test_a_second_cdr_is_not_added(settled: Charge) -> None:
    settled.bill(3.00, "CDR-2")
    assert settled.now()[:2] == ("settled", taken(301))
    assert open_incidents() == [symptoms.BILL_CHANGED]
    assert not OutstandingAmount.objects.exists()


def test_a_credit_for_another_drivers_cdr(settled: Charge, clock: Clock) -> None:
    """The credit of the second charge names the first one's CDR."""
    first = settled.session
    settled.cpo.evse("AVAILABLE")
    clock.forward(minutes=1)
    settled.start()
    assert settled.session.pk != first.pk
    settled.meter(0, session_id="S-2", start_date_time=later(settled))
    clock.forward(minutes=1)
    settled.meter(5, session_id="S-2", start_date_time=later(settled))
    settled.meter(5, "COMPLETED", session_id="S-2", start_date_time=later(settled))
    clock.forward(seconds=1)
    settled.credit(3.01, session_id="S-2", start_date_time=later(settled))
    second, settled.session = settled.session, first
    assert settled.now()[:3] == ("settled", taken(301), [])
    settled.session = second
    assert settled.now()[1] == HELD


def later(charge: Charge) -> str:
    return stamp(charge.session.created_at)
