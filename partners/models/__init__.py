"""Who we are connected to, and how."""

from partners.models.allowlist import AllowlistMirror
from partners.models.clock import PartnerClock
from partners.models.contact import AllowedNetwork, Contact
from partners.models.credentials import IssuedToken, ReceivedToken, RemoteEndpoint
from partners.models.document import Document, Unchangeable
from partners.models.history import HistoryEntry
from partners.models.incident import Incident
from partners.models.mail import Mail
from partners.models.onboarding import (
    Evidence,
    FunctionalTest,
    GoLiveAction,
    Onboarding,
    SignOff,
    StageChange,
    StageOverride,
)
from partners.models.partner import Partner
from partners.models.party import PartnerRole, PartyOwner, PartySource
from partners.models.policy import Policy
from partners.models.portal import ChecklistItem, LinkEvent, PartnerLink
from partners.models.second_factor import AuthenticatorApp, FailedLogin, RecoveryCodes
from partners.models.watch import Watch

__all__ = [
    "AllowedNetwork",
    "AllowlistMirror",
    "AuthenticatorApp",
    "ChecklistItem",
    "Contact",
    "Document",
    "Evidence",
    "FailedLogin",
    "FunctionalTest",
    "GoLiveAction",
    "HistoryEntry",
    "Incident",
    "IssuedToken",
    "LinkEvent",
    "Mail",
    "Onboarding",
    "Partner",
    "PartnerClock",
    "PartnerLink",
    "PartnerRole",
    "PartyOwner",
    "PartySource",
    "Policy",
    "ReceivedToken",
    "RecoveryCodes",
    "RemoteEndpoint",
    "SignOff",
    "StageChange",
    "StageOverride",
    "Unchangeable",
    "Watch",
]
