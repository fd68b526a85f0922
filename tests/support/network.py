"""Tests reach nothing but this machine: connecting to anything else, or looking it up, fails the test."""

import ipaddress
import os
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest


class OutsideNetworkError(RuntimeError):
    """Not an OSError, on purpose: code that copes with an unreachable host must not swallow it."""


def is_local(host: Any) -> bool:
    """Whether `host`, as given to `connect` or `getaddrinfo`, is this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if not name or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def is_service(host: Any) -> bool:
    """Whether `host` is where the suite was told to find its database or broker."""
    return host in {urlsplit(os.environ.get(name, "")).hostname for name in ("DATABASE_URL", "REDIS_URL")}


def refuse(host: Any) -> None:
    if not is_local(host) and not is_service(host):
        raise OutsideNetworkError(f"a test tried to reach {host!r}: tests may only reach this machine")


def install(patch: pytest.MonkeyPatch) -> None:
    """Guard every Python socket and name look-up of this process until `patch` is undone."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            refuse(address[0])
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            refuse(address[0])
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_address(host):
            refuse(host)
        return getaddrinfo(host, *args, **kwargs)

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)


def is_address(host: Any) -> bool:
    """A literal address needs no look-up, so that code which only judges addresses can be tested."""
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except (ValueError, AttributeError):
        return False
    return True
