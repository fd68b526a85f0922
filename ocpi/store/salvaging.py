"""Locations and their parts are taken as far as they are valid: a fault in one place hides no charger.

What fell is kept beside the object (`left_out`), for staff, and told to the CPO with the answer.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils import timezone

from ocpi.log.masking import storable_text
from ocpi.models import Location
from ocpi.store import tree
from ocpi.store.base import Inexpressible, Party, key
from ocpi.versions import Fault, Invalid
from ocpi.versions.results import Salvaged
from ocpi.versions.times import format_timestamp

NAMES = frozenset({"country_code", "party_id", "id", "uid", "last_updated"})
"""What tells which object it is, and when; without anything else it says nothing."""
MOST_KEPT = 50
"""Of the places that an object keeps; all are in the message log."""
Told = dict[str, str]


def read_as_far_as_valid(
    party: Party, kind: str, data: Any, stored: Callable[[], Mapping[str, Any] | None], **known: str | None
) -> Salvaged[Any]:
    """Read an object; what cannot be read stays as it is stored, or falls.

    Args:
        stored: reads the object as it is stored, in the party's version; called only where there is a fault.
        known: what the URL says of it.

    Raises:
        Invalid: nothing of it can be kept; with every fault of what was received.
    """
    try:
        parsed = party.version.parse(kind, data, owner=party.owner)
        return Salvaged(parsed.obj, parsed.leniences, dict(data))
    except Invalid as error:
        if not error.details:
            raise
        whole = error
    before = stored() or {"last_updated": format_timestamp(timezone.now())}
    named = {name: value for name, value in known.items() if value is not None}
    try:
        found = party.version.salvage(kind, data, stored={**before, **named}, owner=party.owner)
    except Invalid:
        raise whole from None
    if not data.keys() - NAMES - {fault.path for fault in found.left_out}:
        raise Invalid(found.left_out)
    return found


def stored_location(party: Party, location_id: Any) -> dict[str, Any] | None:
    """The Location with its EVSEs in the party's version, or None; one that this version cannot say is None."""
    found = Location.objects.filter(**party.where(storable_text(str(location_id)))).first()
    try:
        return tree.from_tree(found, party, "location", tree.full_location(found)) if found else None
    except Inexpressible:
        return None


def stored_evse(party: Party, location_id: str, evse_uid: str) -> dict[str, Any] | None:
    """The same for an EVSE of it."""
    location = stored_location(party, location_id) or {}
    return _one(location.get("evses"), "uid", evse_uid)


def stored_connector(party: Party, location_id: str, evse_uid: str, connector_id: str) -> dict[str, Any] | None:
    """The same for a connector of that."""
    evse = stored_evse(party, location_id, evse_uid) or {}
    return _one(evse.get("connectors"), "id", connector_id)


def _one(items: Any, name: str, wanted: str) -> dict[str, Any] | None:
    return next((item for item in items or () if key(str(item.get(name))) == key(wanted)), None)


def keep_faults(faults: Iterable[Fault]) -> list[Told]:
    """Faults as they are kept beside an object."""
    return [{"path": fault.path, "message": fault.message} for fault in faults][:MOST_KEPT]
