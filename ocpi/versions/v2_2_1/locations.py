"""Locations module (OCPI 2.2.1 §8)."""

from decimal import Decimal
from typing import Annotated

from ocpi.versions.base import WireModel
from ocpi.versions.enums import (
    OCPP_STATUS,
    Capability,
    ConnectorFormat,
    ConnectorType,
    EvseStatus,
    Facility,
    OneOf,
    ParkingRestriction,
    ParkingType,
    PowerType,
    TokenType,
)
from ocpi.versions.numbers import Int
from ocpi.versions.strings import NOT_AVAILABLE, UNKNOWN_COUNTRY, Country, Id, Text
from ocpi.versions.times import Moment, TimeOfDay
from ocpi.versions.types import CountryCode, Flag, Id36, Link, Many, PartyId, Several
from ocpi.versions.v2_2_1.common import (
    AdditionalGeoLocation,
    BusinessDetails,
    DisplayText,
    EnergyMix,
    GeoLocation,
    Image,
)

NO_COUNTRY = "XXX"
NOWHERE = {"latitude": "0.000000", "longitude": "0.000000"}
PHASES = {PowerType.AC_3_PHASE: 3, PowerType.AC_2_PHASE: 2, PowerType.AC_2_PHASE_SPLIT: 2}
MOST_KW = 90_000  # no charger has more; what says so is no power
Electric = Annotated[int, Int(0, 1_000_000)]  # V or A
Status = Annotated[str, OneOf(EvseStatus, synonyms=OCPP_STATUS)]


class Connector(WireModel):
    """Connector (§8.3.3): one plug or socket.

    max_voltage V (line to neutral for AC), max_amperage A, max_electric_power W.
    """

    kind = "connector"
    patchable = True

    id: Id36
    standard: Annotated[str, OneOf(ConnectorType, without=("MCS", "SAE_J3400"))]
    format: Annotated[str, OneOf(ConnectorFormat)]
    power_type: Annotated[str, OneOf(PowerType)]
    max_voltage: Electric
    max_amperage: Electric
    max_electric_power: Annotated[int, Int(0, MOST_KW * 1000)] | None = None
    tariff_ids: Many[Id36] = ()
    terms_and_conditions: Link | None = None
    last_updated: Moment

    @property
    def is_dc(self) -> bool:
        """Whether it charges with direct current."""
        return self.power_type == PowerType.DC

    @property
    def max_kw(self) -> Decimal | None:
        """Highest power in kW: as stated, else voltage x current x phases. None where these are no power."""
        if self.max_electric_power:
            return Decimal(self.max_electric_power) / 1000
        phases = PHASES.get(PowerType(self.power_type), 1) if self.power_type in set(PowerType) else 1
        kw = Decimal(self.max_voltage * self.max_amperage * phases) / 1000
        return kw if 0 < kw <= MOST_KW else None


class StatusSchedule(WireModel):
    """StatusSchedule (§8.4.23): the status an EVSE will have for a time."""

    kind = "status_schedule"
    fallbacks = {"status": "UNKNOWN"}

    period_begin: Moment
    period_end: Moment | None = None
    status: Status


class EVSE(WireModel):
    """EVSE (§8.3.2): the part of a charge point that serves one vehicle at a time.

    `uid` is technical, `evse_id` is for people.
    """

    kind = "evse"
    patchable = True
    fallbacks = {"status": "UNKNOWN"}
    waived = {"connectors": "REMOVED"}
    keyed = {"connectors": "id"}

    uid: Id36
    evse_id: Annotated[str, Id(48)] | None = None
    status: Status
    status_schedule: Many[StatusSchedule] = ()
    capabilities: Many[Annotated[str, OneOf(Capability)]] = ()
    connectors: Several[Connector]
    floor_level: Annotated[str, Text(4)] | None = None
    coordinates: GeoLocation | None = None
    physical_reference: Annotated[str, Text(16)] | None = None
    directions: Many[DisplayText] = ()
    parking_restrictions: Many[
        Annotated[str, OneOf(ParkingRestriction, without=("EMPLOYEES", "TAXIS", "TENANTS"))]
    ] = ()
    images: Many[Image] = ()
    last_updated: Moment

    @property
    def received_status(self) -> str:
        """The status as the CPO sent it.

        Differs from `status` where that is our reading (PREPARING, read as BLOCKED).
        """
        return str(getattr(self.status, "received", self.status))


class RegularHours(WireModel):
    """RegularHours (§8.4.21): weekday 1 (Monday) to 7, local time."""

    kind = "regular_hours"

    weekday: Annotated[int, Int(1, 7)]
    period_begin: TimeOfDay
    period_end: TimeOfDay


class ExceptionalPeriod(WireModel):
    """ExceptionalPeriod (§8.4.11)."""

    kind = "exceptional_period"

    period_begin: Moment
    period_end: Moment


class Hours(WireModel):
    """Hours (§8.4.14): always open, or regular hours; exceptions in both cases."""

    kind = "hours"
    fallbacks = {"twentyfourseven": False}
    makeshift = {"twentyfourseven": False}

    twentyfourseven: Flag
    regular_hours: Many[RegularHours] = ()
    exceptional_openings: Many[ExceptionalPeriod] = ()
    exceptional_closings: Many[ExceptionalPeriod] = ()


class PublishTokenType(WireModel):
    """PublishTokenType (§8.4.20): whose tokens may see an unpublished location."""

    kind = "publish_token_type"

    uid: Id36 | None = None
    type: Annotated[str, OneOf(TokenType, without=("EMAID",))] | None = None
    visual_number: Annotated[str, Text(64)] | None = None
    issuer: Annotated[str, Text(64)] | None = None
    group_id: Id36 | None = None


class Location(WireModel):
    """Location (§8.3.1): a site with EVSEs.

    `country` is alpha-3, `country_code` (of the party) alpha-2, `time_zone` an IANA name.
    """

    kind = "location"
    fallbacks = {
        "country_code": UNKNOWN_COUNTRY,
        "party_id": NOT_AVAILABLE,
        "time_zone": NOT_AVAILABLE,
        "publish": True,
    }
    makeshift = {
        "address": NOT_AVAILABLE,
        "city": NOT_AVAILABLE,
        "postal_code": NOT_AVAILABLE,
        "country": NO_COUNTRY,
        "coordinates": NOWHERE,
        "time_zone": NOT_AVAILABLE,
        "parking_type": "UNKNOWN",
        "publish": False,
    }
    keyed = {"evses": "uid"}

    country_code: CountryCode
    party_id: PartyId
    id: Id36
    publish: Flag
    publish_allowed_to: Many[PublishTokenType] = ()
    name: Annotated[str, Text(255)] | None = None
    address: Annotated[str, Text(255)]
    city: Annotated[str, Text(45)]
    postal_code: Annotated[str, Text(10)] | None = None
    state: Annotated[str, Text(45)] | None = None
    country: Annotated[str, Country()]
    coordinates: GeoLocation
    related_locations: Many[AdditionalGeoLocation] = ()
    parking_type: Annotated[str, OneOf(ParkingType, without=("OTHER", "UNKNOWN"))] | None = None
    evses: Many[EVSE] = ()
    directions: Many[DisplayText] = ()
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: Many[Annotated[str, OneOf(Facility)]] = ()
    time_zone: Annotated[str, Text(255)]
    opening_times: Hours | None = None
    charging_when_closed: Flag | None = None
    images: Many[Image] = ()
    energy_mix: EnergyMix | None = None
    last_updated: Moment
