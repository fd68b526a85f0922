"""Sessions module and the parts it shares with CDRs (OCPI 2.2.1 §9, §10.4)."""

from typing import Annotated

from ocpi.versions.base import WireModel
from ocpi.versions.enums import (
    SESSION_STATUS_SYNONYMS,
    AuthMethod,
    DimensionType,
    OneOf,
    ProfileType,
    SessionStatus,
    TokenType,
)
from ocpi.versions.strings import NOT_AVAILABLE, UNKNOWN_COUNTRY, Text
from ocpi.versions.times import Moment
from ocpi.versions.types import Amount, CountryCode, Currency, Flag, Id36, Many, Number, PartyId, Several
from ocpi.versions.v2_2_1.common import Price

OWNER_FALLBACKS = {"country_code": UNKNOWN_COUNTRY, "party_id": NOT_AVAILABLE}
NOT_IN_2_2_1 = ("FLAT", "RESERVATION_EXPIRES", "RESERVATION_OVERTIME")


class CdrDimension(WireModel):
    """CdrDimension (§10.4.2): a volume.

    Units: kWh for energy, A for current, kW for power, hours for times, % for STATE_OF_CHARGE.
    """

    kind = "cdr_dimension"
    droppable = True

    type: Annotated[str, OneOf(DimensionType, without=NOT_IN_2_2_1)]
    volume: Number


class ChargingPeriod(WireModel):
    """ChargingPeriod (§10.4.6): lasts until the next one starts, the last until the session ends."""

    kind = "charging_period"
    droppable = True

    start_date_time: Moment
    dimensions: Several[CdrDimension]
    tariff_id: Id36 | None = None


class CdrToken(WireModel):
    """CdrToken (§10.4.5): the token that was charged with. The party is the eMSP's."""

    kind = "cdr_token"
    fallbacks = OWNER_FALLBACKS | {"type": "OTHER", "uid": NOT_AVAILABLE, "contract_id": NOT_AVAILABLE}

    # 2.2 has neither, and many that speak 2.2.1 kept its form: a charge of ours is told by its uid or reference.
    absent = {"country_code": UNKNOWN_COUNTRY, "party_id": NOT_AVAILABLE}

    country_code: CountryCode
    party_id: PartyId
    uid: Id36
    type: Annotated[str, OneOf(TokenType, without=("EMAID",))]
    contract_id: Id36


class Session(WireModel):
    """Session (§9.3.1): a charging session while and after it runs. kwh: energy so far, kWh."""

    kind = "session"
    fallbacks = OWNER_FALLBACKS | {"evse_uid": NOT_AVAILABLE, "connector_id": NOT_AVAILABLE}
    keyed = {"charging_periods": "start_date_time"}

    country_code: CountryCode
    party_id: PartyId
    id: Id36
    start_date_time: Moment
    end_date_time: Moment | None = None
    kwh: Amount
    cdr_token: CdrToken
    auth_method: Annotated[str, OneOf(AuthMethod)]
    authorization_reference: Id36 | None = None
    location_id: Id36
    evse_uid: Id36
    connector_id: Id36
    meter_id: Annotated[str, Text(255)] | None = None
    currency: Currency
    charging_periods: Many[ChargingPeriod] = ()
    total_cost: Price | None = None
    status: Annotated[str, OneOf(SessionStatus, synonyms=SESSION_STATUS_SYNONYMS)]
    last_updated: Moment


class ChargingPreferences(WireModel):
    """ChargingPreferences (§9.3.2): what the driver wants. energy_need in kWh."""

    kind = "charging_preferences"

    profile_type: Annotated[str, OneOf(ProfileType)]
    departure_time: Moment | None = None
    energy_need: Amount | None = None
    discharge_allowed: Flag | None = None
