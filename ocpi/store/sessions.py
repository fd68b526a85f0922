"""Sessions as CPOs send them (OCPI 2.2.1 §9.2.2).

The update with the newest `last_updated` wins; an equal one counts as newest, so that sending twice does no
harm. An older one still contributes the charging periods that we lack.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from ocpi import receivers
from ocpi.models import OcpiSession
from ocpi.store import columns
from ocpi.store.base import (
    THIS_ONE,
    NotFound,
    Party,
    Stored,
    check_identity,
    converted,
    in_transaction,
    key,
    outdated,
    storable,
)
from ocpi.versions import Lenience, Version, power_kw, state_of_charge
from ocpi.versions.patching import as_list, moment
from partners.rows import Table, for_update

PERIODS = "charging_periods"
SESSIONS = Table(OcpiSession)


@dataclass(frozen=True)
class _Update:
    """One update: the whole session after it, and the parts that the message itself named."""

    party: Party
    obj: Any
    raw: dict[str, Any]
    named: Mapping[str, Any]
    source: str
    message_id: int | None
    leniences: tuple[Lenience, ...]
    at: datetime


def put_session(
    party: Party,
    session_id: str | None,
    data: Any,
    *,
    source: str = "PUT",
    message_id: int | None = None,
) -> Stored[OcpiSession]:
    """Store a whole Session, pushed (`source="PUT"`) or pulled (`"GET"`; `session_id` None).

    Raises:
        Invalid: with every fault, also when its ids are not those of the URL.
    """
    parsed = party.version.parse("session", data, owner=party.owner)
    check_identity(party, parsed.obj, id=session_id)
    update = _Update(party, parsed.obj, dict(data), data, source, message_id, parsed.leniences, timezone.now())
    return in_transaction(lambda: _store(update, _locked(party, parsed.obj.id)))


def patch_session(party: Party, session_id: str, change: Any, *, message_id: int | None = None) -> Stored[OcpiSession]:
    """Merge a PATCH into the stored Session; charging periods are added to those that are there (§9.2.2.3).

    One without `last_updated` (2.1.1 allows it) counts as newest and leaves the stored moment as it is: that is by the
    partner's clock, and ours beside it could shut out what the partner sends next.
    Raises:
        NotFound: no such Session.
        Invalid: the PATCH, or the Session that it makes, has faults.
    """

    def work() -> Stored[OcpiSession]:
        row = _locked(party, session_id)
        if row is None:
            raise NotFound(f"There is no Session {session_id!r}: send it with PUT.")
        now = timezone.now()
        patched = party.version.parse_patch("session", change, _raw(row, party.version), owner=party.owner)
        check_identity(party, patched.obj, id=session_id)
        update = _Update(party, patched.obj, patched.raw, change, "PATCH", message_id, patched.leniences, now)
        return _store(update, row)

    return in_transaction(work)


def session_wire(party: Party, session_id: str, version: Version) -> dict[str, Any] | None:
    """Return the Session as `version` writes it, or None."""
    row = OcpiSession.objects.filter(**party.where(session_id)).first()
    return _raw(row, version) if row else None


def _locked(party: Party, session_id: str) -> OcpiSession | None:
    return SESSIONS.first(f"{THIS_ONE} {for_update()}", party.keys(session_id))


def _raw(row: OcpiSession, version: Version) -> dict[str, Any]:
    return converted("session", row.raw, row.version, version, (row.country_code, row.party_id))


def _store(update: _Update, row: OcpiSession | None) -> Stored[OcpiSession]:
    created = row is None
    stale = row is not None and outdated(update.obj.last_updated, row.last_updated)
    if row is None:
        row, changed = _insert(update), True
    elif stale:
        changed = _keep_periods(update, row)
    else:
        changed = _overwrite(update, row)
    receivers.session_received(_news(update, row, created, stale))
    return Stored(row, created, changed, stale, update.leniences)


def _insert(update: _Update) -> OcpiSession:
    row = OcpiSession(
        **update.party.where(update.obj.id),
        first_kwh=columns.number(OcpiSession, "first_kwh", update.obj.kwh, "kwh"),
        first_seen_at=update.at,
    )
    _fill(update, row)
    SESSIONS.insert(row)
    return row


def _overwrite(update: _Update, row: OcpiSession) -> bool:
    before, heard_at = row.raw, row.news_at
    repeated = update.source == "GET" and update.obj.last_updated == row.last_updated
    _fill(update, row)
    if repeated:
        # We asked, and the CPO has nothing new: that is silence, not news (rule 17).
        row.news_at = heard_at
    if update.source != "PATCH":
        row.needs_pull = False
    SESSIONS.update(row)
    return bool(row.raw != before)


def _keep_periods(update: _Update, row: OcpiSession) -> bool:
    """Add the charging periods of an outdated update that are missing; nothing else of it counts.

    What else it carried may be lost, as a newer PATCH names only what changed after it: hence `needs_pull`.
    """
    if update.source != "GET":
        row.news_at = update.at
    row.needs_pull = row.needs_pull or update.source != "GET"
    offered = as_list(update.named.get(PERIODS))
    if offered:
        stored = _raw(row, update.party.version)
        periods = as_list(stored.get(PERIODS))
        known = {_start(period) for period in periods}
        missing = [period for period in offered if _start(period) not in known]
        if missing:
            row.raw = storable({**stored, PERIODS: [*periods, *missing]})
            row.version = update.party.version.number
            row.save(force_update=True)
            return True
    row.save(update_fields=["news_at", "needs_pull", "updated_at"])
    return False


def _start(period: Any) -> Any:
    """When a charging period, as received, begins: that is what tells it from the others."""
    return moment(period["start_date_time"])


def _fill(update: _Update, row: OcpiSession) -> None:
    obj = update.obj
    row.ocpi_id, row.ocpi_key = str(obj.id), key(obj.id)
    row.version = update.party.version.number
    row.raw = storable(update.raw)
    row.last_updated = obj.last_updated
    row.news_at = update.at
    row.kwh = columns.required_number(OcpiSession, "kwh", obj.kwh, "kwh")
    row.start_at, row.end_at = obj.start_date_time, obj.end_date_time
    row.token_uid = columns.text(OcpiSession, "token_uid", obj.cdr_token.uid)
    for column in (
        "status",
        "authorization_reference",
        "location_id",
        "evse_uid",
        "connector_id",
        "currency",
    ):
        setattr(row, column, columns.text(OcpiSession, column, getattr(obj, column)))
    if row.status == "ACTIVE" and row.first_active_at is None:
        row.first_active_at = update.at


def _news(update: _Update, row: OcpiSession, created: bool, stale: bool) -> receivers.SessionNews:
    """What this message says of the meter: a PATCH without `kwh` says nothing of it, whatever is stored."""
    told = update.obj
    if update.source == "PATCH":
        starts = {_start(period) for period in as_list(update.named.get(PERIODS))}
        own = tuple(period for period in told.charging_periods if period.start_date_time in starts)
        told = told.model_copy(update={PERIODS: own})
    return receivers.SessionNews(
        session=row,
        at=told.last_updated if update.source != "PATCH" or update.named.get("last_updated") else update.at,
        kwh=told.kwh if "kwh" in update.named else None,
        kw=power_kw(told),
        soc=state_of_charge(told),
        source=update.source,
        created=created,
        stale=stale,
        message_id=update.message_id,
    )
