"""Which price component applies: the first element that prices the dimension and whose restrictions hold."""

from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from decimal import Decimal

from billing.pricing.tariff import (
    NO_RESTRICTIONS,
    ChargingPeriod,
    Dimension,
    Element,
    PriceComponent,
    Reservation,
    Restrictions,
    Tariff,
    seconds_between,
    utc,
)

MIDNIGHT = time(0, 0)
# Half the last digit of a volume on the wire (four decimals, OCPI 2.2.1 §16.4): what each earlier period may miss.
VOLUME_TOLERANCE = Decimal("0.00005")
# Stamps on the wire are often whole seconds.
STAMP_TOLERANCE = Decimal("0.5")
# Rounding goes up and down: of many periods no more is missed than of so many.
MOST_MISSED = 20


@dataclass(frozen=True, slots=True)
class Moment:
    """The circumstances in which a charging period begins: they decide its prices until it ends."""

    local: datetime
    seconds: Decimal  # since the session began, with what rounding on the wire may have taken
    kwh: Decimal  # used before this period, likewise
    period: ChargingPeriod
    reservation: Reservation | None = None


def moments(periods: tuple[ChargingPeriod, ...], zone: tzinfo, *, reservation_expired: bool) -> list[Moment]:
    """The periods in order of time with what is known where each begins.

    The session begins with the first period that is not a reservation. A reservation that expired is priced
    by RESERVATION_EXPIRES.
    """
    ordered = sorted(periods, key=lambda period: utc(period.start))
    begun = next((utc(p.start) for p in ordered if not p.is_reservation), None)
    found, kwh = [], Decimal(0)
    for count, period in enumerate(ordered):
        start = utc(period.start)
        waited = seconds_between(begun, start) + STAMP_TOLERANCE if begun else Decimal(0)
        reservation = None
        if period.is_reservation:
            reservation = Reservation.RESERVATION_EXPIRES if reservation_expired else Reservation.RESERVATION
        used = kwh + VOLUME_TOLERANCE * min(count, MOST_MISSED)
        found.append(Moment(start.astimezone(zone), max(waited, Decimal(0)), used, period, reservation))
        kwh += period.volume("ENERGY")
    return found


def component_for(tariff: Tariff, dimension: Dimension, moment: Moment) -> PriceComponent | None:
    """The one price component of this dimension that is active; None means that it costs nothing.

    2.1.1 words this per element, but its own examples hold start fee and time price in separate elements that
    must both apply, so the rule of 2.2 and later (per dimension) is used for all versions. For an expired
    reservation RESERVATION_EXPIRES goes before RESERVATION, whatever their order.
    """
    wanted: list[Reservation | None] = [moment.reservation]
    if moment.reservation is Reservation.RESERVATION_EXPIRES:
        wanted.append(Reservation.RESERVATION)
    for reservation in wanted:
        for element in tariff.elements:
            component = _component_of(element, dimension)
            if component is None or element.restrictions.reservation is not reservation:
                continue
            if element.restrictions is NO_RESTRICTIONS or holds(element.restrictions, moment):
                return component
    return None


def _component_of(element: Element, dimension: Dimension) -> PriceComponent | None:
    for component in element.components:
        if component.dimension is dimension:
            return component
    return None


def holds(restrictions: Restrictions, moment: Moment) -> bool:
    """All restrictions hold at this moment (reservation aside)."""
    local = moment.local
    return (
        _time_of_day(restrictions, local.time())
        and (restrictions.start_date is None or local.date() >= restrictions.start_date)
        and (restrictions.end_date is None or local.date() < restrictions.end_date)
        and (not restrictions.days or local.weekday() in restrictions.days)
        and _between(restrictions.min_kwh, moment.kwh, restrictions.max_kwh)
        and _between(restrictions.min_duration, moment.seconds, restrictions.max_duration)
        and _flow(restrictions.min_current, restrictions.max_current, "CURRENT", moment.period)
        and _flow(restrictions.min_power, restrictions.max_power, "POWER", moment.period)
    )


def _time_of_day(restrictions: Restrictions, now: time) -> bool:
    """Within the daily window. An end before the start wraps around midnight; equal ends are all day."""
    start, end = restrictions.start_time or MIDNIGHT, restrictions.end_time or MIDNIGHT
    if start < end:
        return start <= now < end
    return start == end or now >= start or now < end


def _between(lower: Decimal | int | None, value: Decimal, upper: Decimal | int | None) -> bool:
    return (lower is None or value >= lower) and (upper is None or value < upper)


def _flow(lower: Decimal | None, upper: Decimal | None, name: str, period: ChargingPeriod) -> bool:
    """Power or current stayed within the bounds for the whole period.

    The least value is held against the lower bound and the greatest against the upper one; the average stands
    in for either. A period that tells nothing of its flow fulfils no bound, which leaves it to the tariff's
    default element.
    """
    if lower is None and upper is None:
        return True
    average = period.dimensions.get(name)
    if name == "POWER" and average is None and period.volume("TIME") > 0:
        average = period.volume("ENERGY") / period.volume("TIME")
    least = period.dimensions.get(f"MIN_{name}", average)
    greatest = period.dimensions.get(f"MAX_{name}", average)
    least, greatest = (greatest if least is None else least), (least if greatest is None else greatest)
    return (lower is None or (least is not None and least >= lower)) and (
        upper is None or (greatest is not None and greatest < upper)
    )
