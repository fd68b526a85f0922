"""Writing the timeline."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from sessions_adhoc.models import AdHocSession, TimelineEvent


def write(
    session: AdHocSession,
    kind: str,
    text: str,
    *,
    at: datetime | None = None,
    state_from: str = "",
    state_to: str = "",
    actor: str = "",
    message_id: int | None = None,
) -> TimelineEvent:
    """Append one event, in the caller's transaction."""
    return TimelineEvent.objects.create(
        session=session,
        at=at or timezone.now(),
        kind=kind,
        text=text,
        state_from=state_from,
        state_to=state_to,
        actor=actor,
        message_id=message_id,
    )


def append(events: Sequence[TimelineEvent]) -> None:
    """Append several, in their order, in one statement."""
    if events:
        TimelineEvent.objects.bulk_create(events)
