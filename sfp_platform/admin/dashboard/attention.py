"""The queue: what is our turn, worst first, each thing in one row.

Which rows there are is read from the states themselves, never kept: what is done is gone with the next look. Who has
taken a row, or put it off, is in its ticket.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from partners.work.tickets import is_quiet, tickets_of
from sfp_platform.admin.dashboard import charges, clients, network, turns
from sfp_platform.admin.dashboard.item import Item, Look

MOST = 25
MOST_OF_ALL = 300


class Which(StrEnum):
    """Which part of the queue is shown."""

    OPEN = ""
    MINE = "mine"
    ALL = "all"


@dataclass(frozen=True)
class Queue:
    """What is shown of it. `more`: how many rows there are besides."""

    which: Which
    items: list[Item]
    more: int
    mine: int
    quiet: int


def queue(user: Any, now: datetime, which: Which = Which.OPEN) -> Queue:
    """The queue, as far as `user` may see it. A constant number of queries."""
    items = everything(user, now)
    tickets = tickets_of({item.key for item in items})
    items = [replace(item, ticket=tickets.get(item.key)) for item in items]
    mine = [item for item in items if item.ticket and item.ticket.assignee_id == user.pk]
    loud = [item for item in items if not is_quiet(item.ticket, item.state, now)]
    shown = {Which.OPEN: loud, Which.MINE: mine, Which.ALL: items}[which]
    most = MOST if which == Which.OPEN else MOST_OF_ALL
    return Queue(which, shown[:most], len(shown[most:]), len(mine), len(items) - len(loud))


def everything(user: Any, now: datetime) -> list[Item]:
    """All rows that `user` may see, worst first, each thing once."""
    found = [item for permission, look in LOOKS if user.has_perm(permission) for item in look(now)]
    return sorted(_once(found), key=lambda item: (-item.weight, item.since or now))


def _once(items: Iterable[Item]) -> list[Item]:
    """Of several rows about the same thing the first: LOOKS has them in the order in which they say most."""
    kept: list[Item] = []
    known: set[str] = set()
    for item in items:
        if known.isdisjoint(item.about):
            kept.append(item)
        known |= item.about
    return kept


LOOKS: tuple[tuple[str, Look], ...] = (
    ("sessions_adhoc.view_adhocsession", charges.escalated),
    ("billing.view_paymentauthorization", charges.stuck_payments),
    ("sessions_adhoc.view_contractrecord", clients.held_charges),
    ("sessions_adhoc.view_webhookdelivery", clients.webhooks),
    ("billing.view_restorefinding", charges.after_a_restore),
    ("partners.view_partner", turns.turns),
    ("partners.view_partner", network.failed_handshakes),
    ("partners.view_incident", network.incidents),
    ("sessions_adhoc.view_adhocsession", charges.overdue),
    ("partners.view_partner", turns.suspended),
    ("onboarding.view_alert", network.failing_alerts),
    ("partners.view_partnerrole", network.parties_to_decide),
    ("ocpi.view_syncrun", network.failed_syncs),
    ("ocpi.view_syncrun", network.refused_locations),
    ("ocpi.view_tokenpush", network.failing_pushes),
)
