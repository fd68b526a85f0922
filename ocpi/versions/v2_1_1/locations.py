"""Locations module (OCPI 2.1.1 mod_locations.md)."""

from typing import Annotated, Any

from pydantic import Field

from ocpi.versions.base import WireModel
from ocpi.versions.enums import Capability, ConnectorType, EnvironmentalImpactCategory, Facility, OneOf, ParkingType
from ocpi.versions.strings import NOT_AVAILABLE, Country, Id, Text
from ocpi.versions.times import Degrees
from ocpi.versions.types import Many, Several
from ocpi.versions.v2_1_1.types import EmptyUnlessSaid, FalseUnlessSaid, Id39, OneTariffId, Owned
from ocpi.versions.v2_2 import models as v2_2
from ocpi.versions.v2_2_1 import common, locations
from ocpi.versions.v2_2_1.common import BusinessDetails

LATER_CAPABILITIES = [
    "CHARGING_PREFERENCES_CAPABLE",
    "CHIP_CARD_SUPPORT",
    "CONTACTLESS_CARD_SUPPORT",
    "DEBIT_CARD_PAYABLE",
    "PED_TERMINAL",
    "START_SESSION_CONNECTOR_REQUIRED",
    "TOKEN_GROUP_CAPABLE",
]
LATER_CONNECTORS = (*v2_2.LATER_CONNECTORS, "PANTOGRAPH_BOTTOM_UP", "PANTOGRAPH_TOP_DOWN")
LATER_FACILITIES = ("BIKE_SHARING", "METRO_STATION", "PARKING_LOT", "TRAM_STOP")


class GeoLocation(common.GeoLocation):
    """GeoLocation: exactly six decimals."""

    latitude: Annotated[str, Degrees(90, 6, 6)]
    longitude: Annotated[str, Degrees(180, 6, 6)]


class AdditionalGeoLocation(common.AdditionalGeoLocation, GeoLocation):
    """AdditionalGeoLocation."""


class EnvironmentalImpact(common.EnvironmentalImpact):
    """EnvironmentalImpact: the category is called source."""

    category: Annotated[str, OneOf(EnvironmentalImpactCategory)] = Field(validation_alias="source")


class EnergyMix(common.EnergyMix):
    """EnergyMix."""

    environ_impact: Many[EnvironmentalImpact] = ()


class Hours(locations.Hours):
    """Hours: either regular_hours or twentyfourseven."""

    twentyfourseven: Annotated[bool, FalseUnlessSaid()] = False

    @classmethod
    def sources(cls, other: WireModel) -> dict[str, Any]:
        """Regular hours exclude a word on twentyfourseven."""
        return {"twentyfourseven": None} if getattr(other, "regular_hours", ()) else {}


class Connector(v2_2.Connector):
    """Connector: voltage in V, amperage in A, one tariff."""

    off_wire = frozenset({"max_electric_power"})

    standard: Annotated[str, OneOf(ConnectorType, without=LATER_CONNECTORS)]
    max_voltage: locations.Electric = Field(validation_alias="voltage")
    max_amperage: locations.Electric = Field(validation_alias="amperage")
    tariff_ids: Annotated[tuple[str, ...], OneTariffId()] = Field(default=(), validation_alias="tariff_id")


class EVSE(v2_2.EVSE):
    """EVSE."""

    uid: Id39
    evse_id: Annotated[str, Id(48)] | None = None
    capabilities: Many[Annotated[str, OneOf(Capability, without=LATER_CAPABILITIES)]] = ()
    connectors: Several[Connector]
    coordinates: GeoLocation | None = None


class Location(Owned, v2_2.Location):
    """Location: always published; the time zone is optional, the postal code and the type are not."""

    off_wire = frozenset({"publish", "publish_allowed_to", "state"})
    fallbacks = {"parking_type": "UNKNOWN", "postal_code": NOT_AVAILABLE}

    id: Id39
    publish: bool = True
    postal_code: Annotated[str, Text(10)]
    country: Annotated[str, Country()]
    coordinates: GeoLocation
    related_locations: Many[AdditionalGeoLocation] = ()
    parking_type: Annotated[str, OneOf(ParkingType, without=("ALONG_MOTORWAY", "ON_DRIVEWAY"))] = Field(
        validation_alias="type"
    )
    evses: Many[EVSE] = ()
    operator: BusinessDetails | None = None
    facilities: Many[Annotated[str, OneOf(Facility, without=LATER_FACILITIES)]] = ()
    time_zone: Annotated[str, EmptyUnlessSaid(255)] = ""
    opening_times: Hours | None = None
    energy_mix: EnergyMix | None = None
