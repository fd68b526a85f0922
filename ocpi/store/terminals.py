"""Payment terminals (OCPI 2.3.0 Payments, mod_payments §5.1): ours, with what their CPO says of them.

We own the objects, so `last_updated` is by our clock. Neither the PUT nor the PATCH that the text shows is a complete
Terminal, or has what a PATCH must have: both are merged.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from ocpi.models import Terminal
from ocpi.store.base import NotFound, Stored, convert, in_transaction, key, storable
from ocpi.versions import Fault, Invalid, Lenience, Version
from ocpi.versions.times import format_timestamp
from partners.models import Partner

KIND = "terminal"
ID = "terminal_id"
LONGEST_ID = 36
"""Characters of a terminal's id (mod_payments: CiString(36)). It is never cut: two of them could become one."""


def terminals_of(partner: Partner) -> QuerySet[Terminal]:
    """Return what the partner may list, oldest first."""
    return Terminal.objects.filter(partner=partner).order_by("id")


def terminal_row(partner: Partner, terminal_id: str) -> Terminal | None:
    """Return the partner's terminal with this id, or None."""
    return Terminal.objects.filter(partner=partner, terminal_key=key(terminal_id)).first()


def terminal_wire(row: Terminal, version: Version) -> dict[str, Any]:
    """Return the Terminal as `version` writes it."""
    return convert(KIND, row.raw, row.version, version, ("", ""))


def add_terminal(partner: Partner, version: Version, state: str, fields: Mapping[str, Any]) -> Terminal:
    """Create a terminal; its id is made up where there is none.

    Raises:
        Invalid: it is none that OCPI knows.
    """
    raw = {**fields, ID: fields.get(ID) or str(uuid.uuid4()), "last_updated": format_timestamp(timezone.now())}
    obj = version.parse(KIND, raw).obj
    if len(str(obj.terminal_id)) > LONGEST_ID:
        raise Invalid((Fault(ID, f"is longer than {LONGEST_ID} characters"),))
    row = Terminal(partner=partner, terminal_id=str(obj.terminal_id), terminal_key=key(obj.terminal_id), state=state)
    _fill(row, version, obj, raw)
    row.save(force_insert=True)
    return row


def change_terminal(partner: Partner, terminal_id: str, change: Any, version: Version) -> Stored[Terminal]:
    """Merge what the CPO says of a terminal.

    Raises:
        NotFound: there is no such terminal of this partner.
        Invalid: with every fault, also when its id is not that of the URL.
    """

    def work() -> Stored[Terminal]:
        row = Terminal.objects.select_for_update().filter(partner=partner, terminal_key=key(terminal_id)).first()
        if row is None:
            raise NotFound(f"There is no terminal {terminal_id!r}.")
        return _merge(row, change, version)

    return in_transaction(work)


def _merge(row: Terminal, change: Any, version: Version) -> Stored[Terminal]:
    if not isinstance(change, Mapping):
        raise Invalid((Fault("", "must be an object", None),))
    named = change.get(ID)
    if named is not None and key(str(named)) != row.terminal_key:
        raise Invalid((Fault(ID, f"is {named!r}, the URL says {row.terminal_id!r}", named),))
    notes = () if change.get("last_updated") else (Lenience("missing_last_updated", "last_updated", "is required"),)
    ours = {ID: row.terminal_id, "last_updated": format_timestamp(timezone.now())}
    patched = version.parse_patch(KIND, {**change, **ours}, terminal_wire(row, version))
    before = row.raw
    _fill(row, version, patched.obj, patched.raw)
    row.save()
    return Stored(row, changed=before != row.raw, leniences=(*notes, *patched.leniences))


def set_state(row: Terminal, state: str) -> bool:
    """Move a terminal to a state; False where it is in it."""
    return bool(Terminal.objects.filter(pk=row.pk).exclude(state=state).update(state=state))


def _fill(row: Terminal, version: Version, obj: Any, raw: Mapping[str, Any]) -> None:
    row.version, row.raw, row.last_updated = version.number, storable(dict(raw)), obj.last_updated
    row.location_ids = [str(one) for one in obj.location_ids]
    row.evse_uids = [str(one) for one in obj.evse_uids]
