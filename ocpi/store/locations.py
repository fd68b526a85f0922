"""Locations as CPOs send them, with their EVSEs (OCPI 2.2.1 §8.2.2).

The newest `last_updated` wins on every level: an outdated Location changes nothing, and a Location does not
bring back an outdated EVSE.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from ocpi import receivers
from ocpi.models import Connector, Evse, Location
from ocpi.store import public_ids, refresh, stamps, tree
from ocpi.store.base import NotFound, Party, Stored, check_identity, in_transaction, key, serve
from ocpi.store.salvaging import keep_faults, read_as_far_as_valid, stored_location
from ocpi.store.stamps import Stamp
from ocpi.versions import Fault, Version
from ocpi.versions.results import Salvaged

REMOVED = "REMOVED"


def put_location(
    party: Party,
    location_id: str | None,
    data: Any,
    *,
    message_id: int | None = None,
    asked: datetime | None = None,
) -> Stored[Location]:
    """Store a whole Location, pushed, or pulled at `asked` (`location_id` None), as far as it is valid.

    EVSEs that its list leaves out become REMOVED, which is how OCPI says that one is gone (§8.2.2). A
    Location that comes without a list says nothing of its EVSEs, and they stay.

    Raises:
        Invalid: with every fault, where nothing can be kept, or its ids are not those of the URL.
    """
    named = location_id or (data.get("id") if isinstance(data, dict) else None)
    parsed = read_as_far_as_valid(party, "location", data, lambda: stored_location(party, named), id=location_id)
    check_identity(party, parsed.obj, id=location_id)

    def work() -> Stored[Location]:
        row = tree.lock_location(party, parsed.obj.id)
        return _store(party, row, parsed, parsed.left_out, message_id, asked, whole=True)

    return in_transaction(work)


def patch_location(party: Party, location_id: str, change: Any, *, message_id: int | None = None) -> Stored[Location]:
    """Merge a PATCH into the stored Location; EVSEs that it names are merged by uid, the others stay.

    Raises:
        NotFound: no such Location.
        Invalid: the PATCH, or the Location that it makes, has faults.
    """

    def work() -> Stored[Location]:
        row = tree.lock_location(party, location_id)
        if row is None:
            raise NotFound(f"There is no Location {location_id!r}: send it with PUT.")
        names_evses = isinstance(change, dict) and bool(change.get("evses"))
        stored = tree.full_location(row) if names_evses else tree.own_raw(row)
        stored = tree.from_tree(row, party, "location", stored)
        patched = party.version.parse_patch("location", change, stored, owner=party.owner, as_far_as_valid=True)
        check_identity(party, patched.obj, id=location_id)
        raw = patched.raw if names_evses else {**patched.raw, "evses": None}
        read = Salvaged(patched.obj, patched.leniences, raw)
        result = _store(party, row, read, patched.left_out, message_id, whole=False)
        if result.stale and refresh.lacks(stored, patched.raw):
            refresh.ask(party, "locations", row.ocpi_id, row.last_updated)
        return result

    return in_transaction(work)


def location_wire(party: Party, location_id: str, version: Version) -> dict[str, Any] | None:
    """Return the Location with its EVSEs as `version` writes it, or None."""
    row = Location.objects.filter(**party.where(location_id)).first()
    if row is None:
        return None
    return serve("location", tree.full_location(row), row.version, version, party.owner)


def _store(
    party: Party,
    row: Location | None,
    read: Salvaged[Any],
    left_out: tuple[Fault, ...],
    message_id: int | None,
    asked: datetime | None = None,
    *,
    whole: bool,
) -> Stored[Location]:
    obj, raw, leniences = read.obj, read.raw, read.leniences
    stamp = stamps.arriving(obj.last_updated, asked)
    if row is not None and stamps.is_outdated(stamp, row):
        return Stored(row, stale=True, leniences=leniences, left_out=left_out)
    created, before = row is None, row and row.raw
    changes = work_out(party, row, obj, raw, left_out, stamp)
    row = changes.location
    if whole or left_out:
        row.left_out = keep_faults(left_out)
    row.save(force_insert=created, force_update=not created)
    changes.save()
    changes.tell(message_id)
    return Stored(row, created, bool(row.raw != before or changes.changed), leniences=leniences, left_out=left_out)


def work_out(
    party: Party, row: Location | None, obj: Any, raw: dict[str, Any], left_out: tuple[Fault, ...], stamp: Stamp
) -> "EvseChanges":
    """Put a parsed Location into its row, or a new one, and find what it does to its EVSEs; nothing is saved."""
    stored = [] if row is None else list(Evse.objects.filter(location=row))
    row = row or Location(**party.where(obj.id), version=party.version.number)
    changes = EvseChanges(row, party, stamp, stored)
    changes.take(obj, raw, complete=not any(fault.path.startswith("evses") for fault in left_out))
    tree.fill_location(row, party, obj, raw, stamp)
    return changes


@dataclass
class EvseChanges:
    """What a Location does to its EVSEs and connectors: worked out first, then saved in a fixed number of
    statements.
    """

    location: Location
    party: Party
    stamp: Stamp
    stored: list[Evse]
    fresh: list[Evse] = field(default_factory=list)
    altered: list[Evse] = field(default_factory=list)
    connectors: list[tuple[Evse, list[tuple[Any, dict[str, Any]]]]] = field(default_factory=list)
    news: list[tuple[Evse, str]] = field(default_factory=list)
    published: list[Evse] = field(default_factory=list)
    changed: bool = False

    def take(self, obj: Any, raw: dict[str, Any], complete: bool) -> None:
        """Compare the Location's list with what is stored. `complete`: every EVSE of it could be read, so that one that
        is not in it is gone.
        """
        known = {evse.uid_key: evse for evse in self.stored}
        untouched = dict(known)
        for evse_obj, evse_raw in {key(o.uid): (o, r) for o, r in self._listed(obj, raw)}.values():
            row = known.get(key(evse_obj.uid))
            if row is not None and stamps.is_outdated(self._stamp(evse_obj), row):
                continue
            untouched.pop(key(evse_obj.uid), None)
            self._take_evse(row, evse_obj, evse_raw)
        if complete and isinstance(raw.get("evses"), list):
            listed = {key(evse_obj.uid) for evse_obj in obj.evses}
            for uid_key, row in untouched.items():
                if uid_key not in listed and row.status != REMOVED:
                    self._remove(row)
        if self.location.version != self.party.version.number:
            tree.convert_evses(self.location, self.party, untouched.values())

    def _listed(self, obj: Any, raw: dict[str, Any]) -> list[tuple[Any, dict[str, Any]]]:
        return tree.items(raw.get("evses"), obj.evses, self.party.version) if obj.evses else []

    def _stamp(self, obj: Any) -> Stamp:
        """Of a part of the Location: it arrived with it."""
        return replace(self.stamp, said=obj.last_updated)

    def _take_evse(self, row: Evse | None, obj: Any, raw: dict[str, Any]) -> None:
        evse = row or Evse(partner=self.party.partner)
        previous, previously_updated = (evse.status, evse.last_updated) if row else ("", None)
        public_id = evse.evse_id_key
        if tree.fill_evse(evse, obj, raw, self._stamp(obj), left_out=[]):
            (self.altered if row else self.fresh).append(evse)
        if evse.evse_id_key != public_id:
            self.published.append(evse)
        if obj.connectors:
            self.connectors.append((evse, tree.items(raw.get("connectors"), obj.connectors, self.party.version)))
        if (evse.status, evse.last_updated) != (previous, previously_updated):
            self.news.append((evse, previous))

    def _remove(self, evse: Evse) -> None:
        self.news.append((evse, evse.status))
        evse.status = evse.status_received = REMOVED
        evse.raw = {**evse.raw, "status": REMOVED}
        if stamps.older(stamps.of(evse), self.stamp):
            stamps.keep(evse, self.stamp)
        self.altered.append(evse)

    def save(self) -> None:
        """Write what changed; the Location is saved already."""
        for evse in (*self.fresh, *self.stored):
            evse.location = self.location
        Evse.objects.bulk_create(self.fresh)
        if self.altered:
            now = timezone.now()
            for evse in self.altered:
                evse.updated_at = now
            Evse.objects.bulk_update(
                self.altered,
                [
                    *("uid", "evse_id", "evse_id_key", "status", "status_received", "raw", "left_out"),
                    *("last_updated", "arrived_at", "updated_at"),
                ],
            )
        if self.published:
            public_ids.publish(self.party.partner, self.published)
        self.changed = bool(self.fresh or self.altered)
        self.changed |= save_connectors(self.connectors, self.stamp, self.fresh)

    def tell(self, message_id: int | None) -> None:
        """Tell the receivers of the statuses that came."""
        for evse, previous in self.news:
            receivers.evse_status_received(receivers.EvseNews(evse, previous, evse.last_updated, message_id))


def save_connectors(
    listed: list[tuple[Evse, list[tuple[Any, dict[str, Any]]]]], stamp: Stamp, new: Iterable[Evse] = ()
) -> bool:
    """Make the connectors of some EVSEs those that are listed; return whether anything changed.

    `stamp` is of the object that they came with; `new`: EVSEs that cannot have any yet.
    """
    without = {evse.pk for evse in new}
    stored = {pk: list[Connector]() for pk in without}
    stored |= tree.connectors_of(*(evse for evse, _ in listed if evse.pk not in without))
    fresh: list[Connector] = []
    altered: list[Connector] = []
    gone: list[int] = []
    for evse, offered in listed:
        left = {connector.connector_key: connector for connector in stored[evse.pk]}
        for obj, raw in {key(obj.id): (obj, raw) for obj, raw in offered}.values():
            row = left.pop(key(obj.id), None)
            own = replace(stamp, said=obj.last_updated)
            if row is not None and stamps.is_outdated(own, row):
                continue
            connector = row or Connector(evse=evse)
            if tree.fill_connector(connector, obj, raw, own):
                (altered if row else fresh).append(connector)
        gone += [connector.pk for connector in left.values()]
    Connector.objects.bulk_create(fresh)
    if altered:
        Connector.objects.bulk_update(
            altered,
            ["connector_id", "standard", "power_type", "max_kw", "tariff_ids", "raw", "last_updated", "arrived_at"],
        )
    if gone:
        Connector.objects.filter(pk__in=gone).delete()
    return bool(fresh or altered or gone)
