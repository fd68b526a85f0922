"""OCPI 2.1.1, 2.2, 2.2.1 and 2.3.0 as data: what each version's objects look like, how versions differ.

The classes named here are those of 2.2.1. Objects of every version that have the same kind also have their
attributes; whoever builds an object builds one of these and lets a Version write it.
"""

from ocpi.versions.base import WireModel
from ocpi.versions.canonical import gross, power_kw, state_of_charge
from ocpi.versions.enums import (
    AllowedType,
    AuthMethod,
    CommandResponseType,
    CommandResultType,
    CommandType,
    DimensionType,
    EvseStatus,
    InterfaceRole,
    PartyRole,
    PowerType,
    SessionStatus,
    TokenType,
    WhitelistType,
)
from ocpi.versions.registry import VERSIONS, highest_mutual
from ocpi.versions.results import Fault, Invalid, Lenience, Parsed, Patched
from ocpi.versions.strings import NOT_AVAILABLE
from ocpi.versions.v2_2_1.cdrs import CDR, CdrLocation
from ocpi.versions.v2_2_1.commands import (
    CancelReservation,
    CommandResponse,
    CommandResult,
    ReserveNow,
    StartSession,
    StopSession,
    UnlockConnector,
)
from ocpi.versions.v2_2_1.common import BusinessDetails, DisplayText, Image, Price
from ocpi.versions.v2_2_1.locations import EVSE, Connector, Location
from ocpi.versions.v2_2_1.registration import (
    ClientInfo,
    Credentials,
    CredentialsRole,
    Endpoint,
    VersionDetails,
    VersionListItem,
)
from ocpi.versions.v2_2_1.sessions import CdrDimension, CdrToken, ChargingPeriod, ChargingPreferences, Session
from ocpi.versions.v2_2_1.tariffs import Tariff
from ocpi.versions.v2_2_1.tokens import AuthorizationInfo, LocationReferences, Token
from ocpi.versions.version import ModuleSpec, RemoteNeed, Version

__all__ = [
    "CDR",
    "EVSE",
    "NOT_AVAILABLE",
    "VERSIONS",
    "AllowedType",
    "AuthMethod",
    "AuthorizationInfo",
    "BusinessDetails",
    "CancelReservation",
    "CdrDimension",
    "CdrLocation",
    "CdrToken",
    "ChargingPeriod",
    "ChargingPreferences",
    "ClientInfo",
    "CommandResponse",
    "CommandResponseType",
    "CommandResult",
    "CommandResultType",
    "CommandType",
    "Connector",
    "Credentials",
    "CredentialsRole",
    "DimensionType",
    "DisplayText",
    "Endpoint",
    "EvseStatus",
    "Fault",
    "Image",
    "InterfaceRole",
    "Invalid",
    "Lenience",
    "Location",
    "LocationReferences",
    "ModuleSpec",
    "Parsed",
    "PartyRole",
    "Patched",
    "PowerType",
    "Price",
    "RemoteNeed",
    "ReserveNow",
    "Session",
    "SessionStatus",
    "StartSession",
    "StopSession",
    "Tariff",
    "Token",
    "TokenType",
    "UnlockConnector",
    "Version",
    "VersionDetails",
    "VersionListItem",
    "WhitelistType",
    "WireModel",
    "gross",
    "highest_mutual",
    "power_kw",
    "state_of_charge",
]
