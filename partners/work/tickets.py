"""Taking, acknowledging and putting off what needs somebody.

Two at once follow each other: the last press counts, and each is in the history.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from partners.models import Incident, Partner, Ticket

ACKNOWLEDGED_FOR = timedelta(days=1)
"""What somebody works on comes back into everybody's queue after that, so that it is never forgotten."""
LONGEST_PAUSE = timedelta(days=30)


def incident_key(pk: int) -> str:
    return f"incident:{pk}"


def partner_key(pk: int) -> str:
    return f"partner:{pk}"


def key_of(row: Partner | Incident) -> str:
    """The key of the ticket about a partner or an incident."""
    return incident_key(row.pk) if isinstance(row, Incident) else partner_key(row.pk)


def ticket_of(key: str, partner_id: int | None) -> Ticket:
    """The ticket, made where there is none yet."""
    return Ticket.objects.get_or_create(key=key, defaults={"partner_id": partner_id})[0]


def tickets_of(keys: Collection[str]) -> dict[str, Ticket]:
    """Those that exist. One query; none for no keys."""
    rows = Ticket.objects.filter(key__in=keys).select_related("assignee") if keys else ()
    return {row.key: row for row in rows}


def give(ticket: Ticket, user: Any) -> None:
    """Make it the work of `user`; of nobody, with None: then it is in everybody's queue again."""
    values: dict[str, Any] = {"assignee": user, "taken_at": timezone.now() if user else None}
    if user is None:
        values["quiet_until"] = None
    Ticket.objects.filter(pk=ticket.pk).update(**values)


def acknowledge(ticket: Ticket, user: Any, state: str) -> None:
    """`user` has seen what it needs now (`state`) and works on it: for a day it is in nobody else's queue."""
    now = timezone.now()
    Ticket.objects.filter(pk=ticket.pk).update(
        assignee=user, taken_at=now, quiet_until=now + ACKNOWLEDGED_FOR, state_seen=state, why=""
    )


def put_off(ticket: Ticket, until: datetime, state: str, why: str) -> None:
    """Leave what it needs now out of the queue until then. Raises ValueError for a moment that is past or too far."""
    now = timezone.now()
    if not now < until <= now + LONGEST_PAUSE:
        raise ValueError(f"Put it off until a moment in the next {LONGEST_PAUSE.days} days.")
    Ticket.objects.filter(pk=ticket.pk).update(quiet_until=until, state_seen=state, why=why.strip()[:300])


def is_quiet(ticket: Ticket | None, state: str, now: datetime) -> bool:
    """Whether it was acknowledged or put off, and needs the same as then."""
    return bool(ticket and ticket.quiet_until and ticket.quiet_until > now and ticket.state_seen == state)
