"""Which addresses a partner's host may lead to."""

import ipaddress
import socket

from django.conf import settings

MOST_ADDRESSES = 3
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address behind a NAT64 gateway


class AddressError(Exception):
    """The host leads to an address, or the URL to a scheme, that production does not call."""


def is_public(address: str) -> bool:
    """Whether `address` is one of the open internet, looking inside IPv6 forms that carry an IPv4 address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return ip.is_global and not ip.is_multicast


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
