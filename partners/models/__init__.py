"""Who we are connected to, and how."""

from partners.models.contact import AllowedNetwork, Contact
from partners.models.credentials import IssuedToken, ReceivedToken, RemoteEndpoint
from partners.models.incident import Incident
from partners.models.partner import Partner, PartnerRole
from partners.models.policy import Policy

__all__ = [
    "AllowedNetwork",
    "Contact",
    "Incident",
    "IssuedToken",
    "Partner",
    "PartnerRole",
    "Policy",
    "ReceivedToken",
    "RemoteEndpoint",
]
