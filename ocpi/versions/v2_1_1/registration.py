"""Versions and credentials (OCPI 2.1.1 version_information_endpoint.md, credentials.md)."""

from typing import Any

from pydantic import model_validator

from ocpi.versions.base import WireModel
from ocpi.versions.types import CountryCode, PartyId, Several
from ocpi.versions.v2_2_1 import registration
from ocpi.versions.v2_2_1.common import BusinessDetails

SERVED_AS_RECEIVER = frozenset({"tokens", "commands"})


class Endpoint(registration.Endpoint):
    """Endpoint: has no role. A party has one side of a module; `role` is that of a CPO."""

    off_wire = frozenset({"role"})

    role: str = ""

    @model_validator(mode="before")
    @classmethod
    def _credentials_without_role(cls, data: Any) -> Any:
        """No role is right here."""
        return data

    @model_validator(mode="after")
    def _derive_role(self) -> "Endpoint":
        if not self.role:
            self._derive(role="RECEIVER" if self.identifier in SERVED_AS_RECEIVER else "SENDER")
        return self


class VersionDetails(registration.VersionDetails):
    """Version details."""

    endpoints: Several[Endpoint]


class Credentials(registration.Credentials):
    """Credentials: one party, whose role goes without saying.

    Read as one CPO, as that is whom an eMSP talks to.
    """

    off_wire = frozenset({"roles"})

    business_details: BusinessDetails
    party_id: PartyId
    country_code: CountryCode
    roles: tuple[registration.CredentialsRole, ...] = ()

    @model_validator(mode="after")
    def _derive_roles(self) -> "Credentials":
        if not self.roles:
            role = registration.CredentialsRole.model_construct(
                role="CPO",
                business_details=self.business_details,
                party_id=self.party_id,
                country_code=self.country_code,
            )
            self._derive(roles=(role,))
        return self

    @classmethod
    def sources(cls, other: WireModel) -> dict[str, Any]:
        """The first of several roles speaks for the platform."""
        if isinstance(other, cls) or not isinstance(other, registration.Credentials):
            return {}
        first = other.roles[0]
        return {
            "business_details": first.business_details,
            "party_id": first.party_id,
            "country_code": first.country_code,
        }
