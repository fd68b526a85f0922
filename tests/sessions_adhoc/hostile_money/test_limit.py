"""A CPO that does not stop at the limit, and clients that reserve oddly: nobody pays beyond the reservation (33)."""

from collections.abc import Callable

import pytest

from billing.models import SimulatedCharge
from sessions_adhoc import symptoms
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.hostile_money.conftest import Charge, taken
from tests.sessions_adhoc.looking import state

pytestmark = pytest.mark.django_db


def runs_over(charge: Charge) -> None:
    """Charges 100 kWh, 60.27 EUR, of 40.00 EUR reserved, whatever STOPs come."""
    more = {} if charge.version == "2.1.1" else {"timeout": 30}
    charge.cpo.server.on("/commands/STOP_SESSION", envelope({"result": "REJECTED", **more}))
    charge.publish()
    charge.start()
    charge.meter(0)
    for kwh in (20, 60, 100):
        charge.cpo.clock.forward(minutes=1)
        charge.meter(kwh)
        charge.cpo.clock.forward(seconds=1)
    assert charge.cpo.sent("STOP_SESSION")
    charge.meter(100, "COMPLETED")
    charge.cpo.clock.forward(seconds=1)


def test_what_ran_over_is_a_receivable(charge: Charge) -> None:
    runs_over(charge)
    charge.bill(60.27)
    assert charge.now()[:3] == ("settled", taken(4000), [("receivable", 2027)])
    assert symptoms.BEYOND_RESERVATION in charge.now()[3]
    charge.quiet()


def test_a_claim_beside_a_receivable(charge_221: Charge) -> None:
    runs_over(charge_221)
    charge_221.bill(90.27)
    assert charge_221.now()[1] == taken(4000)
    assert sorted(charge_221.now()[2]) == [("claim", 3000), ("receivable", 2027)]


def test_a_receivable_that_a_lower_cdr_takes_back(charge_221: Charge) -> None:
    runs_over(charge_221)
    charge_221.bill(60.27)
    charge_221.credit(60.27)
    charge_221.bill(30.00, "CDR-2")
    assert charge_221.now()[:3] == ("settled", taken(4000, 1000), [])
    charge_221.quiet()


ODD = (
    {"amount": 1},
    {"amount": 499},
    {"amount": 0},
    {"amount": -4000},
    {"amount": "x"},
    {"amount": 10**18},
    {"amount": 2**63},
    {"amount": [4000]},
    {"amount": 4000, "currency": "CZK"},
    {"currency": "CZK"},
    {"amount": 4000, "currency": "BTC"},
    {"currency": 978},
)


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1"])
def test_an_amount_that_nobody_offers_moves_no_money(charge_over: Callable[..., Charge], version: str) -> None:
    charge = charge_over(version)
    charge.publish()
    for body in ODD:
        answer = charge.driver.call("POST", body={"evse": "SK*ION*EEVSE-1", **body})
        assert (body, 400 <= answer.status_code < 500) == (body, True), answer.content
    charge.cpo.clock.forward(seconds=1)
    assert not SimulatedCharge.objects.exists()
    assert charge.cpo.sent("START_SESSION") == []


def test_a_lowest_price_beyond_the_reservation_is_a_receivable(charge_221: Charge) -> None:
    charge_221.publish(min_price={"excl_vat": 81.30, "incl_vat": 100.00})
    charge_221.start()
    charge_221.meter(0)
    charge_221.cpo.clock.forward(minutes=1)
    charge_221.meter(1)
    charge_221.cpo.clock.forward(seconds=1)
    assert len(charge_221.cpo.sent("STOP_SESSION")) == 1
    charge_221.meter(1, "COMPLETED")
    charge_221.cpo.clock.forward(seconds=1)
    charge_221.bill(100)
    assert charge_221.now()[:3] == ("settled", taken(4000), [("receivable", 6000)])
    assert state(charge_221.session)[0] == "settled"
