"""What still passes of a suspended partner: what charges need that were live, for a day at most (rule 37)."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from ocpi import receivers
from ocpi.receivers import Names
from partners.models import Partner

LONGEST = timedelta(hours=24)
ASKED_FOR = frozenset({"sessions", "cdrs"})
"""Modules that we still ask with GET."""


def passes(partner: Partner, names: Names) -> bool:
    """Whether what these names are about may pass, in either direction; a partner that is not suspended is free."""
    if partner.connection != Partner.Connection.SUSPENDED:
        return True
    return _in_time(partner) and receivers.is_finishing(partner.pk, names)


def _in_time(partner: Partner) -> bool:
    return partner.suspended_at is not None and timezone.now() < partner.suspended_at + LONGEST


def call_passes(partner: Partner, method: str, module: str, command: str) -> bool:
    """Whether a call of ours may go out: STOP_SESSION, and GET of what ends a charge.

    A STOP begins nothing, and whoever it is for may be given up by now: it needs no live charge, only its time.
    """
    if partner.connection != Partner.Connection.SUSPENDED:
        return True
    if (module, command) == ("commands", "STOP_SESSION"):
        return _in_time(partner)
    return method == "GET" and module in ASKED_FOR and passes(partner, Names())


def named_in(body: Any, session_id: str = "") -> Names:
    """What a Session or CDR, as received, says that it is about: 2.1.1 has `auth_id` only."""
    if not isinstance(body, dict):
        return Names(session_id=session_id)
    token = body.get("cdr_token")
    uid = token.get("uid") if isinstance(token, dict) else body.get("auth_id")
    said = {
        "session_id": session_id or body.get("session_id"),
        "reference": body.get("authorization_reference"),
        "token": uid,
    }
    return Names(**{name: value for name, value in said.items() if isinstance(value, str)})
