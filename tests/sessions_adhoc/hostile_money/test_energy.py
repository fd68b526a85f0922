"""CDRs that lie about energy: a driver pays for what a meter saw, at most for what the connector could do (rule 32)."""

from typing import Any

import pytest

from sessions_adhoc import symptoms
from tests.sessions_adhoc.conftest import Clock
from tests.sessions_adhoc.hostile_money.conftest import HELD, RELEASED, Charge, evidence, period, taken
from tests.sessions_adhoc.looking import open_incidents

pytestmark = pytest.mark.django_db


def test_ten_times_the_energy_is_held(charge: Charge) -> None:
    charge.publish()
    charge.charge(5)
    charge.bill(30.14, kwh=50)
    assert charge.now()[:3] == ("escalated", HELD, [])
    assert len(open_incidents()) == 1
    assert "says 50 kWh, the meter said 5 kWh" in evidence()
    charge.quiet()


def test_two_percent_more_are_the_meters_tolerance(charge_221: Charge) -> None:
    charge_221.publish()
    charge_221.charge(5)
    charge_221.bill(3.07, kwh=5.09)
    assert charge_221.now() == ("settled", taken(307), [], [])
    charge_221.quiet()


def test_what_the_connector_could_still_deliver_is_billed(charge_221: Charge, clock: Clock) -> None:
    """The last sample is a minute old when the connector falls free: 150 kW bring 2.5 kWh by then."""
    charge_221.publish()
    charge_221.start()
    charge_221.meter(0)
    charge_221.cpo.evse("CHARGING")
    clock.forward(minutes=1)
    charge_221.meter(5)
    clock.forward(minutes=1)
    charge_221.end = clock.now()
    charge_221.cpo.evse("AVAILABLE")
    clock.forward(seconds=10)
    charge_221.bill(3.62, kwh=6)
    assert charge_221.now() == ("settled", taken(362), [], [])


def test_more_than_the_meter_said_at_the_very_end_is_held(old_and_new: Charge, clock: Clock) -> None:
    """The Session's end is a sample too: nothing can have come after it."""
    old_and_new.publish()
    old_and_new.start()
    old_and_new.meter(0)
    clock.forward(minutes=1)
    old_and_new.meter(5)
    clock.forward(minutes=1)
    old_and_new.meter(5, "COMPLETED")
    clock.forward(seconds=1)
    old_and_new.bill(3.62, kwh=6)
    assert old_and_new.now()[:3] == ("escalated", HELD, [])
    assert "says 6 kWh, the meter said 5 kWh" in evidence()


def test_less_energy_than_metered_costs_less(old_and_new: Charge) -> None:
    old_and_new.publish()
    old_and_new.charge(5)
    old_and_new.bill(3.01, kwh=4.5)
    found = old_and_new.now()
    assert found[:2] == ("settled", taken(271))
    assert symptoms.ENERGY_DIFFERS in found[3]


def test_less_energy_and_a_lower_total(charge_221: Charge) -> None:
    charge_221.publish()
    charge_221.charge(5)
    charge_221.bill(1.00, kwh=4.5)
    assert charge_221.now()[:3] == ("settled", taken(100), [])


def test_no_energy_for_a_charge_that_delivered_is_held(charge_221: Charge) -> None:
    charge_221.publish()
    charge_221.charge(5)
    charge_221.bill(3.01, kwh=0)
    assert charge_221.now()[:3] == ("escalated", HELD, [])
    assert len(open_incidents()) == 1


def test_nothing_charged_costs_nothing(old_and_new: Charge) -> None:
    old_and_new.publish()
    old_and_new.charge(0)
    old_and_new.bill(1.23, kwh=0)
    assert old_and_new.now()[:3] == ("failed", RELEASED, [])


def test_nothing_charged_and_much_billed_costs_nothing(charge_221: Charge) -> None:
    charge_221.publish()
    charge_221.charge(0)
    charge_221.bill(30.14, kwh=50)
    assert charge_221.now()[:3] == ("failed", RELEASED, [])


@pytest.mark.parametrize(
    ("total", "periods", "outcome"),
    [(5, 50, ("settled", taken(301), [("claim", 2713)])), (50, 5, ("escalated", HELD, []))],
)
def test_of_two_energies_the_larger_must_be_plausible(
    charge_221: Charge, total: int, periods: int, outcome: Any
) -> None:
    charge_221.publish()
    charge_221.charge(5)
    charge_221.bill(30.14, kwh=total, charging_periods=[period(0, ENERGY=periods)])
    assert charge_221.now()[:3] == outcome
    assert len(open_incidents()) == 1


def test_a_dimension_named_twice_is_added_once_into_the_energy(charge_221: Charge) -> None:
    charge_221.publish()
    charge_221.charge(5)
    twice = {**period(0, ENERGY=5), "dimensions": [{"type": "ENERGY", "volume": 5}] * 10}
    charge_221.bill(30.14, kwh=5, charging_periods=[twice])
    assert charge_221.now() == ("settled", taken(301), [("claim", 2713)], [symptoms.PRICE_DIFFERS])


def test_negative_energy_in_a_period_hides_nothing(charge_221: Charge) -> None:
    """50 kWh in a dear hour, -45 in a cheap one: 5 in all."""
    charge_221.publish()
    charge_221.charge(5)
    periods = [period(0, ENERGY=50), period(1, ENERGY=-45)]
    charge_221.bill(30.14, kwh=5, charging_periods=periods)
    assert charge_221.now() == ("settled", taken(301), [("claim", 2713)], [symptoms.PRICE_DIFFERS])


def test_negative_energy_is_held(charge_221: Charge) -> None:
    charge_221.publish()
    charge_221.charge(5)
    assert charge_221.bill(3.01, kwh=-5)[1] == 2001
    assert charge_221.now() == ("awaiting_cdr", HELD, [], [])


def test_a_cdr_without_energy_dimension_is_priced_by_its_total_energy(old_and_new: Charge) -> None:
    old_and_new.publish()
    old_and_new.charge(5)
    old_and_new.bill(3.01, charging_periods=[period(0, TIME=0.033)])
    assert old_and_new.now()[:3] == ("settled", taken(301), [])


def test_a_cdr_that_comes_while_energy_flows_waits(charge_221: Charge, clock: Clock) -> None:
    charge_221.publish()
    charge_221.start()
    charge_221.meter(0)
    clock.forward(minutes=1)
    charge_221.meter(1)
    charge_221.end = clock.now()
    charge_221.bill(0.60, "INTERIM", kwh=1)
    clock.forward(seconds=20)
    charge_221.meter(3)
    assert charge_221.now()[1] == HELD
    clock.forward(minutes=1)
    charge_221.meter(5)
    charge_221.meter(5, "COMPLETED")
    clock.forward(seconds=1)
    assert charge_221.now()[1] == HELD
    charge_221.bill(3.01)
    assert charge_221.now() == ("settled", taken(301), [], [])
