"""A location's tree in rows: Location, EVSEs and connectors, each with its own `raw`.

Whoever changes anything in a tree first locks its Location row: that one lock makes updates of a location,
its EVSEs and its connectors wait for each other, always in the same order. The whole tree is written in the
Location's version.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ocpi.charger_codes import plain
from ocpi.models import Connector, Evse, Location
from ocpi.store import columns, stamps
from ocpi.store.base import THIS_ONE, Inexpressible, NotFound, Party, convert, key, storable
from ocpi.store.stamps import Stamp
from ocpi.versions import NOT_AVAILABLE, VERSIONS, Version
from ocpi.versions.times import format_timestamp
from partners.ground.rows import Table, for_update

LOCATIONS, EVSES, CONNECTORS = Table(Location), Table(Evse), Table(Connector)
COORDINATE = Decimal("0.0000001")
NOWHERE = (Decimal(0), Decimal(0))


def lock_location(party: Party, location_id: str) -> Location | None:
    """Return the Location, locked with its whole tree."""
    return LOCATIONS.first(f"{THIS_ONE} {for_update()}", party.keys(location_id))


def lock_parent(party: Party, location_id: str) -> Location:
    """Return the locked Location that an EVSE or connector belongs to; raises NotFound."""
    location = lock_location(party, location_id)
    if location is None:
        raise NotFound(f"There is no Location {location_id!r}: send it with PUT first.")
    return location


def find_evse(location: Location, evse_uid: str) -> Evse | None:
    """Return an EVSE of the location, with the location it came from."""
    evse = EVSES.first("WHERE location_id = %s AND uid_key = %s", [location.pk, key(evse_uid)])
    if evse is not None:
        evse.location = location
    return evse


def connectors_of(*evses: Evse) -> dict[int, list[Connector]]:
    """Return the connectors of some EVSEs by EVSE, in one query."""
    found: dict[int, list[Connector]] = {evse.pk: [] for evse in evses}
    if not found:
        return found
    marks = ", ".join(["%s"] * len(found))
    for connector in CONNECTORS.all(f"WHERE evse_id IN ({marks}) ORDER BY connector_id", list(found)):
        found[connector.evse_id].append(connector)
    return found


def raws(connectors: Iterable[Connector]) -> list[Any]:
    """Return the JSON of connectors."""
    return [connector.raw for connector in connectors]


def full_evse(evse: Evse, connectors: Iterable[Any]) -> dict[str, Any]:
    """Return the EVSE as it is on the wire, with the JSON of its connectors.

    Its `last_updated` is the column: a connector's update raises it.
    """
    return {
        **evse.raw,
        "connectors": list(connectors),
        "last_updated": format_timestamp(evse.last_updated),
    }


def own_raw(location: Location) -> dict[str, Any]:
    """Return the Location as it is on the wire, without its EVSEs."""
    return {**location.raw, "last_updated": format_timestamp(location.last_updated)}


def full_location(location: Location) -> dict[str, Any]:
    """Return the Location with its EVSEs and connectors, in three queries."""
    evses = list(Evse.objects.filter(location=location))
    connectors = connectors_of(*evses)
    raw = own_raw(location)
    if evses:
        raw["evses"] = [full_evse(evse, raws(connectors[evse.pk])) for evse in evses]
    return raw


def items(raw: Any, parsed: Iterable[Any], version: Version) -> list[tuple[Any, dict[str, Any]]]:
    """Pair the parsed parts of an object with the JSON that they were read from.

    Where reading had to mend the list itself the JSON is written anew from what was read.
    """
    objects = list(parsed)
    if not isinstance(raw, list) or [isinstance(item, Mapping) for item in raw] != [True] * len(objects):
        raw = [version.dump(obj) for obj in objects]
    return list(zip(objects, raw, strict=True))


def in_tree(location: Location, party: Party, kind: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part as received, in the version that the location's tree is written in."""
    return convert(kind, raw, party.version.number, VERSIONS[location.version], party.owner)


def from_tree(location: Location, party: Party, kind: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part of the tree in the version that the message speaks."""
    return convert(kind, raw, location.version, party.version, party.owner)


def convert_evses(location: Location, party: Party, evses: Iterable[Evse]) -> None:
    """Rewrite EVSEs that a Location in a newer version left untouched; what that version cannot say stays as it is."""
    kept = list(evses)
    connectors = connectors_of(*kept)
    for evse in kept:
        raw = full_evse(evse, raws(connectors[evse.pk]))
        try:
            raw = from_tree(location, party, "evse", raw)
        except Inexpressible:
            continue
        for connector, new in zip(connectors[evse.pk], raw.pop("connectors"), strict=True):
            connector.raw = new
        evse.raw = raw
        evse.save(update_fields=["raw", "updated_at"])
        Connector.objects.bulk_update(connectors[evse.pk], ["raw"])


def fill_location(row: Location, party: Party, obj: Any, raw: Mapping[str, Any], stamp: Stamp) -> None:
    """Put a parsed Location and its JSON, without EVSEs, into its row."""
    row.ocpi_id, row.ocpi_key, row.version = str(obj.id), key(obj.id), party.version.number
    row.raw = storable({name: value for name, value in raw.items() if name != "evses"})
    stamps.keep(row, stamp)
    row.missing_since = None
    for column in ("name", "address", "city", "country", "time_zone"):
        value = getattr(obj, column)
        setattr(row, column, columns.text(Location, column, None if value == NOT_AVAILABLE else value))
    place = _degrees(obj.coordinates.latitude), _degrees(obj.coordinates.longitude)
    row.latitude, row.longitude = (None, None) if place == NOWHERE else place
    row.publish = obj.publish


def _degrees(text: str) -> Decimal | None:
    try:
        return Decimal(text).quantize(COORDINATE)
    except InvalidOperation:
        return None


def fill_evse(
    row: Evse, obj: Any, raw: Mapping[str, Any], stamp: Stamp, left_out: list[dict[str, str]] | None = None
) -> bool:
    """Put a parsed EVSE and its JSON, without connectors, into its row; False when the row says that already.

    `left_out`: what fell in reading it; None leaves that as it is.
    """
    values = {
        "uid": columns.identifier(obj.uid, "evses.uid"),
        "uid_key": key(obj.uid),
        "evse_id": columns.text(Evse, "evse_id", obj.evse_id),
        "evse_id_key": plain(columns.text(Evse, "evse_id", obj.evse_id)),
        "status": columns.text(Evse, "status", obj.status),
        "status_received": columns.text(Evse, "status_received", obj.received_status),
        "raw": storable({name: value for name, value in raw.items() if name != "connectors"}),
        "last_updated": obj.last_updated,
        "left_out": row.left_out if left_out is None else left_out,
    }
    return _fill(row, values, stamp)


def fill_connector(row: Connector, obj: Any, raw: Mapping[str, Any], stamp: Stamp) -> bool:
    """Put a parsed connector and its JSON into its row; False when the row says that already."""
    values = {
        "connector_id": columns.identifier(obj.id, "connectors.id"),
        "connector_key": key(obj.id),
        "standard": columns.text(Connector, "standard", obj.standard),
        "power_type": columns.text(Connector, "power_type", obj.power_type),
        "max_kw": columns.fitting(Connector, "max_kw", obj.max_kw),
        "tariff_ids": storable([str(tariff_id) for tariff_id in obj.tariff_ids]),
        "raw": storable(dict(raw)),
        "last_updated": obj.last_updated,
    }
    return _fill(row, values, stamp)


def _fill(row: Any, values: Mapping[str, Any], stamp: Stamp) -> bool:
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        row.arrived_at = stamp.arrived
    return bool(changed)
