"""Pages about what partners sent us and what we exchanged with them. All of it is read-only."""

from ocpi.admin import (
    bookings,
    handshake,
    location,
    party,
    profiles,
    public_ids,
    quirks,
    refreshes,
    sync,
    terminals,
    token,
    token_push,
)

__all__ = [
    "bookings",
    "handshake",
    "location",
    "party",
    "profiles",
    "public_ids",
    "quirks",
    "refreshes",
    "sync",
    "terminals",
    "token",
    "token_push",
]
