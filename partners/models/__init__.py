"""Who we are connected to, and how."""

from partners.models.clock import PartnerClock
from partners.models.contact import AllowedNetwork, Contact
from partners.models.credentials import IssuedToken, ReceivedToken, RemoteEndpoint
from partners.models.document import Document, Unchangeable
from partners.models.history import HistoryEntry
from partners.models.incident import Incident
from partners.models.key import KeyInUse
from partners.models.mail import Mail
from partners.models.partner import Partner
from partners.models.party import PartnerRole, PartyOwner, PartySource
from partners.models.policy import Policy
from partners.models.retention import Retention
from partners.models.saved_filter import SavedFilter
from partners.models.second_factor import AuthenticatorApp, FailedLogin, RecoveryCodes
from partners.models.ticket import Note, Ticket
from partners.models.watch import Watch

__all__ = [
    "AllowedNetwork",
    "AuthenticatorApp",
    "Contact",
    "Document",
    "FailedLogin",
    "HistoryEntry",
    "Incident",
    "IssuedToken",
    "KeyInUse",
    "Mail",
    "Note",
    "Partner",
    "PartnerClock",
    "PartnerRole",
    "PartyOwner",
    "PartySource",
    "Policy",
    "ReceivedToken",
    "RecoveryCodes",
    "RemoteEndpoint",
    "Retention",
    "SavedFilter",
    "Ticket",
    "Unchangeable",
    "Watch",
]
