"""What an update makes of a Session: reading it, telling whether it is newer, and merging it. Nothing is stored here.

The newest update wins (`ocpi.store.stamps`); an equal one counts as newest, so that sending twice does no harm.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ocpi.models import OcpiSession
from ocpi.store import columns, returning, stamps
from ocpi.store.base import NotFound, Party, Stored, check_identity, convert, key, storable
from ocpi.store.stamps import Stamp
from ocpi.versions import Lenience, Version
from ocpi.versions.patching import as_list, moment

PERIODS = "charging_periods"
ORDER = {"ACTIVE": 1, "COMPLETED": 2, "INVALID": 2}
UNDATED = timedelta(microseconds=1)
"""A PATCH without `last_updated` is so much newer than what it changed: the PUT before it, once more, is then older."""


@dataclass(frozen=True)
class Update:
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
        if (alike or self.doubtful(row)) and standing(self.obj) != standing(row):
            return standing(self.obj) < standing(row)
        return stamps.is_outdated(self.stamp, row)

    def doubtful(self, row: OcpiSession) -> bool:
        """Whether two clocks stamped it and what is stored. A GET, and what comes undated, leave no doubt."""
        if self.undated or self.source == "GET":
            return False
        return not stamps.alike(self.stamp, stamps.of(row))


def read_put(
    party: Party,
    session_id: str | None,
    data: Any,
    at: datetime,
    *,
    source: str = "PUT",
    message_id: int | None = None,
    asked: datetime | None = None,
) -> Update:
    """Read a whole Session that arrived at `at`; raises Invalid."""
    parsed = party.version.parse("session", data, owner=party.owner)
    check_identity(party, parsed.obj, id=session_id)
    return Update(party, parsed.obj, dict(data), data, source, message_id, parsed.leniences, at, asked)


def read_patch(
    party: Party, session_id: str, change: Any, row: OcpiSession | None, at: datetime, *, message_id: int | None = None
) -> Update:
    """Read a PATCH of the stored Session that arrived at `at`; raises NotFound, Invalid."""
    if row is None:
        raise NotFound(f"There is no Session {session_id!r}: send it with PUT.")
    patched = party.version.parse_patch("session", change, raw_of(row, party.version), owner=party.owner)
    check_identity(party, patched.obj, id=session_id)
    return Update(party, patched.obj, patched.raw, change, "PATCH", message_id, patched.leniences, at)


def merge(update: Update, row: OcpiSession | None) -> Stored[OcpiSession] | None:
    """What the stored Session becomes by an update, not written yet; nothing is read for it.

    None where that does not suffice: it is older than what is stored, or may be another Session under the same id.
    """
    if row is None:
        return Stored(new_row(update), created=True, changed=True, leniences=update.leniences)
    if update.outdated(row) or returning.names_another(update.obj, update.source, row):
        return None
    before = row.last_updated
    changed = take_over(update, row)
    return Stored(row, changed=changed, leniences=update.leniences, said_before=before)


def new_row(update: Update) -> OcpiSession:
    row = OcpiSession(
        **update.party.where(update.obj.id),
        first_kwh=columns.number(OcpiSession, "first_kwh", update.obj.kwh, "kwh"),
        first_seen_at=update.at,
    )
    _fill(update, row)
    return row


def take_over(update: Update, row: OcpiSession) -> bool:
    """Make the stored row what the update says; return whether that is anything new."""
    before, heard_at = row.raw, row.news_at
    same_moment = update.obj.last_updated in (row.last_updated, row.last_updated - UNDATED)
    no_newer = update.obj.last_updated < row.last_updated and standing(update.obj) == standing(row)
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


def _fill(update: Update, row: OcpiSession) -> None:
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


def _periods_taken_back(row: OcpiSession, raw: Mapping[str, Any]) -> list[Any]:
    """When charging periods began that were known and are not in a whole Session any more."""
    before = {str(period["start_date_time"]) for period in as_list(row.raw.get(PERIODS))} | set(row.gone_periods)
    left = before - {str(period["start_date_time"]) for period in as_list(raw.get(PERIODS))}
    if not left:
        return []
    there = {start_of(period) for period in as_list(raw.get(PERIODS))}
    return sorted(start for start in left if moment(start) not in there)


def standing(session: Any) -> tuple[int, Decimal]:
    """How far a charge is: what is over is further than what runs, and then more energy is. A row, or a parsed one."""
    return ORDER.get(str(session.status), 0), columns.required_number(OcpiSession, "kwh", session.kwh, "kwh")


def raw_of(row: OcpiSession, version: Version) -> dict[str, Any]:
    return convert("session", row.raw, row.version, version, (row.country_code, row.party_id))


def start_of(period: Any) -> Any:
    """When a charging period, as received, begins: that is what tells it from the others."""
    return moment(period["start_date_time"])
