"""The connector of a live session: CHARGING and the fall from it (rules 13-16), and who waits for it."""

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from ocpi.receivers import EvseNews
from sessions_adhoc import timeline
from sessions_adhoc.decide.session_facts import CONNECTOR_READY
from sessions_adhoc.engine.queueing import wake
from sessions_adhoc.models import AdHocSession, ChargingAttempt, TimelineEvent
from sessions_adhoc.states import TERMINAL

MOMENTS = ["connector_charging_at", "connector_fell_at", "connector_contradicts_at"]
FREE = CONNECTOR_READY | {"AVAILABLE"}
NOT_CHARGING = frozenset({"INOPERATIVE", "OUTOFORDER", "PLANNED", "REMOVED", "RESERVED"})
"""In these nothing is charged, and it is not free either (rule 17). What OCPI has no such word for is none of them."""
IS_LIVE = f"s.ended_at IS NULL AND s.state NOT IN ({', '.join(repr(str(state)) for state in sorted(TERMINAL))})"
LIVE_AT_EVSE = f"SELECT 1 FROM {AdHocSession._meta.db_table} s WHERE s.evse_id = CAST(%s AS bigint) AND {IS_LIVE}"  # noqa: S608
"""Whose news a status is (`evse_news`), for the statement that stores it."""


def evse_news(news: EvseNews) -> None:
    """The connector of a live session: note CHARGING and the fall from it (rules 13-16), wake who waits."""
    if not tells(news):
        return
    live = AdHocSession.objects.filter(evse_id=news.evse.pk, ended_at=None).exclude(state__in=TERMINAL)
    ids = list(live.values_list("pk", flat=True))
    if not ids:
        return
    now = timezone.now()
    wake(ids, now)
    for session_id in ids:
        if not _note_connector(session_id, news) and is_repeated(news):
            continue
        timeline.write(
            AdHocSession(pk=session_id),
            TimelineEvent.Kind.CONNECTOR,
            text_of(news),
            at=now,
            state_from=news.previous,
            state_to=news.evse.status,
            message_id=news.message_id,
        )


def is_repeated(news: EvseNews) -> bool:
    return news.evse.status == news.previous


def tells(news: EvseNews) -> bool:
    """Whether it is news: at an EVSE that is new nobody can be waiting, and most that is repeated says nothing.

    What is true counts, not only what changes: CHARGING before the START and again after it is CHARGING (rule 14).
    """
    return bool(news.previous) and (not is_repeated(news) or news.evse.status == "CHARGING")


def text_of(news: EvseNews) -> str:
    """The status, for the timeline."""
    said = news.evse.status_received or news.evse.status
    return f"Connector {said}, as before" if is_repeated(news) else f"Connector {news.previous} → {said}"


def _note_connector(session_id: UUID, news: EvseNews) -> bool:
    attempt = ChargingAttempt.objects.filter(session_id=session_id, ended_at=None).first()
    if attempt is None or not note(attempt, news.evse.status, timezone.now()):
        return False
    attempt.save(update_fields=MOMENTS)
    return True


def note(attempt: ChargingAttempt, status: str, at: datetime) -> bool:
    """Note what the connector says during an attempt; return whether that is anything new. Nothing is written.

    `at`: by our own clock, and by the order of arrival: theirs may differ (rules 15, 16).
    """
    before = _moments(attempt)
    if status == "CHARGING":
        attempt.connector_charging_at = attempt.connector_charging_at or at
        attempt.connector_fell_at = attempt.connector_contradicts_at = None
    elif status in NOT_CHARGING:
        attempt.connector_contradicts_at = attempt.connector_contradicts_at or at
    else:
        attempt.connector_contradicts_at = None  # what it said before lasted no longer
        if status in FREE and _is_fall(attempt, status):
            attempt.connector_fell_at = attempt.connector_fell_at or at
    return _moments(attempt) != before


def _moments(attempt: ChargingAttempt) -> list[datetime | None]:
    return [getattr(attempt, name) for name in MOMENTS]


def _is_fall(attempt: ChargingAttempt, status: str) -> bool:
    """Rule 14: BLOCKED before CHARGING is the way in. Without any CHARGING only AVAILABLE is a fall."""
    if attempt.connector_charging_at is not None:
        return True
    return status == "AVAILABLE" and attempt.energy_at is not None
