"""What OCPI partners sent us and what we exchanged with them."""

from ocpi.models.bookings import Booking, BookingLocation, BookingRequest
from ocpi.models.certificate import ServerCertificate
from ocpi.models.client_info import ClientInfo
from ocpi.models.command import Command
from ocpi.models.handshake import HandshakeRun, HandshakeStep
from ocpi.models.locations import Connector, Evse, Location, PublishedEvseId
from ocpi.models.message import Message
from ocpi.models.payments import FinancialAdvice, Terminal, TerminalRequest
from ocpi.models.profiles import ActiveProfile, ProfileRequest
from ocpi.models.quirk import PartnerQuirk
from ocpi.models.refresh import Refresh
from ocpi.models.sessions import Cdr, OcpiSession
from ocpi.models.sync import SyncRun
from ocpi.models.tariff import Tariff
from ocpi.models.token import Token
from ocpi.models.token_push import TokenPush
from ocpi.models.traffic import TrafficHour

__all__ = [
    "ActiveProfile",
    "Booking",
    "BookingLocation",
    "BookingRequest",
    "Cdr",
    "ClientInfo",
    "Command",
    "Connector",
    "Evse",
    "FinancialAdvice",
    "HandshakeRun",
    "HandshakeStep",
    "Location",
    "Message",
    "OcpiSession",
    "PartnerQuirk",
    "ProfileRequest",
    "PublishedEvseId",
    "Refresh",
    "ServerCertificate",
    "SyncRun",
    "Tariff",
    "Terminal",
    "TerminalRequest",
    "Token",
    "TokenPush",
    "TrafficHour",
]
