"""Which addresses a partner's host may lead to."""

import ipaddress
import socket

from django.conf import settings

MOST_ADDRESSES = 3
# IPv6 ranges in which the rest of the address is an IPv4 address, and how far from its end that begins, in bits.
_CARRIERS = (
    (ipaddress.ip_network("::/96"), 0),  # IPv4-compatible (RFC 4291 §2.5.5.1); `::` and `::1` among them
    (ipaddress.ip_network("::ffff:0:0/96"), 0),  # IPv4-mapped (RFC 4291 §2.5.5.2)
    (ipaddress.ip_network("::ffff:0:0:0/96"), 0),  # IPv4-translated (RFC 2765)
    (ipaddress.ip_network("64:ff9b::/96"), 0),  # NAT64 (RFC 6052)
    (ipaddress.ip_network("2002::/16"), 80),  # 6to4 (RFC 3056)
)
# Never the open internet, whatever they carry and whatever Python's tables say of them.
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "64:ff9b:1::/48",  # NAT64 of a network's own (RFC 8215)
        "2001::/32",  # Teredo (RFC 4380): two IPv4 addresses that the sender chose
        "fec0::/10",  # site-local (RFC 3879)
        "100::/64",  # discarded (RFC 6666)
        "5f00::/16",  # segment routing (RFC 9602)
    )
)
_IPV4_BITS = 0xFFFFFFFF


class AddressError(Exception):
    """The host leads to an address, or the URL to a scheme, that production does not call."""


def is_public(address: str) -> bool:
    """Whether `address` is one of the open internet, looking inside IPv6 forms that carry an IPv4 address.

    Teredo and a network's own NAT64 never are: production needs neither.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return _is_open(ip)
    if any(ip in network for network in _NEVER):
        return False
    for network, shift in _CARRIERS:
        if ip in network:
            return _is_open(ipaddress.IPv4Address(int(ip) >> shift & _IPV4_BITS))
    return _is_open(ip)


def _is_open(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def permitted_addresses(host: str, port: int) -> list[str]:
    """Resolve a host to the addresses that may be connected to, at most `MOST_ADDRESSES`.

    Raises:
        AddressError: one of them is private; then none is trusted.
        socket.gaierror: the name cannot be resolved.
    """
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    if not settings.OCPI_ALLOW_INSECURE_PARTNERS:
        private = [address for address in addresses if not is_public(address)]
        if private:
            raise AddressError(f"{host} leads to {private[0]}, which is no public address")
    return addresses[:MOST_ADDRESSES]
