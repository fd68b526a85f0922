"""The networks themselves."""

import ipaddress

from django.core.exceptions import ValidationError
from django.db import transaction

from partners.models import AllowedNetwork, Partner

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LONGEST_NOTE = 200


class AlreadyAllowed(Exception):
    """The network is on the partner's list."""


def allow(partner: Partner, network: str, reason: str) -> AllowedNetwork:
    """Add an address or range to the partner's list; the reason stays with it as its note.

    Raises:
        ValidationError: it is no address or range.
        AlreadyAllowed
    """
    if not reason.strip():
        raise ValidationError("Say why it is added.")
    row = AllowedNetwork(partner=partner, network=network.strip(), note=reason.strip()[:LONGEST_NOTE])
    row.clean_fields()
    with transaction.atomic():
        # The lock lets one of two people add it.
        Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
        if AllowedNetwork.objects.filter(partner=partner, network=row.network).exists():
            raise AlreadyAllowed(f"{row.network} is on the list already.")
        row.save()
    return row


def normal(text: str) -> Network:
    """The network that a text names. An address is a network of one; host bits are dropped."""
    return ipaddress.ip_network(text, strict=False)


def write_network(network: Network) -> str:
    """As Cloudflare writes it: a single address without its prefix."""
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def holds(network: str, address: str) -> bool:
    """Whether the address is in the network."""
    outer, inner = normal(network), normal(address)
    if isinstance(inner, ipaddress.IPv6Network) and (mapped := inner.network_address.ipv4_mapped):
        inner = ipaddress.IPv4Network(mapped)
    return outer.version == inner.version and inner.network_address in outer
