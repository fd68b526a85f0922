"""Making a partner connected: everything that a finished registration changes, in one place."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from ocpi.calls.tokens import forget_partner, push_tokens
from ocpi.handshake.credentials import Theirs
from ocpi.handshake.discovery import Offer
from ocpi.sync.paging import LISTED_UNDER
from ocpi.sync.requests import request_sync
from ocpi.versions import Version
from partners import parties, tokens
from partners.models import IssuedToken, Partner, PartnerRole, ReceivedToken, RemoteEndpoint

FIRST_PULLS = ("locations", "tariffs", "booking_locations")


@dataclass(frozen=True)
class Agreement:
    """What both sides settled on."""

    version: Version
    theirs: Theirs
    offers: tuple[Offer, ...]


def connect(partner: Partner, agreement: Agreement, used: IssuedToken | None = None) -> bool:
    """Store their token, endpoints and roles, and mark the partner connected. Inside the caller's transaction.

    `used`: the token of ours that they asked with; one that they registered with stays good for asking again until its
    successor was seen (`ocpi.handshake.rotation`).

    One that staff suspended stays so until they resume it. Return whether the version in use is another than before.

    Raises:
        PartyTaken: they name a party of another partner.
    """
    switched = partner.version != agreement.version.number
    tokens.store_received(partner, agreement.theirs.token, ReceivedToken.Purpose.CONNECTION)
    store_endpoints(partner, agreement.version, agreement.offers)
    if agreement.theirs.roles:
        parties.of_credentials(partner, agreement.theirs.roles)
    _end_registration(partner, used)
    partner.version = agreement.version.number
    if partner.connection != Partner.Connection.SUSPENDED:
        partner.connection = Partner.Connection.CONNECTED
    partner.connected_at = timezone.now()
    partner.hub_party_id = _granted_hub(partner, agreement.theirs)
    partner.save(update_fields=["version", "connection", "connected_at", "hub_party_id", "updated_at"])
    return switched


def _granted_hub(partner: Partner, theirs: Theirs) -> str:
    """The hub that they name, if staff have agreed to it."""
    named = theirs.hub_party_id
    hubs = PartnerRole.objects.filter(partner=partner, role=PartnerRole.Role.HUB, state=PartnerRole.State.APPROVED)
    granted = {partner.hub_party_id, *("".join(row.party) for row in hubs)}
    return named if named in granted else ""


def store_endpoints(partner: Partner, version: Version, offers: Iterable[Offer]) -> None:
    """Replace what is known of the partner's endpoints."""
    RemoteEndpoint.objects.filter(partner=partner).delete()
    RemoteEndpoint.objects.bulk_create(
        RemoteEndpoint(partner=partner, version=version.number, module=offer.module, role=offer.role, url=offer.url)
        for offer in offers
    )


def _end_registration(partner: Partner, used: IssuedToken | None) -> None:
    """Tokens that were only good for registering are used up, in both directions, but for the one of this request."""
    ReceivedToken.objects.filter(
        partner=partner, purpose=ReceivedToken.Purpose.REGISTRATION, state=ReceivedToken.State.ACTIVE
    ).update(state=ReceivedToken.State.REVOKED, revoked_at=timezone.now())
    registering = IssuedToken.objects.filter(partner=partner, purpose=IssuedToken.Purpose.REGISTRATION)
    for token in registering.exclude(pk=used.pk) if used else registering:
        tokens.revoke(token)


def request_first_pulls(partner: Partner, again: bool = False) -> None:
    """Ask for what the partner published before we knew it, and have it told of our tokens.

    `again`: also of those that it has. An object known in one version need not exist in another (OCPI 2.2.1 §6).
    """
    offered = set(RemoteEndpoint.objects.filter(partner=partner).values_list("module", flat=True))
    for module in FIRST_PULLS:
        if LISTED_UNDER.get(module, module) in offered:
            request_sync(partner, module)
    push_tokens(partner, again=again)


def disconnect(partner: Partner) -> None:
    """End the connection: no token of either side works any more. Inside the caller's transaction."""
    now = timezone.now()
    for token in IssuedToken.objects.filter(partner=partner).exclude(state=IssuedToken.State.REVOKED):
        tokens.revoke(token)
    ReceivedToken.objects.filter(partner=partner, state=ReceivedToken.State.ACTIVE).update(
        state=ReceivedToken.State.REVOKED, revoked_at=now
    )
    RemoteEndpoint.objects.filter(partner=partner).delete()
    forget_partner(partner)
    partner.connection = Partner.Connection.NOT_CONNECTED
    partner.version = ""
    partner.save(update_fields=["connection", "version", "updated_at"])
