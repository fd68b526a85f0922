"""A margin on a tariff: the same tariff with dearer prices, shown, priced and estimated like any other."""

from dataclasses import dataclass, replace
from decimal import Decimal

from billing.pricing.calculate import HUNDRED, vat_of
from billing.pricing.tariff import NO_RESTRICTIONS, Dimension, Element, PriceComponent, PriceLimit, Tariff, TaxIncluded


@dataclass(frozen=True, slots=True)
class Margin:
    """On each price `percent`, and for each kWh `per_kwh` more, gross, in the tariff's currency."""

    percent: Decimal = Decimal(0)
    per_kwh: Decimal = Decimal(0)

    @property
    def _factor(self) -> Decimal:
        return (HUNDRED + self.percent) / HUNDRED

    def on(self, gross: Decimal, kwh: Decimal) -> Decimal:
        """Return what a gross amount for so many kWh becomes."""
        return gross * self._factor + max(kwh, Decimal(0)) * self.per_kwh

    def on_tariff(self, tariff: Tariff) -> Tariff:
        """Return the tariff with the margin in its prices, and in its limits as far as they are in percent.

        The margin per kWh counts under the tariff's highest price, as every other price does.
        """
        dearer = [self._on_element(tariff, element) for element in tariff.elements]
        if self.per_kwh and tariff.elements and not any(_always_prices_energy(one) for one in tariff.elements):
            dearer.append(Element((self._alone(tariff),)))
        return replace(
            tariff,
            elements=tuple(dearer),
            min_price=self._on_limit(tariff.min_price),
            max_price=self._on_limit(tariff.max_price),
        )

    def _on_element(self, tariff: Tariff, element: Element) -> Element:
        return replace(element, components=tuple(self._on_component(tariff, part) for part in element.components))

    def _on_component(self, tariff: Tariff, part: PriceComponent) -> PriceComponent:
        dearer = part.price * self._factor
        if part.dimension is Dimension.ENERGY:
            dearer += self._in_terms_of(tariff, part)
        return replace(part, price=dearer)

    def _in_terms_of(self, tariff: Tariff, part: PriceComponent) -> Decimal:
        """The margin per kWh before taxes where the tariff's prices are."""
        vat = vat_of(tariff, part)
        if tariff.tax_included is not TaxIncluded.NO or not vat:
            return self.per_kwh
        return self.per_kwh * HUNDRED / (HUNDRED + vat)

    def _alone(self, tariff: Tariff) -> PriceComponent:
        """The price of a kWh for which the tariff itself has none at that moment."""
        parts = [part for element in tariff.elements for part in element.components]
        like = next((part for part in parts if part.dimension is Dimension.ENERGY), parts[0])
        return PriceComponent(Dimension.ENERGY, self._in_terms_of(tariff, like), vat=like.vat)

    def _on_limit(self, limit: PriceLimit | None) -> PriceLimit | None:
        if limit is None:
            return None
        excl, incl = (None if one is None else one * self._factor for one in (limit.excl, limit.incl))
        return PriceLimit(excl, incl)


def _always_prices_energy(element: Element) -> bool:
    """Whether it has a price for a kWh at any time."""
    always = element.restrictions == NO_RESTRICTIONS
    return always and any(part.dimension is Dimension.ENERGY for part in element.components)
