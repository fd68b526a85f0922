"""Credentials and hub client info (OCPI 2.3.0 §7, §15): hubs are no role any more."""

from typing import Annotated

from ocpi.versions.enums import OneOf, PartyRole
from ocpi.versions.strings import Code
from ocpi.versions.types import Several
from ocpi.versions.v2_2_1 import registration
from ocpi.versions.v2_3_0.common import BusinessDetails

Role = Annotated[str, OneOf(PartyRole, without=("HUB",))]


class CredentialsRole(registration.CredentialsRole):
    """CredentialsRole (§7.4.1)."""

    role: Role
    business_details: BusinessDetails


class Credentials(registration.Credentials):
    """Credentials (§7.3.1): hub_party_id is country and party of the hub in one word."""

    roles: Several[CredentialsRole]
    hub_party_id: Annotated[str, Code(5, digits=True)] | None = None


class ClientInfo(registration.ClientInfo):
    """ClientInfo (§15.4.1)."""

    role: Role
