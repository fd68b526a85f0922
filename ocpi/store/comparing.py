"""What a list brings that is stored already: told by its JSON, before anything of it is read, locked or written.

Most of a network is as it was at the last pull. An object counts as stored only where every column that a pull would
write says what it would write: all else goes the ordinary way.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Model

from ocpi.models import Cdr, Connector, Evse, Location, Tariff
from ocpi.store.base import key
from ocpi.versions import Version
from ocpi.versions.patching import moment
from partners.models import Partner

Name = tuple[str, str, str]
"""(country_code, party_id, id in lower case)"""

REMOVED = "REMOVED"
KEYS = ("country_code", "party_id", "ocpi_key")


@dataclass
class Known:
    """What of a page is stored: `there` under its name, and of these `same` just as it came."""

    there: set[Name] = field(default_factory=set)
    same: set[Name] = field(default_factory=set)


def find_stored(module: str, partner: Partner, version: Version, items: Mapping[Name, Any]) -> Known | None:
    """Return what of a page is stored, in a fixed number of statements; None for a module whose objects are not
    compared.

    `items`: by name; what is no object is never the same as anything.
    """
    find = _FINDING.get(module)
    if find is None or not items:
        return None
    return find(partner, version, items)


def _told(item: Any) -> dict[str, Any]:
    return item if isinstance(item, dict) else {}


def _rows(model: type[Model], partner: Partner, names: Collection[Name], *columns: str) -> list[tuple[Name, Any]]:
    """(name, row) of what is stored under these names; a row begins with its key."""
    wanted = {f"{column}__in": list(set(values)) for column, values in zip(KEYS, zip(*names, strict=True), strict=True)}
    rows = model._default_manager.filter(partner=partner, **wanted).values_list(*KEYS, "pk", *columns)
    return [(row[:3], row[3:]) for row in rows if row[:3] in names]


def _is_dated(raw: Mapping[str, Any], last_updated: datetime) -> bool:
    """Whether the column is what the JSON says: a push of a part may have raised it."""
    return bool(raw.get("last_updated")) and moment(raw["last_updated"]) == last_updated


def _tariffs(partner: Partner, version: Version, items: Mapping[Name, Any]) -> Known:
    known, columns = Known(), ("version", "raw", "last_updated", "deleted_at", "missing_since")
    for name, (_pk, number, raw, last_updated, *hidden) in _rows(Tariff, partner, items, *columns):
        known.there.add(name)
        as_told = number == version.number and hidden == [None, None] and _is_dated(raw, last_updated)
        if as_told and raw == items[name]:
            known.same.add(name)
    return known


def _cdrs(partner: Partner, version: Version, items: Mapping[Name, Any]) -> Known:
    rows = _rows(Cdr, partner, items, "version", "raw")
    same = {name for name, (_pk, number, raw) in rows if number == version.number and raw == items[name]}
    return Known({name for name, _row in rows}, same)


def _locations(partner: Partner, version: Version, items: Mapping[Name, Any]) -> Known:
    known, alike = Known(), dict[int, Name]()
    columns = ("version", "raw", "last_updated", "left_out", "missing_since")
    for name, (pk, number, raw, last_updated, left_out, missing_since) in _rows(Location, partner, items, *columns):
        known.there.add(name)
        own = {part: value for part, value in _told(items[name]).items() if part != "evses"}
        as_told = number == version.number and not left_out and missing_since is None
        if as_told and own == raw and _is_dated(raw, last_updated):
            alike[pk] = name
    evses = _evses(alike.keys()) if alike else {}
    known.same = {name for pk, name in alike.items() if _are_listed(items[name].get("evses"), evses[pk])}
    return known


@dataclass
class _Evses:
    """A location's EVSEs by their keys, as a Location lists them; None for one that is not just as it was told.

    `gone`: those that a list may leave out.
    """

    told: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)


def _evses(locations: Collection[int]) -> dict[int, _Evses]:
    columns = ("pk", "location_id", "uid_key", "status", "raw", "last_updated", "left_out")
    rows = list(Evse.objects.filter(location_id__in=locations).values_list(*columns))
    connectors = _connectors([row[0] for row in rows])
    found = {pk: _Evses() for pk in locations}
    for pk, location_id, uid_key, status, raw, last_updated, left_out in rows:
        evses, plugs = found[location_id], connectors[pk]
        full = plugs is not None and not left_out and _is_dated(raw, last_updated)
        evses.told[uid_key] = {**raw, "connectors": plugs} if full else None
        if status == REMOVED:
            evses.gone.add(uid_key)
    return found


def _connectors(evses: Collection[int]) -> dict[int, list[dict[str, Any]] | None]:
    """Of each EVSE its connectors in the order of their ids; None where one is not as it was told."""
    found: dict[int, list[dict[str, Any]] | None] = {pk: [] for pk in evses}
    columns = ("evse_id", "raw", "last_updated")
    for pk, raw, last_updated in Connector.objects.filter(evse_id__in=evses).values_list(*columns):
        plugs = found[pk]
        if plugs is not None and _is_dated(raw, last_updated):
            plugs.append(raw)
        else:
            found[pk] = None
    return found


def _are_listed(listed: Any, stored: _Evses) -> bool:
    """Whether a Location's list of EVSEs is what is stored, in whatever order. Without a list it says nothing."""
    if not isinstance(listed, list):
        return listed is None
    named = {key(evse["uid"]) for evse in listed if isinstance(evse, dict) and isinstance(evse.get("uid"), str)}
    whole = len(named) == len(listed) and stored.told.keys() - stored.gone <= named
    return whole and all(_is_the_same(evse, stored.told.get(key(evse["uid"]))) for evse in listed)


def _is_the_same(evse: Mapping[str, Any], known: Mapping[str, Any] | None) -> bool:
    if known is None or not isinstance(evse.get("connectors"), list):
        return False
    told = {**evse, "connectors": sorted(evse["connectors"], key=_connector_id)}
    return told == {**known, "connectors": sorted(known["connectors"], key=_connector_id)}


def _connector_id(connector: Any) -> str:
    return str(connector.get("id")) if isinstance(connector, dict) else ""


_FINDING: dict[str, Callable[[Partner, Version, Mapping[Name, Any]], Known]] = {
    "locations": _locations,
    "tariffs": _tariffs,
    "cdrs": _cdrs,
}
