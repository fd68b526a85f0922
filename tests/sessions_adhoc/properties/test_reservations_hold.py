"""The energy ends before the money does, at whatever tariff: none owes more than the reservation plus one sample
interval, and those whose CPO ignores STOP are listed with a receivable (rule 33)."""

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from billing.models import OutstandingAmount
from billing.pricing import ChargingPeriod, price, to_minor
from partners import clocks
from tests.billing.pricing.build import BRATISLAVA, tariff
from tests.billing.pricing.test_course import BEGIN, KINDS
from tests.factories import period_data, tariff_data
from tests.sessions_adhoc.conftest import BEGINNING, stamp
from tests.sessions_adhoc.looking import gateway, money, state
from tests.sessions_adhoc.properties.test_engine import forgotten_afterwards

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("SFP_PROPERTY_EXAMPLES", "1000"))
IN_THE_SUITE = (1, 3, 4, 6, 9, 14, 16)
"""Charges by each kind of tariff, of CPOs that obey a STOP at once, that obey it late, and that ignore it."""
ENDS_AFTER = 30
"""Samples, if nothing ends the charge before."""


@dataclass
class Charge:
    """What its CPO does: the power of each sample interval, and how it takes a STOP."""

    seed: str
    chance: random.Random = field(init=False)
    kind: str = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.kind = self.chance.choice(sorted(KINDS))
        self.every = self.chance.choice([15, 30, 60, 90])
        self.obeys = self.chance.random() < 0.7
        self.reserved = self.chance.randrange(500, 900)
        steady = self.chance.random() < 0.5
        top = self.chance.choice([22, 50, 120])
        self.powers = [top if steady else self.chance.choice([top / 4, top / 2, top]) for _ in range(ENDS_AFTER)]
        if self.chance.random() < 0.3:
            parked = self.chance.randrange(4, ENDS_AFTER)
            self.powers[parked:] = [0] * (ENDS_AFTER - parked)
        # Who changes the power as it likes ends at once, for both together would be two intervals.
        self.lag = self.chance.randrange(0, self.every) if steady and self.chance.random() < 0.5 else 0
        self.begin = BEGIN + timedelta(minutes=self.chance.randrange(0, 120))
        self.periods: list[ChargingPeriod] = []
        self.kwh = Decimal(0)

    def run(self, seconds: int, number: int) -> None:
        """Let the meter run for so long after a sample."""
        start = self.periods_end
        energy = Decimal(str(self.powers[number])) * seconds / 3600
        hours = (Decimal(seconds) / 3600).quantize(Decimal("0.0001"))
        self.kwh += energy
        self.periods.append(ChargingPeriod(start, {"ENERGY": energy, "TIME" if energy else "PARKING_TIME": hours}))
        self.lasted += timedelta(seconds=seconds)

    lasted: timedelta = timedelta(0)

    @property
    def periods_end(self) -> datetime:
        return self.begin + self.lasted

    def cost(self, periods: list[ChargingPeriod] | None = None) -> int:
        """In cents."""
        told = self.periods if periods is None else periods
        cost = price(tariff(*KINDS[self.kind]), told, zone=BRATISLAVA)
        assert cost.incl is not None
        return to_minor(cost.incl, "EUR")

    def wire(self) -> list[dict[str, Any]]:
        return [
            period_data(stamp(one.start), **{name: round(float(volume), 4) for name, volume in one.dimensions.items()})
            for one in self.periods
        ]


def publish(cpo: Any, kind: str) -> None:
    elements = [{name: value for name, value in one.items() if value} for one in KINDS[kind]]
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(elements=elements, last_updated=stamp(BEGINNING)), None)


def charges(cpo: Any, driver: Any, clock: Any, seed: str) -> tuple[Charge, int]:
    """One charge to its end; the charge, and what was owed beyond the reservation, in cents."""
    charge = Charge(seed)
    clocks.forget()
    clock.traveller.move_to(charge.begin)
    cpo.server.seen.clear()
    publish(cpo, charge.kind)
    session = driver.start(amount=charge.reserved)
    usual = {"start_date_time": stamp(charge.begin)}

    def tell(kwh: Decimal, status: str = "ACTIVE", kw: float = 0) -> None:
        told = [period_data(stamp(charge.begin), ENERGY=float(round(kwh, 4)), POWER=kw)]
        over = {"end_date_time": stamp(clock.now())} if status == "COMPLETED" else {}
        cpo.session(float(round(kwh, 4)), status, charging_periods=told, **usual, **over)

    tell_first(cpo, charge, usual)
    stopped = False
    for number in range(ENDS_AFTER):
        clock.traveller.move_to(charge.periods_end)
        charge.run(charge.every, number)
        clock.forward(seconds=(charge.periods_end - clock.now()).total_seconds())
        tell(charge.kwh, kw=charge.powers[number])
        clock.sweep()
        if cpo.sent("STOP_SESSION") and charge.obeys and not stopped:
            stopped = True
            if charge.lag:
                charge.run(charge.lag, number)
                clock.forward(seconds=charge.lag)
            break
    tell(charge.kwh, "COMPLETED")
    clock.forward(seconds=1)
    total = charge.cost()
    net = round(total / 123, 4)
    times = {"start_date_time": stamp(charge.begin), "end_date_time": stamp(charge.periods_end)}
    cpo.cdr(
        total / 100,
        kwh=float(round(charge.kwh, 4)),
        charging_periods=charge.wire(),
        total_cost={"excl_vat": net, "incl_vat": total / 100},
        **{**times, "last_updated": stamp(clock.now())},
    )
    clock.forward(seconds=1)
    beyond = max(total - charge.reserved, 0)
    rows = list(OutstandingAmount.objects.values_list("kind", "amount", "state"))
    assert rows == ([("receivable", beyond, "open")] if beyond else []), (seed, charge.kind, total, rows)
    captured = ("captured", min(total, charge.reserved)) if total else ("released", 0)
    assert (state(session), money(session), gateway(session)) == (("settled", ""), captured, captured), (seed, total)
    return charge, beyond


def tell_first(cpo: Any, charge: Charge, usual: dict[str, Any]) -> None:
    told = [period_data(stamp(charge.begin), ENERGY=0, POWER=charge.powers[0])]
    cpo.session(0, created=True, charging_periods=told, **usual)


def dearest_interval(charge: Charge) -> int:
    """What one sample interval comes to at most, in cents."""
    lasted = [charge.cost(charge.periods[:number]) for number in range(len(charge.periods) + 1)]
    return max(two - one for one, two in pairwise(lasted)) + 1


def hold(cpo: Any, driver: Any, clock: Any, seeds: Sequence[int]) -> None:
    evaders = 0
    for seed in seeds:
        with forgotten_afterwards():
            charge, beyond = charges(cpo, driver, clock, f"reservation {seed}")
        if charge.obeys:
            assert beyond <= dearest_interval(charge), (seed, charge.kind, charge.every, charge.reserved, beyond)
        elif beyond:
            assert cpo.sent("STOP_SESSION"), (seed, "it was asked to stop")
            evaders += 1
    assert evaders >= max(1, len(seeds) // 20), "some CPOs ignore STOP, and each of them is listed"


@pytest.fixture
def at_the_charger(driver: Any, cpo: Any, evse: Any) -> Any:
    evse.connectors.update(tariff_ids=["T-1"])
    return driver


def test_none_owes_more_than_the_reservation_and_an_interval(cpo: Any, at_the_charger: Any, clock: Any) -> None:
    hold(cpo, at_the_charger, clock, IN_THE_SUITE)


@pytest.mark.heavy
def test_none_of_many_owes_more(cpo: Any, at_the_charger: Any, clock: Any) -> None:
    hold(cpo, at_the_charger, clock, range(20 + EXAMPLES))
