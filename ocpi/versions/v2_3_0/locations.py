"""Locations module (OCPI 2.3.0 §8): parking places, and what the EU's AFIR asks to be told about them."""

from typing import Annotated

from ocpi.versions.base import WireModel
from ocpi.versions.enums import (
    Capability,
    ConnectorCapability,
    ConnectorType,
    EvsePosition,
    Facility,
    OneOf,
    ParkingDirection,
    ParkingRestriction,
    ParkingType,
    TokenType,
    VehicleType,
)
from ocpi.versions.strings import Id, Text
from ocpi.versions.types import Amount, Flag, Id36, Many, Several
from ocpi.versions.v2_2_1 import locations
from ocpi.versions.v2_3_0.common import BusinessDetails, EnergyMix, Image

Standard = Annotated[str, OneOf(ConnectorType, open=True)]
Vehicle = Annotated[str, OneOf(VehicleType, open=True)]
Position = Annotated[str, OneOf(EvsePosition)]


class Connector(locations.Connector):
    """Connector (§8.3.3)."""

    standard: Standard
    capabilities: Many[Annotated[str, OneOf(ConnectorCapability, open=True)]] = ()


class EVSEParking(WireModel):
    """EVSEParking (§8.4.12): a parking place from which the EVSE can be used."""

    kind = "evse_parking"

    parking_id: Id36
    evse_position: Position | None = None


class EVSE(locations.EVSE):
    """EVSE (§8.3.2)."""

    capabilities: Many[Annotated[str, OneOf(Capability, open=True)]] = ()
    connectors: Several[Connector]
    parking_restrictions: Many[Annotated[str, OneOf(ParkingRestriction, open=True)]] = ()
    images: Many[Image] = ()
    parking: Many[EVSEParking] = ()
    accepted_service_providers: Many[Annotated[str, Text(50)]] = ()


class Parking(WireModel):
    """Parking (§8.3.4): a parking place. Weight in kg, lengths in cm, time_limit in minutes."""

    kind = "parking"

    id: Id36
    physical_reference: Annotated[str, Text(12)] | None = None
    vehicle_types: Several[Vehicle]
    max_vehicle_weight: Amount | None = None
    max_vehicle_height: Amount | None = None
    max_vehicle_length: Amount | None = None
    max_vehicle_width: Amount | None = None
    parking_space_length: Amount | None = None
    parking_space_width: Amount | None = None
    dangerous_goods_allowed: Flag | None = None
    direction: Annotated[str, OneOf(ParkingDirection)] | None = None
    drive_through: Flag | None = None
    restricted_to_type: Flag
    reservation_required: Flag
    time_limit: Amount | None = None
    roofed: Flag | None = None
    images: Many[Image] = ()
    lighting: Flag | None = None
    refrigeration_outlet: Flag | None = None
    standards: Many[Id36] = ()
    apds_reference: Annotated[str, Id(255)] | None = None


class PublishTokenType(locations.PublishTokenType):
    """PublishTokenType (§8.4.24)."""

    type: Annotated[str, OneOf(TokenType, open=True)] | None = None


class Location(locations.Location):
    """Location (§8.3.1)."""

    publish_allowed_to: Many[PublishTokenType] = ()
    parking_type: Annotated[str, OneOf(ParkingType, open=True)] | None = None
    evses: Many[EVSE] = ()
    parking_places: Many[Parking] = ()
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: Many[Annotated[str, OneOf(Facility, open=True)]] = ()
    images: Many[Image] = ()
    energy_mix: EnergyMix | None = None
    help_phone: Annotated[str, Text(25)] | None = None
