"""The Credentials object: ours to send, theirs to read (OCPI 2.2.1 §7.3)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from ocpi.routing import versions_url
from ocpi.versions import Fault, Invalid, Lenience, Version, WireModel
from ocpi.versions.v2_2_1.common import BusinessDetails, Image
from ocpi.versions.v2_2_1.registration import Credentials, CredentialsRole
from partners.models import Partner, PartnerRole
from partners.parties import LENGTH_OF_BOTH, pair_in

OUR_ROLE = PartnerRole.Role.EMSP.value


@dataclass(frozen=True)
class Theirs:
    """A partner's Credentials, as far as they can be read. `roles` are unsaved rows, the hub's among them."""

    token: str
    url: str
    roles: tuple[PartnerRole, ...]
    hub_party_id: str
    faults: tuple[Fault, ...] = ()
    leniences: tuple[Lenience, ...] = ()


def our_credentials(partner: Partner, token: str) -> WireModel:
    """What we tell the partner of ourselves, with the token that it is to call us with."""
    business = BusinessDetails(name=settings.OCPI_BUSINESS_NAME, website=settings.OCPI_WEBSITE or None, logo=our_logo())
    role = CredentialsRole(
        role=OUR_ROLE,
        business_details=business,
        party_id=settings.OCPI_PARTY_ID,
        country_code=settings.OCPI_COUNTRY_CODE,
    )
    return Credentials(token=token, url=versions_url(partner), roles=(role,))


def our_logo() -> Image | None:
    """The picture that `OCPI_LOGO_URL` leads to; its type is what the name ends in."""
    url = settings.OCPI_LOGO_URL
    suffix = PurePosixPath(urlsplit(url).path).suffix.lstrip(".").lower()[:4]
    return Image(url=url, category="OPERATOR", type=suffix or "png") if url else None


def read_credentials(partner: Partner, version: Version, data: Any) -> Theirs:
    """Read a partner's Credentials of this version.

    A token that came with otherwise faulty Credentials is kept, with the faults: the partner has registered us, and
    would not give it again.

    Raises:
        Invalid: there is no token in them.
    """
    try:
        parsed = version.parse("credentials", data)
    except Invalid as error:
        token = data.get("token") if isinstance(data, dict) else None
        if not isinstance(token, str) or not token.strip():
            raise
        return Theirs(token.strip(), "", (), "", error.faults)
    return replace(theirs(partner, parsed.obj), leniences=parsed.leniences)


def theirs(partner: Partner, obj: Any) -> Theirs:
    """The parsed Credentials of any version."""
    rows: dict[tuple[str, str, str], PartnerRole] = {}
    for role in getattr(obj, "roles", ()):
        row = _row(partner, role)
        rows.setdefault((row.country_code, row.party_id, row.role), row)
    hub = str(getattr(obj, "hub_party_id", None) or _hub_among(rows.values())).upper()[:LENGTH_OF_BOTH]
    if pair := pair_in(hub):
        as_role = PartnerRole(partner=partner, role=PartnerRole.Role.HUB, country_code=pair[0], party_id=pair[1])
        rows.setdefault((*as_role.party, as_role.role), as_role)
    return Theirs(obj.token, obj.url, tuple(rows.values()), hub)


def _hub_among(rows: Iterable[PartnerRole]) -> str:
    """The hub as 2.2 and 2.2.1 name it: a role; country and party in one word, as 2.3.0 has it."""
    hubs = (f"{row.country_code}{row.party_id}" for row in rows if row.role == PartnerRole.Role.HUB)
    return next(hubs, "")


def _row(partner: Partner, role: Any) -> PartnerRole:
    known = role.role in PartnerRole.Role.values
    business = role.business_details
    return PartnerRole(
        partner=partner,
        role=role.role if known else PartnerRole.Role.OTHER,
        country_code=role.country_code.upper()[:2],
        party_id=role.party_id.upper()[:3],
        business_name=str(business.name)[:100] if business else "",
        website=str(business.website or "")[:255] if business else "",
    )
