"""Handing due pushes to workers: few at a time per partner, and nobody waits for another partner."""

from datetime import datetime

from ocpi.calls.handing_out import Few
from ocpi.models import TokenPush
from partners.models import Partner

PUSH_TASK = "ocpi.tasks.push_token"
AT_ONCE = 2  # calls to one partner; the tokens of a whole customer base must not crowd out its commands
PUSHES = Few(TokenPush, PUSH_TASK, AT_ONCE)


def hand_out_due(now: datetime) -> int:
    """Hand out what is due, for every connected partner; return how many."""
    return PUSHES.hand_out_due(now)


def hand_out(partner: Partner) -> int:
    """Hand out the partner's due pushes, if it is connected; return how many."""
    return PUSHES.hand_out(partner) if partner.connection == Partner.Connection.CONNECTED else 0
