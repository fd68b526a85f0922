"""Support's pages about what partners sent us and what we exchanged with them. All of it is read-only."""

from ocpi.admin import cdr, command, evse, handshake, location, message, ocpi_session, sync, tariff, token

__all__ = [
    "cdr",
    "command",
    "evse",
    "handshake",
    "location",
    "message",
    "ocpi_session",
    "sync",
    "tariff",
    "token",
]
