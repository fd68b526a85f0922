"""Hubs: one connection, several parties behind it (OCPI 2.2.1 §4.4, §15).

A hub's own party is `Partner.hub_party_id`: named in the Credentials of 2.3.0, a role of them before, and agreed to by
staff. Its connection may bring objects of the parties in its Credentials that staff approved, and of those that it
told us of by hubclientinfo, if they are no other partner's.
"""

from typing import Any

from django.db.models import Exists, OuterRef

from ocpi.models import ClientInfo, Location, OcpiSession
from partners.models import Partner, PartnerRole, PartyOwner
from partners.parties import pair_in

AWAY = frozenset({ClientInfo.Status.OFFLINE, ClientInfo.Status.PLANNED, ClientInfo.Status.SUSPENDED})


def hub_of(partner: Partner) -> tuple[str, str] | None:
    """Return (country_code, party_id) of the hub that the connection leads to; None where there is none."""
    return pair_in(partner.hub_party_id)


def speaks_for(partner: Partner, country_code: str, party_id: str) -> bool:
    """Whether objects of this party may come over the partner's connection."""
    party = country_code.upper(), party_id.upper()
    if party == (partner.country_code, partner.party_id):
        return True
    if not all(part.isprintable() for part in party):  # U+0000, which a query refuses
        return False
    if _approved_roles(partner).filter(country_code=party[0], party_id=party[1]).exists():
        return True
    return hub_of(partner) is not None and _clients(partner).filter(country_code=party[0], party_id=party[1]).exists()


def reaches(partner: Partner, country_code: str, party_id: str) -> bool:
    """Whether requests get to this party over the partner's connection: it may have left the hub, or be away by what
    the hub says of it (§15)."""
    if not speaks_for(partner, country_code, party_id):
        return False
    if hub_of(partner) is None:
        return True
    told = ClientInfo.objects.filter(
        partner=partner, country_code=country_code.upper(), party_id=party_id.upper(), role=PartnerRole.Role.CPO
    )
    return not told.filter(status__in=AWAY).exists()


def parties_of(partner: Partner) -> set[tuple[str, str]]:
    """Return every party that the partner speaks for."""
    roles = _approved_roles(partner).values_list("country_code", "party_id")
    clients = _clients(partner).values_list("country_code", "party_id") if hub_of(partner) else ()
    return {(partner.country_code, partner.party_id), *roles, *clients}


def owner_of(partner: Partner, *, location_id: Any = "", session_id: Any = "") -> tuple[str, str] | None:
    """Return the party behind a hub that a location or session belongs to: whom a request about it is for.

    None where there is no hub, or the object is not known.
    """
    if hub_of(partner) is None:
        return None
    for model, ocpi_id in ((Location, location_id), (OcpiSession, session_id)):
        rows = model.objects.filter(partner=partner, ocpi_key=str(ocpi_id).lower()) if ocpi_id else None
        found = rows.values_list("country_code", "party_id").first() if rows is not None else None
        if found is not None:
            return str(found[0]), str(found[1])
    return None


def _approved_roles(partner: Partner) -> Any:
    return PartnerRole.objects.filter(partner=partner, state=PartnerRole.State.APPROVED)


def _clients(partner: Partner) -> Any:
    """The parties of the hub's list, but for those that staff gave to another partner since."""
    held = PartyOwner.objects.filter(
        partner=partner, country_code=OuterRef("country_code"), party_id=OuterRef("party_id")
    )
    return ClientInfo.objects.filter(Exists(held), partner=partner)
