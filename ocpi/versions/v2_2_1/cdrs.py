"""CDRs module (OCPI 2.2.1 §10)."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from ocpi.versions.base import WireModel
from ocpi.versions.enums import AuthMethod, ConnectorFormat, ConnectorType, OneOf, PowerType
from ocpi.versions.strings import NOT_AVAILABLE, Country, Id, Text
from ocpi.versions.times import Moment
from ocpi.versions.types import Amount, CountryCode, Currency, Flag, Id36, Integer, Many, PartyId, Several
from ocpi.versions.v2_2_1.common import GeoLocation, Price
from ocpi.versions.v2_2_1.locations import NO_COUNTRY, NOWHERE
from ocpi.versions.v2_2_1.sessions import OWNER_FALLBACKS, CdrToken, ChargingPeriod
from ocpi.versions.v2_2_1.tariffs import Tariff

Id39 = Annotated[str, Id(39)]


class CdrLocation(WireModel):
    """CdrLocation (§10.4.4): where it was charged, as it was then; `#NA` for a reservation that was not used."""

    kind = "cdr_location"
    fallbacks = {
        "address": NOT_AVAILABLE,
        "city": NOT_AVAILABLE,
        "country": NOT_AVAILABLE,
        "evse_uid": NOT_AVAILABLE,
        "evse_id": NOT_AVAILABLE,
        "connector_id": NOT_AVAILABLE,
        "connector_standard": "IEC_62196_T2",
        "connector_format": "SOCKET",
        "connector_power_type": "AC_3_PHASE",
    }

    # No charge stays without its bill for want of an address.
    absent = {
        **fallbacks,
        "id": NOT_AVAILABLE,
        "postal_code": NOT_AVAILABLE,
        "country": NO_COUNTRY,
        "coordinates": NOWHERE,
    }

    id: Id36
    name: Annotated[str, Text(255)] | None = None
    address: Annotated[str, Text(45)]
    city: Annotated[str, Text(45)]
    postal_code: Annotated[str, Text(10)] | None = None
    state: Annotated[str, Text(20)] | None = None
    country: Annotated[str, Country()]
    coordinates: GeoLocation
    evse_uid: Id36
    evse_id: Annotated[str, Id(48)]
    connector_id: Id36
    connector_standard: Annotated[str, OneOf(ConnectorType, without=("MCS", "SAE_J3400"))]
    connector_format: Annotated[str, OneOf(ConnectorFormat)]
    connector_power_type: Annotated[str, OneOf(PowerType)]


class SignedValue(WireModel):
    """SignedValue (§10.4.8): one signed meter reading."""

    kind = "signed_value"

    nature: Annotated[str, Id(32)]
    plain_data: Annotated[str, Id(5000)]
    signed_data: Annotated[str, Id(5000)]


class SignedData(WireModel):
    """SignedData (§10.4.7): what a driver needs to verify the meter (calibration law)."""

    kind = "signed_data"

    encoding_method: Id36
    encoding_method_version: Integer | None = None
    public_key: Annotated[str, Id(512)] | None = None
    signed_values: Several[SignedValue]
    url: Annotated[str, Id(512)] | None = None


class CDR(WireModel):
    """CDR (§10.3.1): the bill of a session; never changes. total_energy kWh, times in hours."""

    kind = "cdr"
    fallbacks = OWNER_FALLBACKS
    absent: ClassVar[Mapping[str, Any]] = {"cdr_location": {}}

    country_code: CountryCode
    party_id: PartyId
    id: Id39
    start_date_time: Moment
    end_date_time: Moment
    session_id: Id36 | None = None
    cdr_token: CdrToken
    auth_method: Annotated[str, OneOf(AuthMethod)]
    authorization_reference: Id36 | None = None
    cdr_location: CdrLocation
    meter_id: Annotated[str, Text(255)] | None = None
    currency: Currency
    tariffs: Many[Tariff] = ()
    charging_periods: Several[ChargingPeriod]
    signed_data: SignedData | None = None
    total_cost: Price
    total_fixed_cost: Price | None = None
    total_energy: Amount
    total_energy_cost: Price | None = None
    total_time: Amount
    total_time_cost: Price | None = None
    total_parking_time: Amount | None = None
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None
    remark: Annotated[str, Text(255)] | None = None
    invoice_reference_id: Id39 | None = None
    credit: Flag | None = None
    credit_reference_id: Id39 | None = None
    home_charging_compensation: Flag | None = None
    last_updated: Moment
