"""Classes shared by several modules (OCPI 2.3.0 §16, §8.4).

Money with named taxes, and enumerations left open.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, model_validator

from ocpi.versions.base import WireModel
from ocpi.versions.enums import EnvironmentalImpactCategory, ImageCategory, OneOf
from ocpi.versions.readers import is_quantity, tolerate
from ocpi.versions.strings import Text
from ocpi.versions.types import Many, Number
from ocpi.versions.v2_2_1 import common


class TaxAmount(WireModel):
    """TaxAmount (§16.9): one tax, its rate in percent and the amount it adds."""

    kind = "tax_amount"

    name: Annotated[str, Text(255)]
    account_number: Annotated[str, Text(255)] | None = None
    percentage: Number | None = None
    amount: Number


def newer_form(price: Mapping[str, Any]) -> dict[str, Any]:
    """A Price of 2.2.1 in the wire form of 2.3.0."""
    net, gross = price["excl_vat"], price.get("incl_vat")
    if not (is_quantity(net) and is_quantity(gross)):
        return {"before_taxes": net}
    vat = Decimal(str(gross)) - Decimal(str(net))
    return {"before_taxes": net, "taxes": [{"name": "VAT", "amount": vat}]}


class Price(common.Price):
    """Price (§16.8): an amount before taxes and each tax on it.

    No taxes listed means that none are known, not that none apply.
    """

    off_wire = frozenset({"after_taxes"})

    before_taxes: Number = Field()
    taxes: Many[TaxAmount] = ()
    after_taxes: Decimal | None = None

    @model_validator(mode="before")
    @classmethod
    def _older_form(cls, data: Any) -> Any:
        """Systems that came from 2.2.1 go on sending its Price (the examples of Payments do)."""
        if isinstance(data, Mapping) and "excl_vat" in data and "before_taxes" not in data:
            raise tolerate(
                "other_version_name",
                "should be before_taxes and taxes, not excl_vat and incl_vat",
                newer_form(data),
            )
        return data

    @model_validator(mode="after")
    def _add_up(self) -> "Price":
        if self.taxes:
            self._derive(after_taxes=self.before_taxes + sum(tax.amount for tax in self.taxes))
        return self

    @classmethod
    def sources(cls, other: WireModel) -> dict[str, Any]:
        """Earlier versions know VAT alone, as the difference of two amounts."""
        if isinstance(other, cls) or not isinstance(other, common.Price) or other.after_taxes is None:
            return {}
        vat = other.after_taxes - other.before_taxes
        return {"taxes": (TaxAmount(name="VAT", amount=vat),)}


class PriceLimit(common.Price):
    """PriceLimit (§11.4.3): the least or most a session costs, before and if known after taxes."""

    kind = "price_limit"

    before_taxes: Number = Field()
    after_taxes: Number | None = Field(default=None)


class Image(common.Image):
    """Image."""

    category: Annotated[str, OneOf(ImageCategory, open=True)]


class BusinessDetails(common.BusinessDetails):
    """BusinessDetails."""

    logo: Image | None = None


class EnvironmentalImpact(common.EnvironmentalImpact):
    """EnvironmentalImpact."""

    category: Annotated[str, OneOf(EnvironmentalImpactCategory, open=True)]


class EnergyMix(common.EnergyMix):
    """EnergyMix."""

    environ_impact: Many[EnvironmentalImpact] = ()
