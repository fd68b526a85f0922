"""Sessions as CPOs send them (OCPI 2.2.1 §9.2.2).

The newest update wins (`ocpi.store.stamps`); an equal one counts as newest, so that sending twice does no harm. An
older one still contributes the charging periods that we lack, and has the Session read anew where it tells of more.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from ocpi import receivers
from ocpi.models import OcpiSession
from ocpi.store import refresh, returning, stamps
from ocpi.store.base import (
    THIS_ONE,
    NotFound,
    Party,
    Stored,
    in_transaction,
    serve,
    storable,
)
from ocpi.store.session_updates import (
    PERIODS,
    Update,
    merge,
    new_row,
    raw_of,
    read_patch,
    read_put,
    standing,
    start_of,
    take_over,
)
from ocpi.versions import Version, power_kw, state_of_charge
from ocpi.versions.patching import as_list, moment
from partners.ground.rows import Table, for_update, run

SESSIONS = Table(OcpiSession)
READ = f"SELECT {SESSIONS.columns}, xmin::text FROM {SESSIONS.name} {THIS_ONE}"
UNLESS_THERE = "ON CONFLICT DO NOTHING RETURNING id"


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
    update = read_put(party, session_id, data, timezone.now(), source=source, message_id=message_id, asked=asked)

    def whole(_row: OcpiSession | None) -> Update:
        return update

    stored = _at_once(party, update.obj.id, whole) or in_transaction(
        lambda: _store(update, _lock_session(party, update.obj.id))
    )
    if source == "PUT":
        stamps.measure(party.partner.pk, update.obj.last_updated, stored.said_before, message_id)
    return stored


def patch_session(party: Party, session_id: str, change: Any, *, message_id: int | None = None) -> Stored[OcpiSession]:
    """Merge a PATCH into the stored Session; charging periods are added to those that are there (§9.2.2.3).

    One without `last_updated` (2.1.1 allows it) counts as newest and comes right after what is stored: that is by the
    partner's clock, and ours beside it could shut out what the partner sends next.
    Raises:
        NotFound: no such Session.
        Invalid: the PATCH, or the Session that it makes, has faults.
    """

    def merged(row: OcpiSession | None) -> Update:
        return read_patch(party, session_id, change, row, timezone.now(), message_id=message_id)

    def work() -> Stored[OcpiSession]:
        row = _lock_session(party, session_id)
        return _store(merged(row), row)

    try:
        stored = _at_once(party, session_id, merged) or in_transaction(work)
    except NotFound:
        receivers.session_missing(party.partner.pk)
        raise
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


def _at_once(party: Party, session_id: str, make: Callable[[OcpiSession | None], Update]) -> Stored[OcpiSession] | None:
    """Store what nobody waits for, in one statement that holds only if the row is still as it was read.

    None when it did not: another writer was there, somebody waits for this Session, or it is older than what is stored.
    Then it is done again, with locks. PostgreSQL only: `xmin` names the transaction that wrote a row.
    """
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return None
    found = run(READ, party.keys(session_id))
    row, seen = (SESSIONS.read(found[0]), found[0][-1]) if found else (None, None)
    stored = merge(make(row), row)
    if stored is None:
        return None
    row = stored.row
    waits = receivers.nobody_waits_for(row)
    if waits is None:
        return None
    nobody_waits, params = waits
    if stored.created:
        statement = f"{SESSIONS.insert_into} SELECT {SESSIONS.typed_marks} WHERE {nobody_waits} {UNLESS_THERE}"
        written = run(statement, [*SESSIONS.values(row, adding=True), *params])
    else:
        statement = f"UPDATE {SESSIONS.name} SET {SESSIONS.assignments} WHERE id = %s AND xmin::text = %s"
        values = [*SESSIONS.values(row, adding=False), row.pk, seen, *params]
        written = run(f"{statement} AND {nobody_waits} RETURNING id", values)
    if not written:
        return None
    row.pk = written[0][0]
    return stored


def _store(update: Update, row: OcpiSession | None) -> Stored[OcpiSession]:
    if row is not None and (first := returning.earlier(update.obj, update.source, row)):
        return Stored(first, changed=False, stale=True, leniences=update.leniences, said_before=row.last_updated)
    if row is not None and returning.is_another(update.obj, update.source, row):
        returning.set_aside(row)
        row = None
    created = row is None
    stale, before = row is not None and update.outdated(row), row.last_updated if row else None
    if row is None:
        row, changed = new_row(update), True
        SESSIONS.insert(row)
    elif stale:
        changed = _keep_periods(update, row)
    else:
        changed = take_over(update, row)
        SESSIONS.update(row)
    receivers.session_received(news_of(update, row, created, stale))
    return Stored(row, created, changed, stale, update.leniences, before)


def _keep_periods(update: Update, row: OcpiSession) -> bool:
    """Add the charging periods of an outdated update that are missing; nothing else of it counts.

    What else it carried may be lost, as a newer PATCH names only what changed after it: hence `needs_pull`. Periods
    that a whole Session took back do not return. It is no sign of life either: it was sent before what we know (rules
    17, 22).
    """
    # What is older than a whole Session that came since says nothing that this one did not settle.
    settled = row.whole_at is not None and update.obj.last_updated < row.whole_at
    added = _add_periods(update, row)
    unsure = update.doubtful(row) or standing(update.obj) > standing(row)
    if update.source != "GET" and (added or unsure or not settled):
        row.needs_pull = True
        since = min(row.last_updated, update.obj.last_updated)
        refresh.ask(update.party, "sessions", row.ocpi_id, since.replace(microsecond=0))
    if update.source == "PUT" and not settled:
        row.whole_at = update.obj.last_updated
    row.save(force_update=True)
    return added


def _add_periods(update: Update, row: OcpiSession) -> bool:
    offered = as_list(update.named.get(PERIODS))
    if not offered:
        return False
    stored = raw_of(row, update.party.version)
    periods = as_list(stored.get(PERIODS))
    known = {start_of(period) for period in periods} | {moment(start) for start in row.gone_periods}
    missing = [period for period in offered if start_of(period) not in known]
    if not missing:
        return False
    row.raw = storable({**stored, PERIODS: [*periods, *missing]})
    row.version = update.party.version.number
    return True


def news_of(update: Update, row: OcpiSession, created: bool, stale: bool) -> receivers.SessionNews:
    """What this message says of the meter: a PATCH without `kwh` says nothing of it, whatever is stored."""
    told = update.obj
    if update.source == "PATCH":
        starts = {start_of(period) for period in as_list(update.named.get(PERIODS))}
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
