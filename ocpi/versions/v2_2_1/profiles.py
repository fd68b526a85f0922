"""ChargingProfiles module (OCPI 2.2.1 §14)."""

from typing import Annotated

from ocpi.versions.base import WireModel
from ocpi.versions.enums import ChargingProfileResponseType, ChargingProfileResultType, ChargingRateUnit, OneOf
from ocpi.versions.times import Moment
from ocpi.versions.types import Link, Many, Number, Whole


class ChargingProfilePeriod(WireModel):
    """ChargingProfilePeriod (§14.6.4): start_period in s from the start, limit in the unit of the profile."""

    kind = "charging_profile_period"

    start_period: Whole
    limit: Number


class ChargingProfile(WireModel):
    """ChargingProfile (§14.6.3): limits over time. duration s; W in total, A per phase."""

    kind = "charging_profile"

    start_date_time: Moment | None = None
    duration: Whole | None = None
    charging_rate_unit: Annotated[str, OneOf(ChargingRateUnit)]
    min_charging_rate: Number | None = None
    charging_profile_period: Many[ChargingProfilePeriod] = ()


class SetChargingProfile(WireModel):
    """SetChargingProfile (§14.5.5)."""

    kind = "set_charging_profile"

    charging_profile: ChargingProfile
    response_url: Link


class ActiveChargingProfile(WireModel):
    """ActiveChargingProfile (§14.6.1): what the EVSE will do from start_date_time on."""

    kind = "active_charging_profile"

    start_date_time: Moment
    charging_profile: ChargingProfile


class ChargingProfileResponse(WireModel):
    """ChargingProfileResponse (§14.5.1): immediate answer. timeout in s."""

    kind = "charging_profile_response"

    result: Annotated[str, OneOf(ChargingProfileResponseType)]
    timeout: Whole


class ActiveChargingProfileResult(WireModel):
    """ActiveChargingProfileResult (§14.5.2)."""

    kind = "active_charging_profile_result"

    result: Annotated[str, OneOf(ChargingProfileResultType)]
    profile: ActiveChargingProfile | None = None


class ChargingProfileResult(WireModel):
    """ChargingProfileResult (§14.5.3)."""

    kind = "charging_profile_result"

    result: Annotated[str, OneOf(ChargingProfileResultType)]


class ClearProfileResult(WireModel):
    """ClearProfileResult (§14.5.4)."""

    kind = "clear_profile_result"

    result: Annotated[str, OneOf(ChargingProfileResultType)]
