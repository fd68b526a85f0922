"""A status of an EVSE at which one driver waits or charges: its news is kept, and the ad-hoc session woken, by what
stores the status (`connecting` says what it tells). Where several are live there it is for `connecting.evse_news`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from ocpi.models import Evse
from ocpi.receivers import EvseNews, Following
from sessions_adhoc.engine.queueing import advance_together
from sessions_adhoc.models import AdHocSession, ChargingAttempt, TimelineEvent
from sessions_adhoc.news import connecting

EVSE, OWNER, ATTEMPT = (model._meta.db_table for model in (Evse, AdHocSession, ChargingAttempt))
EVENT = TimelineEvent._meta.db_table
JOINS = (
    f"LEFT JOIN LATERAL (SELECT s.id, s.xmin::text AS seen, COUNT(*) OVER () AS count FROM {OWNER} s"
    f" WHERE s.evse_id = {EVSE}.id AND {connecting.IS_LIVE} ORDER BY s.id LIMIT 1) owner ON TRUE"
    f" LEFT JOIN {ATTEMPT} attempt ON attempt.session_id = owner.id AND attempt.ended_at IS NULL"
)
COLUMNS = (
    *("owner.id::text", "owner.seen", "owner.count", "attempt.id", "attempt.energy_at"),
    *(f"attempt.{name}" for name in connecting.MOMENTS),
)
TYPED = (
    "owner uuid, owner_seen text, told_at timestamptz, noted_id bigint,"
    f" {', '.join(f'{name} timestamptz' for name in connecting.MOMENTS)},"
    " event text, state_from text, state_to text, event_message_id bigint"
)
KEPT = "FROM given JOIN stored USING (n) WHERE given.owner IS NOT NULL"
PARTS = (
    f"woken AS (UPDATE {OWNER} ad_hoc SET next_check_at = given.told_at {KEPT} AND ad_hoc.id = given.owner),"
    f" noted AS (UPDATE {ATTEMPT} attempt SET {', '.join(f'{name} = given.{name}' for name in connecting.MOMENTS)}"
    f" {KEPT} AND attempt.id = given.noted_id),"
    f" written AS (INSERT INTO {EVENT} (session_id, at, kind, text, state_from, state_to, actor, message_id)"
    f" SELECT owner, told_at, '{TimelineEvent.Kind.CONNECTOR.value}', event, state_from, state_to, '',"
    f" event_message_id {KEPT} AND given.event IS NOT NULL)"
)


@dataclass(frozen=True)
class Around:
    """What the look found of who is there, in the order of `COLUMNS`."""

    owner: str
    seen: str
    count: int
    attempt_id: int | None
    energy_at: datetime | None
    charging_at: datetime | None
    fell_at: datetime | None
    contradicts_at: datetime | None

    @property
    def attempt(self) -> ChargingAttempt | None:
        """The open attempt, as far as `connecting` looks at it."""
        if self.attempt_id is None:
            return None
        return ChargingAttempt(
            pk=self.attempt_id,
            energy_at=self.energy_at,
            connector_charging_at=self.charging_at,
            connector_fell_at=self.fell_at,
            connector_contradicts_at=self.contradicts_at,
        )


def follows(looked: Sequence[Any]) -> bool:
    """Whether anybody is live at the EVSE."""
    return looked[0] is not None


def decide(news: EvseNews, looked: Sequence[Any]) -> dict[str, Any] | None:
    """What is written, and who is woken; nothing where it tells nothing; None where several are there."""
    if not connecting.tells(news):
        return {}
    around = Around(*looked)
    if around.count > 1:
        return None
    now, attempt = timezone.now(), around.attempt
    kept: dict[str, Any] = {"owner": around.owner, "owner_seen": around.seen, "told_at": now}
    noted = attempt is not None and connecting.note(attempt, news.evse.status, now)
    if attempt is not None and noted:
        kept |= {"noted_id": attempt.pk, **{name: getattr(attempt, name) for name in connecting.MOMENTS}}
    if noted or not connecting.is_repeated(news):
        kept |= {"event": connecting.text_of(news), "event_message_id": news.message_id}
        kept |= {"state_from": news.previous, "state_to": news.evse.status}
    return kept


def wake(decided: Sequence[dict[str, Any]]) -> None:
    """Have the ad-hoc sessions advanced: they are due by now."""
    advance_together([one["owner"] for one in decided])


CONNECTORS = Following(JOINS, COLUMNS, follows, decide, TYPED, OWNER, PARTS, wake)
