"""The one reader of tariffs and charging periods: from the parsed wire models of any version to what pricing sees.

What a wire value means is decided in `ocpi.versions` alone; nothing here looks at JSON.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import time
from decimal import Decimal

from billing.pricing.money import minor_exponent
from billing.pricing.tariff import (
    NO_RESTRICTIONS,
    ChargingPeriod,
    Dimension,
    Element,
    PriceComponent,
    PriceLimit,
    Reservation,
    Restrictions,
    Tariff,
    TaxIncluded,
    date_of,
    hours_between,
)
from ocpi.versions.v2_2_1 import tariffs as wire
from ocpi.versions.v2_2_1.cdrs import CDR
from ocpi.versions.v2_2_1.common import Price
from ocpi.versions.v2_2_1.sessions import ChargingPeriod as WirePeriod

WEEK = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
TIMES = frozenset({"TIME", "PARKING_TIME", "RESERVATION_TIME"})


def tariff_of(told: wire.Tariff, most_per_kwh: Decimal | None = None) -> Tariff:
    """Return a tariff of the wire, of any version, as pricing sees it.

    An element with a restriction or a price that we do not understand is left out, never taken as unrestricted;
    `unreadable` then names the paths, and the tariff prices nothing. So it is with a price that is nobody's, by what a
    kWh can cost at most. ValueError if the currency is none.
    """
    minor_exponent(told.currency)
    unread, tax = tuple(told.unread()), getattr(told, "tax_included", TaxIncluded.NO)
    return Tariff(
        currency=told.currency.upper(),
        elements=tuple(_element(one) for one in told.elements if _is_for_charging(one)),
        id=str(told.id),
        min_price=_limit(told.min_price),
        max_price=_limit(told.max_price),
        tax_included=TaxIncluded(tax) if "tax_included" not in unread else TaxIncluded.NO,
        start=told.start_date_time,
        end=told.end_date_time,
        unreadable=(*unread, *told.implausible(most_per_kwh)),
    )


def carried_tariff(cdr: CDR) -> Tariff | None:
    """Return the tariff that a CDR carries (OCPI 2.2.1 §10.3.1); None where none, or it is not clear which.

    ValueError if its currency is none.
    """
    named = {str(one.tariff_id).lower() for one in cdr.charging_periods if one.tariff_id}
    fitting = [one for one in cdr.tariffs if not named or str(one.id).lower() in named]
    return tariff_of(fitting[0]) if len(fitting) == 1 and len(named) <= 1 else None


def periods_of(told: Sequence[WirePeriod]) -> tuple[ChargingPeriod, ...]:
    """Return the charging periods of a Session or CDR as they stand; a dimension told twice in one counts twice."""
    return tuple(ChargingPeriod(one.start_date_time, _volumes(one)) for one in told)


def periods_of_cdr(cdr: CDR) -> tuple[ChargingPeriod, ...]:
    """Return what a CDR says was consumed, period by period, in order of time.

    Where no period tells energy, the total goes to them by their charging time; where none tells a time, each lasts
    until the next begins.
    """
    periods = tuple(sorted(periods_of(cdr.charging_periods), key=lambda period: period.start))
    if not any(TIMES & period.dimensions.keys() for period in periods):
        periods = _add_times(periods, cdr)
    if not any("ENERGY" in period.dimensions for period in periods):
        periods = _with_energy(periods, cdr.total_energy)
    return periods


def _add_times(periods: Sequence[ChargingPeriod], cdr: CDR) -> tuple[ChargingPeriod, ...]:
    if len(periods) == 1:
        parked = cdr.total_parking_time or Decimal(0)
        return (_adding(periods[0], {"TIME": max(cdr.total_time - parked, Decimal(0)), "PARKING_TIME": parked}),)
    ends = [*(period.start for period in periods[1:]), cdr.end_date_time]
    return tuple(
        _adding(period, {_time_of(period): hours_between(period.start, end)})
        for period, end in zip(periods, ends, strict=True)
    )


def _time_of(period: ChargingPeriod) -> str:
    """A period that says it delivered nothing was parking."""
    return "PARKING_TIME" if period.dimensions.get("ENERGY") == 0 else "TIME"


def _with_energy(periods: Sequence[ChargingPeriod], energy: Decimal) -> tuple[ChargingPeriod, ...]:
    charged = sum((period.volume("TIME") for period in periods), Decimal(0))
    if not charged:
        first, *rest = periods
        return (_adding(first, {"ENERGY": energy}), *rest)
    return tuple(_adding(period, {"ENERGY": energy * period.volume("TIME") / charged}) for period in periods)


def _adding(period: ChargingPeriod, volumes: dict[str, Decimal]) -> ChargingPeriod:
    return replace(period, dimensions={**period.dimensions, **volumes})


def _volumes(period: WirePeriod) -> dict[str, Decimal]:
    volumes: dict[str, Decimal] = {}
    for part in period.dimensions:
        name = str(part.type)
        volumes[name] = volumes.get(name, Decimal(0)) + part.volume
    return volumes


def _is_for_charging(told: wire.TariffElement) -> bool:
    """Whether we understand it, and it is none of the Bookings module: no ad-hoc session is a booking."""
    return not any(told.unread()) and getattr(told.restrictions, "booking", None) is None


def _element(told: wire.TariffElement) -> Element:
    components = tuple(
        PriceComponent(Dimension(part.type), part.price, part.step_size, part.vat) for part in told.price_components
    )
    return Element(components, _restrictions(told.restrictions) if told.restrictions else NO_RESTRICTIONS)


def _restrictions(told: wire.TariffRestrictions) -> Restrictions:
    return Restrictions(
        start_time=_time(told.start_time),
        end_time=_time(told.end_time),
        start_date=date_of(told.start_date),
        end_date=date_of(told.end_date),
        min_kwh=told.min_kwh,
        max_kwh=told.max_kwh,
        min_current=told.min_current,
        max_current=told.max_current,
        min_power=told.min_power,
        max_power=told.max_power,
        min_duration=told.min_duration,
        max_duration=told.max_duration,
        days=frozenset(WEEK.index(day) for day in told.day_of_week),
        reservation=Reservation(told.reservation) if told.reservation else None,
    )


def _time(told: str | None) -> time | None:
    """HH:MM; 24:00 is the midnight that ends the day."""
    return time.fromisoformat("00:00" if told == "24:00" else told) if told else None


def _limit(told: Price | None) -> PriceLimit | None:
    return PriceLimit(told.before_taxes, told.after_taxes) if told else None
