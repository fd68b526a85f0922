"""What a charge that begins now costs, and what changes when: by the clock, by how long it lasts, by its energy."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum

from billing.pricing.calculate import vat_of, with_taxes
from billing.pricing.match import Moment, component_for
from billing.pricing.tariff import ChargingPeriod, Dimension, Element, PriceComponent, Restrictions, Tariff

HORIZON = timedelta(hours=24)
"""Nobody who looks at a price before charging asks for longer."""


class By(StrEnum):
    """What a price changes by."""

    NOW = "now"
    CLOCK = "clock"
    DURATION = "duration"
    ENERGY = "energy"
    POWER = "power"


@dataclass(frozen=True, slots=True)
class Step:
    """A price, gross, per kWh, hour or session; None where its VAT is not known.

    `by` says from when it holds: `at` in the charger's zone, `after` seconds, `kwh` of energy, or within `kw`.
    """

    by: By
    price: Decimal | None
    step_size: int = 1
    at: datetime | None = None
    after: int = 0
    kwh: Decimal = Decimal(0)
    kw: tuple[Decimal | None, Decimal | None] = (None, None)


def outlook(tariff: Tariff, start: datetime, zone: tzinfo) -> dict[Dimension, tuple[Step, ...]]:
    """Return for each dimension that has a price what it costs at `start`, and then each change within a day.

    In AFIR's order: energy, time, occupancy, session. A free dimension has a price of 0.
    """
    order = (Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME, Dimension.FLAT)
    found = {dimension: tuple(_steps(tariff, dimension, start.astimezone(zone))) for dimension in order}
    return {dimension: steps for dimension, steps in found.items() if any(step.price != 0 for step in steps)}


def _steps(tariff: Tariff, dimension: Dimension, start: datetime) -> Iterator[Step]:
    mine = [one for one in tariff.elements if _prices(one, dimension) and one.restrictions.reservation is None]
    last = _step(tariff, dimension, By.NOW, start)
    yield last
    if dimension is not Dimension.FLAT:
        for by, at, after in _times(mine, start):
            step = _step(tariff, dimension, by, at, after)
            if step.price != last.price:
                yield step
                last = step
        yield from _by_energy(tariff, dimension, mine, start)
        yield from _by_power(tariff, mine, dimension)


def _prices(element: Element, dimension: Dimension) -> bool:
    return any(part.dimension is dimension for part in element.components)


def _step(
    tariff: Tariff, dimension: Dimension, by: By, at: datetime, after: int = 0, kwh: Decimal = Decimal(0)
) -> Step:
    part = component_for(tariff, dimension, Moment(at, Decimal(after), kwh, ChargingPeriod(at)))
    return Step(by, _gross(tariff, part), part.step_size if part else 1, at, after, kwh)


def _gross(tariff: Tariff, part: PriceComponent | None) -> Decimal | None:
    return Decimal(0) if part is None else with_taxes(tariff, part.price, vat_of(tariff, part))[1]


def _times(elements: Iterable[Element], start: datetime) -> list[tuple[By, datetime, int]]:
    """When a restriction begins or ends to hold for a charge that begins at `start`, in order."""
    found = dict[datetime, tuple[By, datetime, int]]()
    for one in elements:
        for moment in _clock(one.restrictions, start):
            after = int((moment - start).total_seconds())
            found[moment] = (By.CLOCK, moment, after)
        for after in filter(None, (one.restrictions.min_duration, one.restrictions.max_duration)):
            if after >= HORIZON.total_seconds():  # any number may stand there, and no calendar has them all
                continue
            moment = (start.astimezone(UTC) + timedelta(seconds=after)).astimezone(start.tzinfo)
            found.setdefault(moment, (By.DURATION, moment, after))
    return [found[moment] for moment in sorted(found)]


def _clock(restrictions: Restrictions, start: datetime) -> Iterator[datetime]:
    """The moments within a day at which it can begin or end by the clock."""
    times = {one for one in (restrictions.start_time, restrictions.end_time) if one is not None}
    if restrictions.days or restrictions.start_date or restrictions.end_date:
        times.add(time(0))
    for day in (start.date(), start.date() + timedelta(days=1)):
        for one in times:
            moment = datetime.combine(day, one, start.tzinfo)
            if start < moment < start + HORIZON:
                yield moment


def _by_energy(tariff: Tariff, dimension: Dimension, elements: list[Element], start: datetime) -> Iterator[Step]:
    bounds = {bound for one in elements for bound in (one.restrictions.min_kwh, one.restrictions.max_kwh)}
    last = _step(tariff, dimension, By.NOW, start)
    for kwh in sorted(bound for bound in bounds if bound):
        step = _step(tariff, dimension, By.ENERGY, start, kwh=kwh)
        if step.price != last.price:
            yield step
            last = step


def _by_power(tariff: Tariff, elements: list[Element], dimension: Dimension) -> Iterator[Step]:
    """What holds at some power only; it is not known before the charge."""
    for one in elements:
        kw = one.restrictions.min_power, one.restrictions.max_power
        if kw != (None, None):
            part = next(part for part in one.components if part.dimension is dimension)
            yield Step(By.POWER, _gross(tariff, part), part.step_size, kw=kw)
