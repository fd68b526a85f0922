"""Tariffs module (OCPI 2.2.1 §11)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any

from pydantic import ConfigDict

from ocpi.versions.base import WireModel
from ocpi.versions.enums import DayOfWeek, OneOf, ReservationRestriction, TariffDimensionType, TariffType
from ocpi.versions.readers import Tolerated
from ocpi.versions.times import Day, Moment, TimeOfDay
from ocpi.versions.types import Amount, CountryCode, Currency, Id36, Link, Many, Number, PartyId, Several, Whole
from ocpi.versions.v2_2_1.common import DisplayText, EnergyMix, Price
from ocpi.versions.v2_2_1.sessions import OWNER_FALLBACKS

HIGHEST_VAT = 100
"""Percent."""


class PriceComponent(WireModel):
    """PriceComponent (§11.4.2): price per kWh, per hour or flat, excluding VAT.

    step_size in Wh or s, vat in percent.
    """

    kind = "price_component"

    type: Annotated[str, OneOf(TariffDimensionType)]
    price: Number
    vat: Number | None = None
    step_size: Whole

    def unread(self) -> Iterator[str]:
        """The wire names of what it says and we do not understand."""
        if isinstance(self.type, Tolerated):
            yield "type"
        if self.vat is not None and not 0 <= self.vat <= HIGHEST_VAT:
            yield "vat"


class TariffRestrictions(WireModel):
    """TariffRestrictions (§11.4.6): local times; kWh, A, kW and s.

    What no version knows is kept too: a restriction that nobody can read is one nevertheless.
    """

    model_config = ConfigDict(extra="allow")
    kind = "tariff_restrictions"

    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    min_kwh: Amount | None = None
    max_kwh: Amount | None = None
    min_current: Number | None = None
    max_current: Number | None = None
    min_power: Number | None = None
    max_power: Number | None = None
    min_duration: Whole | None = None
    max_duration: Whole | None = None
    day_of_week: Many[Annotated[str, OneOf(DayOfWeek)]] = ()
    reservation: Annotated[str, OneOf(ReservationRestriction)] | None = None

    def unread(self) -> Iterator[str]:
        """The wire names of the restrictions that we do not understand: when they hold is not known."""
        if any(isinstance(day, Tolerated) for day in self.day_of_week):
            yield "day_of_week"
        if isinstance(self.reservation, Tolerated):
            yield "reservation"
        yield from (name for name, value in (self.model_extra or {}).items() if value not in (None, "", []))


class TariffElement(WireModel):
    """TariffElement (§11.4.4): prices and when they hold."""

    kind = "tariff_element"

    price_components: Several[PriceComponent]
    restrictions: TariffRestrictions | None = None

    def unread(self) -> Iterator[str]:
        """Paths of what we do not understand: this element's prices, or when they hold, are not known."""
        for index, part in enumerate(self.price_components):
            yield from (f"price_components[{index}].{name}" for name in part.unread())
        if self.restrictions:
            yield from (f"restrictions.{name}" for name in self.restrictions.unread())


class Tariff(WireModel):
    """Tariff (§11.3.1): what charging costs. start and end are UTC."""

    kind = "tariff"
    fallbacks = OWNER_FALLBACKS

    country_code: CountryCode
    party_id: PartyId
    id: Id36
    currency: Currency
    type: Annotated[str, OneOf(TariffType)] | None = None
    tariff_alt_text: Many[DisplayText] = ()
    tariff_alt_url: Link | None = None
    min_price: Price | None = None
    max_price: Price | None = None
    elements: Several[TariffElement]
    start_date_time: Moment | None = None
    end_date_time: Moment | None = None
    energy_mix: EnergyMix | None = None
    last_updated: Moment

    def unread(self) -> Iterator[str]:
        """Paths of what we do not understand. What a charge costs by this tariff is then not known."""
        for index, element in enumerate(self.elements):
            yield from (f"elements[{index}].{path}" for path in element.unread())

    def implausible(self, most_per_kwh: Decimal | None) -> Iterator[str]:
        """Paths of prices that are nobody's, by what a kWh can cost at most; a minute as much, a session ten times it.

        Prices below zero are no smaller slips. None: nothing is known to measure them by.
        """
        if most_per_kwh is None:
            return
        most = {"TIME": most_per_kwh * 60, "PARKING_TIME": most_per_kwh * 60, "FLAT": most_per_kwh * 10}
        for index, element in enumerate(self.elements):
            for number, part in enumerate(element.price_components):
                if abs(part.price) > most.get(part.type, most_per_kwh):
                    yield f"elements[{index}].price_components[{number}].price"
        if self.min_price and abs(self.min_price.before_taxes) > most["FLAT"]:
            yield "min_price"

    @classmethod
    def sources(cls, other: WireModel) -> dict[str, Any]:
        """Prices exclude VAT here; OCPI 2.3.0 may include it (`tax_included`)."""
        if isinstance(other, Tariff) and getattr(other, "tax_included", None) == "YES":
            return {"elements": tuple(_net_element(element) for element in other.elements)}
        return {}


def _net_element(element: TariffElement) -> TariffElement:
    return element.model_copy(
        update={"price_components": tuple(_net_component(part) for part in element.price_components)}
    )


def _net_component(part: PriceComponent) -> PriceComponent:
    """Without a rate no VAT applies (§11.4.2), so that net and gross are the same."""
    net = part.price / (1 + (part.vat or Decimal(0)) / 100)
    return part.model_copy(update={"price": net})
