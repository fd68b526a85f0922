"""Tariffs module (OCPI 2.3.0 §11), with what Payments and Bookings add to it."""

from collections.abc import Iterator
from typing import Annotated, Any

from ocpi.versions.base import WireModel
from ocpi.versions.enums import BookingRestriction, OneOf, TaxIncluded
from ocpi.versions.readers import Tolerated
from ocpi.versions.types import Amount, Several
from ocpi.versions.v2_2_1 import tariffs
from ocpi.versions.v2_3_0.common import EnergyMix, PriceLimit


class TariffRestrictions(tariffs.TariffRestrictions):
    """TariffRestrictions (§11.4.7)."""

    booking: Annotated[str, OneOf(BookingRestriction)] | None = None


class TariffElement(tariffs.TariffElement):
    """TariffElement (§11.4.5)."""

    restrictions: TariffRestrictions | None = None


class Tariff(tariffs.Tariff):
    """Tariff (§11.3.1): tells whether its prices include taxes.

    Earlier versions never do, hence the fallback.
    """

    fallbacks = {**tariffs.Tariff.fallbacks, "tax_included": "NO"}

    min_price: PriceLimit | None = None
    max_price: PriceLimit | None = None
    elements: Several[TariffElement]
    tax_included: Annotated[str, OneOf(TaxIncluded)]
    energy_mix: EnergyMix | None = None
    preauthorize_amount: Amount | None = None

    def unread(self) -> Iterator[str]:
        """Whether prices include taxes is part of the price."""
        if isinstance(self.tax_included, Tolerated):
            yield "tax_included"
        yield from super().unread()

    @classmethod
    def sources(cls, other: WireModel) -> dict[str, Any]:
        """Prices are written as they stand, with `tax_included` beside them."""
        return {}
