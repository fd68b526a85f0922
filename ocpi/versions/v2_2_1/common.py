"""Classes shared by several modules (OCPI 2.2.1 §16, §8.4)."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, model_validator

from ocpi.versions.base import WireModel
from ocpi.versions.enums import EnergySourceCategory, EnvironmentalImpactCategory, ImageCategory, OneOf
from ocpi.versions.numbers import Num
from ocpi.versions.readers import tolerate
from ocpi.versions.strings import Text
from ocpi.versions.times import Degrees
from ocpi.versions.types import Flag, Link, Many, Number, Whole


class Price(WireModel):
    """Price (§16.5): an amount of money without, and if known with, VAT, in the currency named beside it."""

    kind = "price"

    before_taxes: Number = Field(validation_alias="excl_vat")
    after_taxes: Number | None = Field(default=None, validation_alias="incl_vat")


class DisplayText(WireModel):
    """DisplayText (§16.3): a text for people in one language (ISO 639-1)."""

    kind = "display_text"

    language: Annotated[str, Text(2)]
    text: Annotated[str, Text(512)]

    @model_validator(mode="before")
    @classmethod
    def _bare_string(cls, data: Any) -> Any:
        """Most of those who write no object write English."""
        if isinstance(data, str):
            expected = "an object with `language` and `text` is expected"
            raise tolerate("bare_string", expected, {"language": "en", "text": data})
        return data


class Image(WireModel):
    """Image (§8.4.15): a picture by URL; width and height in pixels."""

    kind = "image"
    droppable = True

    url: Link
    thumbnail: Link | None = None
    category: Annotated[str, OneOf(ImageCategory)]
    type: Annotated[str, Text(4)]
    width: Whole | None = None
    height: Whole | None = None


class BusinessDetails(WireModel):
    """BusinessDetails (§8.4.2): how a company presents itself."""

    kind = "business_details"

    name: Annotated[str, Text(100)]
    website: Link | None = None
    logo: Image | None = None


class GeoLocation(WireModel):
    """GeoLocation (§8.4.13): WGS 84, decimal degrees in strings with 5 to 7 decimals."""

    kind = "geo_location"

    latitude: Annotated[str, Degrees(90, 5, 7)]
    longitude: Annotated[str, Degrees(180, 5, 7)]


class AdditionalGeoLocation(GeoLocation):
    """AdditionalGeoLocation (§8.4.1): another point of interest of a location, such as its entrance."""

    kind = "additional_geo_location"

    name: DisplayText | None = None


class EnergySource(WireModel):
    """EnergySource (§8.4.7): share of one source, in percent."""

    kind = "energy_source"
    droppable = True

    source: Annotated[str, OneOf(EnergySourceCategory)]
    percentage: Annotated[Decimal, Num(0, 100)]


class EnvironmentalImpact(WireModel):
    """EnvironmentalImpact (§8.4.9): amount in g/kWh."""

    kind = "environmental_impact"
    droppable = True

    category: Annotated[str, OneOf(EnvironmentalImpactCategory)]
    amount: Number


class EnergyMix(WireModel):
    """EnergyMix (§8.4.6): where the electricity comes from."""

    kind = "energy_mix"

    is_green_energy: Flag
    energy_sources: Many[EnergySource] = ()
    environ_impact: Many[EnvironmentalImpact] = ()
    supplier_name: Annotated[str, Text(64)] | None = None
    energy_product_name: Annotated[str, Text(64)] | None = None
