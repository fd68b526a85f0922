"""Support's pages about partners, and about the people who work here."""

from partners.admin import incident, issued_token, partner, people, policy

__all__ = ["incident", "issued_token", "partner", "people", "policy"]
