"""Tokens module (OCPI 2.1.1 mod_tokens.md)."""

from typing import Annotated

from pydantic import Field

from ocpi.versions.enums import OneOf, TokenType
from ocpi.versions.strings import NOT_AVAILABLE, UNKNOWN_COUNTRY
from ocpi.versions.times import EPOCH
from ocpi.versions.types import Id36, Many
from ocpi.versions.v2_1_1.types import Id39, Owned
from ocpi.versions.v2_2_1 import tokens


class Token(Owned, tokens.Token):
    """Token: the contract is called auth_id; types are RFID and OTHER. The owner is an eMSP."""

    off_wire = frozenset({"group_id", "default_profile_type", "energy_contract"})

    type: Annotated[str, OneOf(TokenType, without=("AD_HOC_USER", "APP_USER", "EMAID"))]
    contract_id: Id36 = Field(validation_alias="auth_id")


class LocationReferences(tokens.LocationReferences):
    """LocationReferences: may name connectors too."""

    location_id: Id39
    evse_uids: Many[Id39] = ()
    connector_ids: Many[Id36] = ()


def nobody() -> tokens.Token:
    """Stands for the token an answer in OCPI 2.1.1 does not repeat."""
    return tokens.Token(
        country_code=UNKNOWN_COUNTRY,
        party_id=NOT_AVAILABLE,
        uid=NOT_AVAILABLE,
        type="OTHER",
        contract_id=NOT_AVAILABLE,
        issuer=NOT_AVAILABLE,
        valid=False,
        whitelist="NEVER",
        last_updated=EPOCH,
    )


class AuthorizationInfo(tokens.AuthorizationInfo):
    """AuthorizationInfo: does not repeat the token; it is the one asked about."""

    off_wire = frozenset({"token", "authorization_reference"})

    token: tokens.Token = Field(default_factory=nobody)
    location: LocationReferences | None = None
