"""A tariff and a charging session as pricing sees them. Frozen, without a database, without wire formats."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo


class Dimension(StrEnum):
    """What a price component prices (OCPI TariffDimensionType)."""

    ENERGY = "ENERGY"  # per kWh, step 1 Wh
    TIME = "TIME"  # per hour of charging, step 1 s
    PARKING_TIME = "PARKING_TIME"  # per hour connected and not charging, step 1 s
    FLAT = "FLAT"  # once


class Reservation(StrEnum):
    """Price of a reserved EVSE (OCPI ReservationRestrictionType)."""

    RESERVATION = "RESERVATION"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"


class TaxIncluded(StrEnum):
    """What prices and limits say of taxes (OCPI 2.3.0); before 2.3.0 always NO."""

    YES = "YES"
    NO = "NO"
    NOT_APPLICABLE = "N/A"


@dataclass(frozen=True, slots=True)
class PriceComponent:
    """The price of one dimension: per kWh, per hour, or once. `vat` in percent, None if not stated."""

    dimension: Dimension
    price: Decimal
    step_size: int = 1
    vat: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Restrictions:
    """When an element applies; all that are set must hold. Lower bounds include, upper bounds exclude.

    Times, dates and days (Monday is 0) are local to the charger. Energy in kWh since the session began, power
    in kW, current in A over all phases, durations in seconds since the session began.
    """

    start_time: time | None = None
    end_time: time | None = None
    start_date: date | None = None
    end_date: date | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current: Decimal | None = None
    max_current: Decimal | None = None
    min_power: Decimal | None = None
    max_power: Decimal | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    days: frozenset[int] = frozenset()
    reservation: Reservation | None = None


NO_RESTRICTIONS = Restrictions()


@dataclass(frozen=True, slots=True)
class Element:
    """Price components that apply under the same restrictions."""

    components: tuple[PriceComponent, ...]
    restrictions: Restrictions = NO_RESTRICTIONS


@dataclass(frozen=True, slots=True)
class PriceLimit:
    """The least or the most that a session costs, before and after taxes; both apply where both are set."""

    excl: Decimal | None = None
    incl: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a session costs. `start` and `end` bound its validity, end excluded."""

    currency: str
    elements: tuple[Element, ...]
    id: str = ""
    min_price: PriceLimit | None = None
    max_price: PriceLimit | None = None
    tax_included: TaxIncluded = TaxIncluded.NO
    start: datetime | None = None
    end: datetime | None = None
    unreadable: tuple[str, ...] = ()  # paths on the wire; where there are any, what a charge costs is not known

    @property
    def states_rates(self) -> bool:
        """Some component states a rate: then one that states none bears none (OCPI 2.2.1 §11.4.2)."""
        return any(part.vat is not None for element in self.elements for part in element.components)

    def is_active(self, at: datetime) -> bool:
        """The tariff is valid at that moment."""
        return (self.start is None or utc(self.start) <= utc(at)) and (self.end is None or utc(at) < utc(self.end))


@dataclass(frozen=True, slots=True)
class ChargingPeriod:
    """A stretch of a session in which nothing that matters for the price changed (OCPI ChargingPeriod).

    `dimensions` by OCPI's names (CdrDimensionType): ENERGY in kWh; TIME, PARKING_TIME and RESERVATION_TIME in
    hours; POWER, MIN_POWER, MAX_POWER in kW; CURRENT, MIN_CURRENT, MAX_CURRENT in A. Others are ignored.
    """

    start: datetime
    dimensions: Mapping[str, Decimal] = field(default_factory=dict)

    def volume(self, name: str) -> Decimal:
        """What was used of a dimension. Energy given back to the grid is not paid for: never negative."""
        return max(self.dimensions.get(name, Decimal(0)), Decimal(0))

    @property
    def is_reservation(self) -> bool:
        """The EVSE was reserved and not yet used."""
        return "RESERVATION_TIME" in self.dimensions


SECONDS_PER_HOUR = Decimal(3600)


def hours_between(start: datetime, end: datetime) -> Decimal:
    """The time from one moment to another in hours, exact to the microsecond; never negative."""
    return max(seconds_between(start, end), Decimal(0)) / SECONDS_PER_HOUR


def seconds_between(start: datetime, end: datetime) -> Decimal:
    """The time from one moment to another in seconds, exact to the microsecond."""
    return Decimal((utc(end) - utc(start)) // timedelta(microseconds=1)) / 1_000_000


def date_of(text: str | None) -> date | None:
    """The date that `YYYY-MM-DD` writes; None for nothing."""
    return date.fromisoformat(text) if text else None


def utc(moment: datetime) -> datetime:
    """The moment with a time zone; one without is UTC, as everywhere in OCPI."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def time_zone(name: str | None, fallback: str = "UTC") -> ZoneInfo:
    """The zone that a location names (IANA), or the fallback if it names none that exists."""
    try:
        return ZoneInfo(name or fallback)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(fallback)
