"""Support's pages about partners, and about the people who work here."""

from partners.admin import (
    allowlist,
    document,
    failed_login,
    history,
    incident,
    issued_token,
    link_event,
    mail,
    partner,
    party,
    people,
    policy,
)

__all__ = [
    "allowlist",
    "document",
    "failed_login",
    "history",
    "incident",
    "issued_token",
    "link_event",
    "mail",
    "partner",
    "party",
    "people",
    "policy",
]
