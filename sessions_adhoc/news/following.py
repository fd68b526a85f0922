"""A Session of a charge that goes on: its sample is kept, and its ad-hoc session woken, by what stores the Session.

That is nearly every Session that a driver waits for: linked to its attempt, valid, in the status that was told before,
after energy was first observed. Its news is then one sample (`metering`) and a deadline. Whatever else it may mean
(a first sight, a new status, an end, an orphan) is for `receiving.session_news`. The ad-hoc session must be as it was
read: who decides on it, or writes down other news of it, moves its row.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from ocpi.models import OcpiSession
from ocpi.receivers import Following, SessionNews
from sessions_adhoc.engine.queueing import advance_after_commit
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt, Sample
from sessions_adhoc.news import metering
from sessions_adhoc.states import TERMINAL

SESSION, OWNER = OcpiSession._meta.db_table, AdHocSession._meta.db_table
LINK, ATTEMPT, SAMPLE = (model._meta.db_table for model in (AttemptSession, ChargingAttempt, Sample))
JOINS = (
    f"LEFT JOIN {LINK} link ON link.ocpi_session_id = {SESSION}.id"
    f" LEFT JOIN {ATTEMPT} attempt ON attempt.id = link.attempt_id"
    f" LEFT JOIN {OWNER} owner ON owner.id = attempt.session_id"
    f" LEFT JOIN LATERAL (SELECT at, received_at, kwh FROM {SAMPLE} WHERE attempt_id = attempt.id"
    f" AND ocpi_session_id = {SESSION}.id AND ignored = '' ORDER BY id DESC LIMIT 1) newest ON TRUE"
)
COLUMNS = (
    *("link.validity", "link.status_told", "attempt.id", "attempt.failure", "attempt.energy_at"),
    *("attempt.authorization_reference", "owner.id::text", "owner.xmin::text", "owner.state"),
    *("(owner.policy ->> 'meter_interval')::float", "newest.at", "newest.received_at", "newest.kwh"),
)
READING = ("at", "received_at", "kwh", "kw", "kw_derived", "soc", "source", "ignored", "faults", "message_id")
TYPED = (
    "owner uuid, owner_seen text, sample_attempt_id bigint, sample_at timestamptz, sample_received_at timestamptz,"
    " sample_kwh numeric, sample_kw numeric, sample_kw_derived boolean, sample_soc numeric, sample_source text,"
    " sample_ignored text, sample_faults text, sample_message_id bigint"
)
PARTS = (
    f"woken AS (UPDATE {OWNER} ad_hoc SET next_check_at = given.sample_received_at FROM given JOIN changed USING (n)"
    " WHERE ad_hoc.id = given.owner),"
    f" sampled AS (INSERT INTO {SAMPLE} (attempt_id, ocpi_session_id, {', '.join(READING)})"
    f" SELECT sample_attempt_id, id, {', '.join(f'sample_{name}' for name in READING)}"
    " FROM given JOIN changed USING (n) WHERE given.owner IS NOT NULL)"
)


def follows(looked: Sequence[Any]) -> bool:
    """Whether the Session is linked to an attempt."""
    return looked[0] is not None


def decide(news: SessionNews, looked: Sequence[Any]) -> dict[str, Any] | None:
    """The sample, and who is woken; None where the news may mean more."""
    validity, told, attempt_id, failure, energy_at, reference, owner, seen, state, interval, *newest = looked
    goes_on = validity == AttemptSession.Validity.VALID and told == news.session.status and energy_at is not None
    if not goes_on or failure or state in TERMINAL or news.session.authorization_reference.lower() != reference:
        return None
    last = Sample(at=newest[0], received_at=newest[1], kwh=newest[2]) if newest[0] else None
    reading = metering.read_meter(news, last, timezone.now(), valid=True, interval=interval)
    sample = {f"sample_{name}": value for name, value in reading.items()}
    return {"owner": owner, "owner_seen": seen, "sample_attempt_id": attempt_id, **sample}


def wake(decided: dict[str, Any]) -> None:
    """Have the ad-hoc session advanced: it is due by now."""
    advance_after_commit(UUID(decided["owner"]))


CHARGES = Following(JOINS, COLUMNS, follows, decide, TYPED, OWNER, PARTS, wake)
