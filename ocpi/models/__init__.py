"""What OCPI partners sent us and what we exchanged with them."""

from ocpi.models.command import Command
from ocpi.models.handshake import HandshakeRun, HandshakeStep
from ocpi.models.locations import Connector, Evse, Location
from ocpi.models.message import Message
from ocpi.models.sessions import Cdr, OcpiSession
from ocpi.models.sync import SyncRun
from ocpi.models.tariff import Tariff
from ocpi.models.token import Token

__all__ = [
    "Cdr",
    "Command",
    "Connector",
    "Evse",
    "HandshakeRun",
    "HandshakeStep",
    "Location",
    "Message",
    "OcpiSession",
    "SyncRun",
    "Tariff",
    "Token",
]
