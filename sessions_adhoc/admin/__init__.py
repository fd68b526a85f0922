"""Pages about drivers' charges, and about what came of them: commands, messages, Sessions, CDRs, payments."""

from sessions_adhoc.admin import (
    authorization,
    cdr,
    client,
    command,
    contract,
    evse,
    finance,
    gateway_event,
    message,
    ocpi_session,
    outstanding,
    pull,
    receipt,
    session,
    webhook,
    webhook_delivery,
)

__all__ = [
    "authorization",
    "cdr",
    "client",
    "command",
    "contract",
    "evse",
    "finance",
    "gateway_event",
    "message",
    "ocpi_session",
    "outstanding",
    "pull",
    "receipt",
    "session",
    "webhook",
    "webhook_delivery",
]
