"""Calling a partner: one hardened way out, with every exchange in the message log.

    reply = call(Call(partner, "GET", url, token=token, module="versions"))
    reply = functional(partner, "GET", "sessions", SENDER, params={"date_from": "2026-11-22T10:00:00Z"})

What does not end with an envelope of status code 1xxx raises `CallFailed`, in words for a support person.
"""

from ocpi.client.exchange import Call, Reply, call
from ocpi.client.failures import COULD_NOT_ARRIVE, CallFailed
from ocpi.client.remote import RECEIVER, SENDER, endpoint_url, functional

__all__ = [
    "COULD_NOT_ARRIVE",
    "RECEIVER",
    "SENDER",
    "Call",
    "CallFailed",
    "Reply",
    "call",
    "endpoint_url",
    "functional",
]
