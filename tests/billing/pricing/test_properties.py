"""What holds for every tariff and every session."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billing.pricing import (
    ChargingPeriod,
    Cost,
    Dimension,
    Element,
    PriceComponent,
    PriceLimit,
    Restrictions,
    Tariff,
    describe,
    fill_in_tax,
    price,
    round_money,
)
from tests.billing.pricing.build import BRATISLAVA, MONDAY

PRICES = st.decimals(0, 20, places=4)
COMPONENTS = st.builds(
    PriceComponent,
    st.sampled_from(Dimension),
    PRICES,
    st.sampled_from([0, 1, 60, 300, 900]),
    st.none() | st.sampled_from([Decimal(0), Decimal(10), Decimal("23.5")]),
)
BOUNDS = st.none() | st.decimals(0, 60, places=1)
RESTRICTIONS = st.builds(
    Restrictions,
    start_time=st.none() | st.times(),
    end_time=st.none() | st.times(),
    min_kwh=BOUNDS,
    max_kwh=BOUNDS,
    min_power=BOUNDS,
    max_power=BOUNDS,
    min_duration=st.none() | st.integers(0, 7200),
    max_duration=st.none() | st.integers(0, 7200),
    days=st.frozensets(st.integers(0, 6)),
)
ELEMENTS = st.lists(
    st.builds(Element, st.lists(COMPONENTS, min_size=1, max_size=4).map(tuple), RESTRICTIONS), max_size=5
).map(tuple)
LIMITS = st.none() | st.builds(PriceLimit, st.none() | PRICES, st.none() | PRICES)
TARIFFS = st.builds(Tariff, st.sampled_from(["EUR", "JPY", "KWD"]), ELEMENTS, min_price=LIMITS, max_price=LIMITS)
SIMPLE = st.builds(
    Tariff,
    st.just("EUR"),
    st.lists(COMPONENTS, min_size=1, max_size=4).map(lambda parts: (Element(tuple(parts)),)),
)
VOLUMES = st.decimals(0, 50, places=4)


@st.composite
def sessions(draw: Any) -> list[ChargingPeriod]:
    """Periods one after another, with volumes as on the wire."""
    periods, minutes = [], 0
    for _ in range(draw(st.integers(0, 5))):
        names = draw(st.sets(st.sampled_from(["ENERGY", "TIME", "PARKING_TIME", "MAX_POWER"]), max_size=4))
        volumes = {name: draw(VOLUMES) for name in sorted(names)}
        periods.append(ChargingPeriod(MONDAY + timedelta(minutes=minutes), volumes))
        minutes += draw(st.integers(1, 600))
    return periods


def taxed(cost: Cost) -> tuple[Decimal, Decimal]:
    """(excl, incl) of a cost whose tax is known."""
    assert cost.excl is not None
    assert cost.incl is not None
    return cost.excl, cost.incl


@given(TARIFFS, sessions())
def test_a_cost_is_never_negative_and_always_in_whole_minor_units(tariff: Any, periods: Any) -> None:
    cost = price(fill_in_tax(tariff, Decimal(23)), periods, zone=BRATISLAVA)
    for amount in taxed(cost):
        assert amount >= 0
        assert amount == round_money(amount, tariff.currency)


@given(TARIFFS, sessions())
def test_the_limits_hold(tariff: Any, periods: Any) -> None:
    tariff = fill_in_tax(tariff, Decimal(23))
    excl, incl = taxed(price(tariff, periods, zone=BRATISLAVA))
    most = tariff.max_price
    if periods and most is not None:
        assert most.excl is None or excl <= round_money(most.excl, tariff.currency)
        assert most.incl is None or incl <= round_money(most.incl, tariff.currency)
    least = tariff.min_price
    if periods and least is not None and most is None:
        assert least.excl is None or excl >= round_money(least.excl, tariff.currency)
        assert least.incl is None or incl >= round_money(least.incl, tariff.currency)


@given(SIMPLE, sessions())
def test_taxes_never_make_it_cheaper(tariff: Any, periods: Any) -> None:
    excl, incl = taxed(price(fill_in_tax(tariff, Decimal(23)), periods))
    assert incl >= excl


@given(SIMPLE, sessions().filter(bool), st.sampled_from(["ENERGY", "TIME", "PARKING_TIME"]), VOLUMES)
def test_using_more_never_costs_less(tariff: Any, periods: Any, name: Any, more: Any) -> None:
    last = periods[-1]
    greater = [*periods[:-1], ChargingPeriod(last.start, {**last.dimensions, name: last.volume(name) + more})]
    # One dimension grows while which dimension comes last stays the same: steps belong to the last one.
    if last.volume(name) > 0:
        dearer, cheaper = price(tariff, greater).excl, price(tariff, periods).excl
        assert dearer is not None
        assert cheaper is not None
        assert dearer >= cheaper


@given(TARIFFS, sessions())
def test_a_fee_is_taken_at_most_once(tariff: Any, periods: Any) -> None:
    cost = price(tariff, periods, zone=BRATISLAVA)
    assert sum(line.quantity for line in cost.lines if line.dimension is Dimension.FLAT) in (0, 1)


@given(TARIFFS)
def test_every_tariff_can_be_described(tariff: Any) -> None:
    assert describe(tariff)
