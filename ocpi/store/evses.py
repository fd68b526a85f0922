"""EVSEs and connectors on their own (OCPI 2.2.1 §8.2.2): the status updates that sessions are decided by.

An update of a part also raises `last_updated` of what it is part of (§8.2.2.3).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.utils import timezone

from ocpi import receivers
from ocpi.models import Connector, Evse, Location
from ocpi.store import public_ids, refresh, stamps, tree
from ocpi.store.base import NotFound, Party, Stored, check_identity, in_transaction, key, serve, storable
from ocpi.store.locations import save_connectors
from ocpi.store.salvaging import keep_faults, read_as_far_as_valid, stored_connector, stored_evse
from ocpi.store.stamps import Stamp
from ocpi.versions import VERSIONS, Fault, Lenience, Version


def put_evse(
    party: Party, location_id: str, evse_uid: str, data: Any, *, message_id: int | None = None
) -> Stored[Evse]:
    """Store a whole EVSE of a stored Location.

    Raises:
        NotFound: no such Location.
        Invalid: with every fault, where nothing can be kept, or its uid is not the one of the URL.
    """
    before = partial(stored_evse, party, location_id, evse_uid)
    parsed = read_as_far_as_valid(party, "evse", data, before, uid=evse_uid)
    check_identity(party, parsed.obj, uid=evse_uid)

    def work() -> Stored[Evse]:
        location = tree.lock_parent(party, location_id)
        obj = parsed.obj
        update = EvseUpdate(
            party, location, obj, parsed.raw, parsed.leniences, message_id, obj.last_updated, left_out=parsed.left_out
        )
        evse = tree.find_evse(location, evse_uid)
        result = update.store(evse)
        if result.stale and evse is not None and evse.status != obj.status:
            # Sent late, or their clock jumped back and it is true: nobody can tell but the partner (rule 31).
            _refresh(location)
        return result

    return in_transaction(work)


def patch_evse(
    party: Party, location_id: str, evse_uid: str, change: Any, *, message_id: int | None = None
) -> Stored[Evse]:
    """Merge a PATCH into a stored EVSE: the usual way to tell a new status.

    Raises:
        NotFound: no such Location or EVSE.
        Invalid: the PATCH, or the EVSE that it makes, has faults.
    """

    def work() -> Stored[Evse]:
        location = tree.lock_parent(party, location_id)
        evse = _present(tree.find_evse(location, evse_uid), evse_uid)
        connectors = tree.raws(tree.connectors_of(evse)[evse.pk])
        stored, update = read_patch(party, location, evse, connectors, evse_uid, change, message_id)
        result = update.store(evse)
        if result.stale and refresh.lacks(stored, update.raw):
            _refresh(location)
        return result

    result = in_transaction(work)
    stamps.measure(party.partner.pk, stamps.named_stamp(change), result.said_before, message_id)
    return result


def read_put(party: Party, location: Location, evse_uid: str, data: Any, message_id: int | None = None) -> "EvseUpdate":
    """Read a whole EVSE of a stored Location that has no fault; raises Invalid."""
    parsed = party.version.parse("evse", data, owner=party.owner)
    check_identity(party, parsed.obj, uid=evse_uid)
    obj = parsed.obj
    return EvseUpdate(party, location, obj, dict(data), parsed.leniences, message_id, obj.last_updated)


def read_patch(
    party: Party,
    location: Location,
    evse: Evse,
    connectors: Iterable[Any],
    evse_uid: str,
    change: Any,
    message_id: int | None = None,
) -> tuple[dict[str, Any], "EvseUpdate"]:
    """Read a PATCH of a stored EVSE, whose connectors are given as JSON; return what was stored, and the update.

    Raises:
        Invalid: the PATCH, or the EVSE that it makes, has faults.
    """
    stored = tree.from_tree(location, party, "evse", tree.full_evse(evse, connectors))
    patched = party.version.parse_patch("evse", change, stored, as_far_as_valid=True)
    check_identity(party, patched.obj, uid=evse_uid)
    update = EvseUpdate(
        party,
        location,
        patched.obj,
        patched.raw,
        patched.leniences,
        message_id,
        at=patched.obj.last_updated if change.get("last_updated") else timezone.now(),
        with_connectors=bool(change.get("connectors")),
        left_out=patched.left_out,
        whole=False,
    )
    return stored, update


def put_connector(
    party: Party,
    location_id: str,
    evse_uid: str,
    connector_id: str,
    data: Any,
    *,
    message_id: int | None = None,
) -> Stored[Connector]:
    """Store a whole Connector of a stored EVSE.

    Raises:
        NotFound: no such Location or EVSE.
        Invalid: with every fault, where nothing can be kept, or its id is not the one of the URL.
    """
    before = partial(stored_connector, party, location_id, evse_uid, connector_id)
    parsed = read_as_far_as_valid(party, "connector", data, before, id=connector_id)
    check_identity(party, parsed.obj, id=connector_id)

    def work() -> Stored[Connector]:
        location = tree.lock_parent(party, location_id)
        evse = _present(tree.find_evse(location, evse_uid), evse_uid)
        row = _connector(evse, connector_id)
        if row is None and stamps.is_outdated(stamps.push_stamp(parsed.obj.last_updated), evse):
            # Unknown to us, or gone with a newer EVSE that does not have it: nobody can tell but the partner.
            _refresh(location)
            return Stored(Connector(evse=evse), stale=True, leniences=parsed.leniences)
        return _store_connector(party, location, evse, row, parsed.obj, parsed.raw, parsed.leniences, parsed.left_out)

    return in_transaction(work)


def patch_connector(
    party: Party,
    location_id: str,
    evse_uid: str,
    connector_id: str,
    change: Any,
    *,
    message_id: int | None = None,
) -> Stored[Connector]:
    """Merge a PATCH into a stored Connector.

    Raises:
        NotFound: no such Location, EVSE or Connector.
        Invalid: the PATCH, or the Connector that it makes, has faults.
    """

    def work() -> Stored[Connector]:
        location = tree.lock_parent(party, location_id)
        evse = _present(tree.find_evse(location, evse_uid), evse_uid)
        row = _connector(evse, connector_id)
        if row is None:
            raise NotFound(f"There is no Connector {connector_id!r}: send it with PUT.")
        stored = tree.from_tree(location, party, "connector", row.raw)
        patched = party.version.parse_patch("connector", change, stored, as_far_as_valid=True)
        check_identity(party, patched.obj, id=connector_id)
        result = _store_connector(
            party, location, evse, row, patched.obj, patched.raw, patched.leniences, patched.left_out
        )
        if result.stale and refresh.lacks(stored, patched.raw):
            _refresh(location)
        return result

    return in_transaction(work)


def evse_wire(party: Party, location_id: str, evse_uid: str, version: Version) -> dict[str, Any] | None:
    """Return the EVSE with its connectors as `version` writes it, or None."""
    evse = _find(party, location_id, evse_uid)
    if evse is None:
        return None
    raw = tree.full_evse(evse, tree.raws(tree.connectors_of(evse)[evse.pk]))
    return serve("evse", raw, evse.location.version, version, party.owner)


def connector_wire(
    party: Party, location_id: str, evse_uid: str, connector_id: str, version: Version
) -> dict[str, Any] | None:
    """Return the Connector as `version` writes it, or None."""
    evse = _find(party, location_id, evse_uid)
    connector = _connector(evse, connector_id) if evse else None
    if evse is None or connector is None:
        return None
    return serve("connector", connector.raw, evse.location.version, version, party.owner)


def _find(party: Party, location_id: str, evse_uid: str) -> Evse | None:
    where = {f"location__{name}": value for name, value in party.where(location_id).items()}
    return Evse.objects.select_related("location").filter(**where, uid_key=key(evse_uid)).first()


def _present(evse: Evse | None, evse_uid: str) -> Evse:
    if evse is None:
        raise NotFound(f"There is no EVSE {evse_uid!r}: send it with PUT first.")
    return evse


def _connector(evse: Evse, connector_id: str) -> Connector | None:
    connector = Connector.objects.filter(evse=evse, connector_key=key(connector_id)).first()
    if connector is not None:
        connector.evse = evse
    return connector


@dataclass(frozen=True)
class EvseUpdate:
    """An EVSE as it is after an update, on its way into the rows. `at` is when it became so."""

    party: Party
    location: Location
    obj: Any
    raw: Mapping[str, Any]
    leniences: tuple[Lenience, ...]
    message_id: int | None
    at: datetime
    with_connectors: bool = True
    left_out: tuple[Fault, ...] = ()
    whole: bool = True

    def merge(self, row: Evse, connectors: Iterable[Any]) -> Stored[Evse] | None:
        """What the stored EVSE, whose connectors are given as JSON, becomes; not written yet.

        None where more than its row and its Location's changes, or it is older than what is stored.
        """
        stamp, public_id, before = stamps.push_stamp(self.obj.last_updated), row.evse_id_key, row.last_updated
        raw = tree.in_tree(self.location, self.party, "evse", self.raw)
        if self.left_out or stamps.is_outdated(stamp, row) or self._changes_connectors(raw, connectors):
            return None
        changed = tree.fill_evse(row, self.obj, raw, stamp, keep_faults(()) if self.whole else None)
        if row.evse_id_key != public_id:
            return None
        return Stored(row, changed=changed, leniences=self.leniences, said_before=before)

    def _changes_connectors(self, raw: dict[str, Any], stored: Iterable[Any]) -> bool:
        """Whether it has other connectors than those that are stored, as JSON."""
        if not self.with_connectors or not self.obj.connectors:
            return False
        offered = {key(obj.id): storable(dict(one)) for obj, one in self._connectors(raw)}
        return offered != {key(str(one["id"])): one for one in stored}

    def store(self, row: Evse | None) -> Stored[Evse]:
        stamp = stamps.push_stamp(self.obj.last_updated)
        left_out = self.left_out
        if row is not None and stamps.is_outdated(stamp, row):
            return Stored(row, stale=True, leniences=self.leniences, said_before=row.last_updated, left_out=left_out)
        before = row.last_updated if row else None
        evse = row or Evse(partner=self.party.partner, location=self.location)
        previous, public_id = (row.status, row.evse_id_key) if row else ("", "")
        raw = tree.in_tree(self.location, self.party, "evse", self.raw)
        fell = keep_faults(left_out) if self.whole or left_out else None
        changed = tree.fill_evse(evse, self.obj, raw, stamp, fell)
        if row is None:
            tree.EVSES.insert(evse)
        elif changed:
            tree.EVSES.update(evse)
        if evse.evse_id_key != public_id:
            public_ids.publish(self.party.partner, [evse])
        if self.with_connectors and self.obj.connectors:
            changed |= save_connectors([(evse, self._connectors(raw))], stamp)
        _raise_location(self.location, stamp)
        receivers.evse_status_received(self.news_of(evse, previous))
        return Stored(evse, row is None, changed, leniences=self.leniences, said_before=before, left_out=left_out)

    def news_of(self, evse: Evse, previous: str) -> receivers.EvseNews:
        """What it tells of the stored EVSE; `previous`: the status before."""
        return receivers.EvseNews(evse, previous, self.at, self.message_id)

    def _connectors(self, raw: dict[str, Any]) -> list[tuple[Any, dict[str, Any]]]:
        return tree.items(raw.get("connectors"), self.obj.connectors, VERSIONS[self.location.version])


def _store_connector(
    party: Party,
    location: Location,
    evse: Evse,
    row: Connector | None,
    obj: Any,
    raw: dict[str, Any],
    leniences: tuple[Lenience, ...],
    left_out: tuple[Fault, ...],
) -> Stored[Connector]:
    stamp = stamps.push_stamp(obj.last_updated)
    if row is not None and stamps.is_outdated(stamp, row):
        return Stored(row, stale=True, leniences=leniences, left_out=left_out)
    connector = row or Connector(evse=evse)
    changed = tree.fill_connector(connector, obj, tree.in_tree(location, party, "connector", raw), stamp)
    if changed:
        connector.save(force_insert=row is None, force_update=row is not None)
    if stamps.older(stamps.of(evse), stamp):
        stamps.keep(evse, stamp)
        evse.save(update_fields=["last_updated", "arrived_at", "updated_at"])
    _raise_location(location, stamp)
    return Stored(connector, row is None, changed, leniences=leniences, left_out=left_out)


def _refresh(location: Location) -> None:
    owner = Party(location.partner, location.country_code, location.party_id, VERSIONS[location.version])
    refresh.ask(owner, "locations", location.ocpi_id, location.last_updated)


def raise_stamp(location: Location, stamp: Stamp) -> bool:
    """Give the Location the stamp of a part of it that is newer; not written yet. False where it is not."""
    if not stamps.older(stamps.of(location), stamp):
        return False
    stamps.keep(location, stamp)
    return True


def _raise_location(location: Location, stamp: Stamp) -> None:
    if raise_stamp(location, stamp):
        tree.LOCATIONS.update_only(location, "last_updated", "arrived_at", "updated_at")
