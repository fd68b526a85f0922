"""Parties behind a hub come before their objects: what is of an unknown party is refused (OCPI 2.2.1 §15.2.1)."""

from ocpi.client.remote import version_in_use
from ocpi.hubs import hub_of
from ocpi.models import ClientInfo
from ocpi.store import NotFound, Party
from ocpi.store.clients import put_client_info
from ocpi.sync.paging import pages
from ocpi.sync.requests import request_sync
from ocpi.versions import Invalid
from partners import parties
from partners.models import Partner, PartnerRole, RemoteEndpoint

MODULE = "hubclientinfo"
OF_NEW_PARTIES = ("locations", "tariffs")


def offers_clients(partner: Partner) -> bool:
    """Whether the connection leads to a hub that lists its parties."""
    listed = RemoteEndpoint.objects.filter(partner=partner, version=partner.version, module=MODULE)
    return hub_of(partner) is not None and listed.exclude(role="RECEIVER").exists()


def know_clients(partner: Partner) -> None:
    """Read the hub's list of parties, unless one was read before.

    Raises:
        CallFailed: it cannot be read now.
    """
    if offers_clients(partner) and not ClientInfo.objects.filter(partner=partner).exists():
        read_clients(partner)


def read_clients(partner: Partner) -> int:
    """GET hubclientinfo and store it; return how many parties were told of. A faulty one spoils only itself.

    Raises:
        CallFailed
    """
    own = Party(partner, partner.country_code, partner.party_id, version_in_use(partner))
    count = 0
    for page in pages(partner, MODULE):
        for item in page.items:
            try:
                put_client_info(own, item, addressed=False)
            except (Invalid, NotFound):
                continue
            count += 1
    return count


def approve_role(role: PartnerRole) -> None:
    """Grant what staff agree to, and ask for the objects that were refused so far.

    Raises:
        PartyTaken: it has become another partner's meanwhile.
    """
    parties.approve(role)
    clients_came(Partner.objects.get(pk=role.partner_id))


def clients_came(partner: Partner) -> None:
    """A party is new: its objects may have been refused so far, so ask for them."""
    offered = set(
        RemoteEndpoint.objects.filter(partner=partner, version=partner.version)
        .exclude(role="RECEIVER")
        .values_list("module", flat=True)
    )
    for module in OF_NEW_PARTIES:
        if module in offered and partner.connection == Partner.Connection.CONNECTED:
            request_sync(partner, module)
