"""Addresses and networks: which lie in which."""

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_in(text: str) -> Address | None:
    """The address that a text is, an IPv4 one where it is only mapped to IPv6; None where it is no address."""
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip


def covers(networks: Iterable[str], address: str) -> bool:
    """Whether the address lies in one of the networks."""
    ip = address_in(address)
    return ip is not None and any(ip in ipaddress.ip_network(network, strict=False) for network in networks)
