"""CDRs module (OCPI 2.1.1 mod_cdrs.md)."""

from typing import Any

from pydantic import Field, model_validator

from ocpi.versions.base import WireModel
from ocpi.versions.strings import NOT_AVAILABLE
from ocpi.versions.times import Moment
from ocpi.versions.types import Id36, Many, Several
from ocpi.versions.v2_1_1.locations import Location
from ocpi.versions.v2_1_1.sessions import Auth, ChargingPeriod, Place, connector_used, evse_used, place_of, token_of
from ocpi.versions.v2_1_1.tariffs import Tariff
from ocpi.versions.v2_1_1.types import NetPrice, Owned
from ocpi.versions.v2_2 import models as v2_2
from ocpi.versions.v2_2_1 import cdrs


def cdr_location_of(location: Location) -> cdrs.CdrLocation:
    """The place as later versions write it; without EVSE its parts are `#NA`."""
    evse, connector = place_of(location)
    return cdrs.CdrLocation.model_construct(
        id=location.id,
        name=location.name,
        address=location.address,
        city=location.city,
        postal_code=location.postal_code,
        country=location.country,
        coordinates=location.coordinates,
        evse_uid=evse.uid if evse else NOT_AVAILABLE,
        evse_id=(evse.evse_id if evse else None) or NOT_AVAILABLE,
        connector_id=connector.id if connector else NOT_AVAILABLE,
        connector_standard=connector.standard if connector else NOT_AVAILABLE,
        connector_format=connector.format if connector else NOT_AVAILABLE,
        connector_power_type=connector.power_type if connector else NOT_AVAILABLE,
    )


def location_of(place: cdrs.CdrLocation, last_updated: Any) -> Location:
    """A CdrLocation as the Location it was taken from; voltage and amperage are not known: 0."""
    connector = connector_used(
        place.connector_id,
        last_updated,
        standard=place.connector_standard,
        format=place.connector_format,
        power_type=place.connector_power_type,
    )
    evse_id = None if place.evse_id == NOT_AVAILABLE else place.evse_id
    evse = evse_used(place.evse_uid, evse_id, connector, last_updated)
    # Unchecked, because what a CDR tells of its place is less than a Location requires.
    values: dict[str, Any] = {
        "id": place.id,
        "parking_type": "UNKNOWN",
        "name": place.name,
        "address": place.address,
        "city": place.city,
        "postal_code": place.postal_code,
        "country": place.country,
        "coordinates": place.coordinates,
        "evses": (evse,),
        "last_updated": last_updated,
    }
    return Location.model_construct(**values)


class CDR(Owned, v2_2.CDR):
    """CDR: token as auth_id, place as a Location, one total without VAT; no session, no credit CDRs."""

    off_wire = frozenset(
        [
            "session_id",
            "cdr_token",
            "authorization_reference",
            "cdr_location",
            "signed_data",
            "total_fixed_cost",
            "total_energy_cost",
            "total_time_cost",
            "total_parking_cost",
            "total_reservation_cost",
            "invoice_reference_id",
            "credit",
            "credit_reference_id",
        ]
    )
    fallbacks = {"auth_method": "AUTH_REQUEST"}

    id: Id36
    end_date_time: Moment = Field(validation_alias="stop_date_time")
    auth_id: Id36
    auth_method: Auth
    location: Place
    tariffs: Many[Tariff] = ()
    charging_periods: Several[ChargingPeriod]
    total_cost: NetPrice
    cdr_token: v2_2.CdrToken = Field(default_factory=lambda: token_of(NOT_AVAILABLE))
    cdr_location: Any = None

    @model_validator(mode="after")
    def _refer(self) -> "CDR":
        self._derive(cdr_token=token_of(self.auth_id), cdr_location=cdr_location_of(self.location))
        return self

    @classmethod
    def sources(cls, other: WireModel) -> dict[str, Any]:
        """auth_id and location from what later versions refer to."""
        if isinstance(other, cls) or not isinstance(other, cdrs.CDR):
            return {}
        location = location_of(other.cdr_location, other.last_updated)
        return {"auth_id": other.cdr_token.contract_id, "location": location}
