"""Support's pages about what partners sent us and what we exchanged with them. All of it is read-only."""

from ocpi.admin import (
    bookings,
    cdr,
    command,
    conformance,
    evse,
    handshake,
    location,
    message,
    ocpi_session,
    peculiarities,
    profiles,
    sync,
    tariff,
    terminals,
    token,
    token_push,
)

__all__ = [
    "bookings",
    "cdr",
    "command",
    "conformance",
    "evse",
    "handshake",
    "location",
    "message",
    "ocpi_session",
    "peculiarities",
    "profiles",
    "sync",
    "tariff",
    "terminals",
    "token",
    "token_push",
]
