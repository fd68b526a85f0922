"""Tokens module (OCPI 2.2.1 §12)."""

from typing import Annotated

from ocpi.versions.base import WireModel
from ocpi.versions.enums import AllowedType, OneOf, ProfileType, TokenType, WhitelistType
from ocpi.versions.strings import Text
from ocpi.versions.times import Moment
from ocpi.versions.types import CountryCode, Flag, Id36, Many, PartyId
from ocpi.versions.v2_2_1.common import DisplayText
from ocpi.versions.v2_2_1.sessions import OWNER_FALLBACKS


class EnergyContract(WireModel):
    """EnergyContract (§12.4.2): the driver's own supplier."""

    kind = "energy_contract"

    supplier_name: Annotated[str, Text(64)]
    contract_id: Annotated[str, Text(64)] | None = None


class Token(WireModel):
    """Token (§12.3.2): what a driver identifies with. Unique by party, type and uid."""

    kind = "token"
    fallbacks = OWNER_FALLBACKS | {"type": "OTHER"}

    country_code: CountryCode
    party_id: PartyId
    uid: Id36
    type: Annotated[str, OneOf(TokenType, without=("EMAID",))]
    contract_id: Id36
    visual_number: Annotated[str, Text(64)] | None = None
    issuer: Annotated[str, Text(64)]
    group_id: Id36 | None = None
    valid: Flag
    whitelist: Annotated[str, OneOf(WhitelistType)]
    language: Annotated[str, Text(2)] | None = None
    default_profile_type: Annotated[str, OneOf(ProfileType)] | None = None
    energy_contract: EnergyContract | None = None
    last_updated: Moment


class LocationReferences(WireModel):
    """LocationReferences (§12.4.3): where a driver asks to charge."""

    kind = "location_references"

    location_id: Id36
    evse_uids: Many[Id36] = ()


class AuthorizationInfo(WireModel):
    """AuthorizationInfo (§12.3.1): our answer to an authorisation request."""

    kind = "authorization_info"

    allowed: Annotated[str, OneOf(AllowedType)]
    token: Token
    location: LocationReferences | None = None
    authorization_reference: Id36 | None = None
    info: DisplayText | None = None
