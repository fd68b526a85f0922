"""Versions, credentials and hub client info (OCPI 2.2.1 §6, §7, §15)."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import model_validator

from ocpi.versions.base import WireModel
from ocpi.versions.enums import ConnectionStatus, InterfaceRole, OneOf, PartyRole
from ocpi.versions.readers import tolerate
from ocpi.versions.strings import Id
from ocpi.versions.times import Moment
from ocpi.versions.types import CountryCode, Link, PartyId, Several
from ocpi.versions.v2_2_1.common import BusinessDetails


class VersionListItem(WireModel):
    """Version (§6.1.2): a version and where its details are.

    Versions we do not know are skipped, not refused.
    """

    kind = "version_list_item"

    version: Annotated[str, Id(10)]
    url: Link


class Endpoint(WireModel):
    """Endpoint (§6.2.2): one side of one module. The role of `credentials` has no meaning."""

    kind = "endpoint"

    identifier: Annotated[str, Id(36)]
    role: Annotated[str, OneOf(InterfaceRole)]
    url: Link

    @model_validator(mode="before")
    @classmethod
    def _credentials_without_role(cls, data: Any) -> Any:
        """The role of `credentials` is meaningless; some systems therefore leave it out."""
        if isinstance(data, Mapping) and data.get("identifier") == "credentials" and not data.get("role"):
            raise tolerate("missing_role", "role is required even for credentials", {**data, "role": "SENDER"})
        return data


class VersionDetails(WireModel):
    """Version details (§6.2): the endpoints of one version."""

    kind = "version_details"

    version: Annotated[str, Id(10)]
    endpoints: Several[Endpoint]


class CredentialsRole(WireModel):
    """CredentialsRole (§7.4.1): one party and role behind a platform."""

    kind = "credentials_role"

    role: Annotated[str, OneOf(PartyRole)]
    business_details: BusinessDetails
    party_id: PartyId
    country_code: CountryCode


class Credentials(WireModel):
    """Credentials (§7.3.1): the token to call the sender with and its versions URL.

    The token is never encoded here.
    """

    kind = "credentials"

    token: Annotated[str, Id(64)]
    url: Link
    roles: Several[CredentialsRole]


class ClientInfo(WireModel):
    """ClientInfo (§15.4.1): a party connected to a hub."""

    kind = "client_info"

    party_id: PartyId
    country_code: CountryCode
    role: Annotated[str, OneOf(PartyRole)]
    status: Annotated[str, OneOf(ConnectionStatus)]
    last_updated: Moment
