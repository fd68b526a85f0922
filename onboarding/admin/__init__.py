"""Pages about partners: where each stands, what to do next, what goes wrong."""

from onboarding.admin import (
    alert_channel,
    allowlist,
    connection_check,
    document,
    handshake,
    incident,
    link_event,
    partner_page,
    planned_change,
    scorecard,
)

__all__ = [
    "alert_channel",
    "allowlist",
    "connection_check",
    "document",
    "handshake",
    "incident",
    "link_event",
    "partner_page",
    "planned_change",
    "scorecard",
]
