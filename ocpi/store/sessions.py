"""Sessions as CPOs send them (OCPI 2.2.1 §9.2.2).

The newest update wins (`ocpi.store.stamps`); an equal one counts as newest, so that sending twice does no harm. An
older one still contributes the charging periods that we lack, and has the Session read anew where it tells of more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from ocpi import receivers
from ocpi.models import OcpiSession
from ocpi.store import columns, refresh, returning, stamps
from ocpi.store.base import (
    THIS_ONE,
    NotFound,
    Party,
    Stored,
    check_identity,
    convert,
    in_transaction,
    key,
    serve,
    storable,
)
from ocpi.store.stamps import Stamp
from ocpi.versions import Lenience, Version, power_kw, state_of_charge
from ocpi.versions.patching import as_list, moment
from partners.ground.rows import Table, for_update, run

PERIODS = "charging_periods"
SESSIONS = Table(OcpiSession)
READ = f"SELECT {SESSIONS.columns}, xmin::text FROM {SESSIONS.name} {THIS_ONE}"  # noqa: S608
UNLESS_THERE = "ON CONFLICT DO NOTHING RETURNING id"
ORDER = {"ACTIVE": 1, "COMPLETED": 2, "INVALID": 2}
UNDATED = timedelta(microseconds=1)
"""A PATCH without `last_updated` is so much newer than what it changed: the PUT before it, once more, is then older."""


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
    asked: datetime | None = None

    @property
    def undated(self) -> bool:
        return self.source == "PATCH" and not self.named.get("last_updated")

    @property
    def stamp(self) -> Stamp:
        """What it is compared by."""
        known: datetime = self.obj.last_updated
        if self.source == "GET":
            return stamps.pull_stamp(known, self.asked or self.at)
        return Stamp(known + UNDATED if self.undated else known, self.at)

    def outdated(self, row: OcpiSession) -> bool:
        """Whether the stored one is newer.

        What two clocks stamped, or one with the same stamp, is told apart by what it says, as far as it can be: a
        message that was delayed, under a clock that is ahead, or overtaken within a second tells of less.
        """
        alike = self.source != "GET" and self.stamp.said == row.last_updated
        if (alike or self.doubtful(row)) and _standing(self.obj) != _standing(row):
            return _standing(self.obj) < _standing(row)
        return stamps.is_outdated(self.stamp, row)

    def doubtful(self, row: OcpiSession) -> bool:
        """Whether two clocks stamped it and what is stored. A GET, and what comes undated, leave no doubt."""
        if self.undated or self.source == "GET":
            return False
        return not stamps.alike(self.stamp, stamps.of(row))


def put_session(
    party: Party,
    session_id: str | None,
    data: Any,
    *,
    source: str = "PUT",
    message_id: int | None = None,
    asked: datetime | None = None,
) -> Stored[OcpiSession]:
    """Store a whole Session, pushed (`source="PUT"`) or pulled (`"GET"`; `session_id` None), asked for at `asked`.

    Raises:
        Invalid: with every fault, also when its ids are not those of the URL.
    """
    parsed = party.version.parse("session", data, owner=party.owner)
    check_identity(party, parsed.obj, id=session_id)
    update = _Update(party, parsed.obj, dict(data), data, source, message_id, parsed.leniences, timezone.now(), asked)

    def whole(_row: OcpiSession | None) -> _Update:
        return update

    stored = _at_once(party, parsed.obj.id, whole) or in_transaction(
        lambda: _store(update, _lock_session(party, parsed.obj.id))
    )
    if source == "PUT":
        stamps.measure(party.partner.pk, parsed.obj.last_updated, stored.said_before, message_id)
    return stored


def patch_session(party: Party, session_id: str, change: Any, *, message_id: int | None = None) -> Stored[OcpiSession]:
    """Merge a PATCH into the stored Session; charging periods are added to those that are there (§9.2.2.3).

    One without `last_updated` (2.1.1 allows it) counts as newest and comes right after what is stored: that is by the
    partner's clock, and ours beside it could shut out what the partner sends next.
    Raises:
        NotFound: no such Session.
        Invalid: the PATCH, or the Session that it makes, has faults.
    """

    def merged(row: OcpiSession | None) -> _Update:
        if row is None:
            raise NotFound(f"There is no Session {session_id!r}: send it with PUT.")
        now = timezone.now()
        patched = party.version.parse_patch("session", change, _raw(row, party.version), owner=party.owner)
        check_identity(party, patched.obj, id=session_id)
        return _Update(party, patched.obj, patched.raw, change, "PATCH", message_id, patched.leniences, now)

    def work() -> Stored[OcpiSession]:
        row = _lock_session(party, session_id)
        return _store(merged(row), row)

    stored = _at_once(party, session_id, merged) or in_transaction(work)
    stamps.measure(party.partner.pk, stamps.named_stamp(change), stored.said_before, message_id)
    return stored


def session_wire(party: Party, session_id: str, version: Version) -> dict[str, Any] | None:
    """Return the Session as `version` writes it, or None."""
    row = OcpiSession.objects.filter(**party.where(session_id)).first()
    if row is None:
        return None
    return serve("session", row.raw, row.version, version, (row.country_code, row.party_id))


def _lock_session(party: Party, session_id: str) -> OcpiSession | None:
    return SESSIONS.first(f"{THIS_ONE} {for_update()}", party.keys(session_id))


def _at_once(
    party: Party, session_id: str, make: Callable[[OcpiSession | None], _Update]
) -> Stored[OcpiSession] | None:
    """Store what nobody waits for, in one statement that holds only if the row is still as it was read.

    None when it did not: another writer was there, somebody waits for this Session, or it is older than what is stored.
    Then it is done again, with locks. PostgreSQL only: `xmin` names the transaction that wrote a row.
    """
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return None
    found = run(READ, party.keys(session_id))
    row, seen = (SESSIONS.read(found[0]), found[0][-1]) if found else (None, None)
    update = make(row)
    if row is not None and (update.outdated(row) or returning.names_another(update.obj, update.source, row)):
        return None
    created, changed, before = row is None, True, row.last_updated if row else None
    if row is None:
        row = _new(update)
    else:
        changed = _take_over(update, row)
    waits = receivers.nobody_waits_for(row)
    if waits is None:
        return None
    nobody_waits, params = waits
    if created:
        statement = f"{SESSIONS.insert_into} SELECT {SESSIONS.typed_marks} WHERE {nobody_waits} {UNLESS_THERE}"
        written = run(statement, [*SESSIONS.values(row, adding=True), *params])
    else:
        statement = f"UPDATE {SESSIONS.name} SET {SESSIONS.assignments} WHERE id = %s AND xmin::text = %s"  # noqa: S608
        values = [*SESSIONS.values(row, adding=False), row.pk, seen, *params]
        written = run(f"{statement} AND {nobody_waits} RETURNING id", values)
    if not written:
        return None
    row.pk = written[0][0]
    return Stored(row, created, changed, stale=False, leniences=update.leniences, said_before=before)


def _standing(session: Any) -> tuple[int, Decimal]:
    """How far a charge is: what is over is further than what runs, and then more energy is. A row, or a parsed one."""
    return ORDER.get(str(session.status), 0), columns.required_number(OcpiSession, "kwh", session.kwh, "kwh")


def _raw(row: OcpiSession, version: Version) -> dict[str, Any]:
    return convert("session", row.raw, row.version, version, (row.country_code, row.party_id))


def _store(update: _Update, row: OcpiSession | None) -> Stored[OcpiSession]:
    if row is not None and (first := returning.earlier(update.obj, update.source, row)):
        return Stored(first, changed=False, stale=True, leniences=update.leniences, said_before=row.last_updated)
    if row is not None and returning.is_another(update.obj, update.source, row):
        returning.set_aside(row)
        row = None
    created = row is None
    stale, before = row is not None and update.outdated(row), row.last_updated if row else None
    if row is None:
        row, changed = _new(update), True
        SESSIONS.insert(row)
    elif stale:
        changed = _keep_periods(update, row)
    else:
        changed = _take_over(update, row)
        SESSIONS.update(row)
    receivers.session_received(_news(update, row, created, stale))
    return Stored(row, created, changed, stale, update.leniences, before)


def _new(update: _Update) -> OcpiSession:
    row = OcpiSession(
        **update.party.where(update.obj.id),
        first_kwh=columns.number(OcpiSession, "first_kwh", update.obj.kwh, "kwh"),
        first_seen_at=update.at,
    )
    _fill(update, row)
    return row


def _take_over(update: _Update, row: OcpiSession) -> bool:
    """Make the stored row what the update says; return whether that is anything new."""
    before, heard_at = row.raw, row.news_at
    same_moment = update.obj.last_updated in (row.last_updated, row.last_updated - UNDATED)
    no_newer = update.obj.last_updated < row.last_updated and _standing(update.obj) == _standing(row)
    repeated = update.source == "GET" and (same_moment or no_newer)
    if update.source != "PATCH":
        row.gone_periods = _periods_taken_back(row, update.raw)
    _fill(update, row)
    if repeated:
        # We asked, and the CPO has nothing new: that is silence, not news (rule 17).
        row.news_at = heard_at
    if update.source != "PATCH":
        row.needs_pull = False
    return bool(row.raw != before)


def _keep_periods(update: _Update, row: OcpiSession) -> bool:
    """Add the charging periods of an outdated update that are missing; nothing else of it counts.

    What else it carried may be lost, as a newer PATCH names only what changed after it: hence `needs_pull`. Periods
    that a whole Session took back do not return. It is no sign of life either: it was sent before what we know (rules
    17, 22).
    """
    # What is older than a whole Session that came since says nothing that this one did not settle.
    settled = row.whole_at is not None and update.obj.last_updated < row.whole_at
    added = _add_periods(update, row)
    unsure = update.doubtful(row) or _standing(update.obj) > _standing(row)
    if update.source != "GET" and (added or unsure or not settled):
        row.needs_pull = True
        since = min(row.last_updated, update.obj.last_updated)
        refresh.ask(update.party, "sessions", row.ocpi_id, since.replace(microsecond=0))
    if update.source == "PUT" and not settled:
        row.whole_at = update.obj.last_updated
    row.save(force_update=True)
    return added


def _add_periods(update: _Update, row: OcpiSession) -> bool:
    offered = as_list(update.named.get(PERIODS))
    if not offered:
        return False
    stored = _raw(row, update.party.version)
    periods = as_list(stored.get(PERIODS))
    known = {_start(period) for period in periods} | {moment(start) for start in row.gone_periods}
    missing = [period for period in offered if _start(period) not in known]
    if not missing:
        return False
    row.raw = storable({**stored, PERIODS: [*periods, *missing]})
    row.version = update.party.version.number
    return True


def _periods_taken_back(row: OcpiSession, raw: Mapping[str, Any]) -> list[Any]:
    """When charging periods began that were known and are not in a whole Session any more."""
    before = {str(period["start_date_time"]) for period in as_list(row.raw.get(PERIODS))} | set(row.gone_periods)
    left = before - {str(period["start_date_time"]) for period in as_list(raw.get(PERIODS))}
    if not left:
        return []
    there = {_start(period) for period in as_list(raw.get(PERIODS))}
    return sorted(start for start in left if moment(start) not in there)


def _start(period: Any) -> Any:
    """When a charging period, as received, begins: that is what tells it from the others."""
    return moment(period["start_date_time"])


def _fill(update: _Update, row: OcpiSession) -> None:
    obj = update.obj
    row.ocpi_id, row.ocpi_key = str(obj.id), key(obj.id)
    row.version = update.party.version.number
    row.raw = storable(update.raw)
    stamp = update.stamp
    if update.source == "GET" and row.last_updated == obj.last_updated + UNDATED:
        stamp = replace(stamp, said=row.last_updated)  # what came before an undated PATCH stays older
    stamps.keep(row, stamp)
    if update.source != "PATCH":
        row.whole_at = obj.last_updated
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
