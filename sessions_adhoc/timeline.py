"""Writing the timeline."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from ocpi.receivers import SessionNews
from partners.ground.numbers import plain
from partners.ground.writes import Writes
from sessions_adhoc.models import AdHocSession, TimelineEvent


def event(
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
    """Return an event that is still to be written."""
    return TimelineEvent(
        session=session,
        at=at or timezone.now(),
        kind=kind,
        text=text,
        state_from=state_from,
        state_to=state_to,
        actor=actor,
        message_id=message_id,
    )


def session_text(news: SessionNews, remark: str = "") -> str:
    """What a Session says, for the timeline."""
    session = news.session
    return f"{news.source} Session {session.ocpi_id}: {session.status}, {plain(session.kwh)} kWh{remark}"


def write(session: AdHocSession, kind: str, text: str, **more: Any) -> None:
    """Append one event, in the caller's transaction; `more` as for `event`."""
    writes = Writes()
    writes.add(event(session, kind, text, **more))
    writes.run()
