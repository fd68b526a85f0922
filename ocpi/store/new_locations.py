"""Locations of which nothing is stored yet: a page of them in a fixed number of statements.

A new network is read in whole, and each Location by itself costs as much as a page does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DataError, IntegrityError, OperationalError, transaction

from ocpi.models import Evse, Location
from ocpi.store import public_ids, stamps
from ocpi.store.base import Party, Stored, check_identity
from ocpi.store.locations import EvseChanges, save_connectors, work_out
from ocpi.store.salvaging import keep_faults, read_as_far_as_valid
from ocpi.versions import Invalid
from ocpi.versions.results import Salvaged

Outcome = Stored[Location] | Invalid


def put_new_locations(
    given: Sequence[tuple[Party, Any]], *, message_id: int | None, asked: datetime
) -> list[Outcome] | None:
    """Store pulled Locations, each as `put_location` would, and return what became of each; all are of one partner.

    None: nothing was stored, since one of them is there by now, or does not fit. Then each has to go by itself.
    """
    taken = [_take(party, data, asked) for party, data in given]
    changes = [one.changes for one in taken if isinstance(one, _Taken)]
    try:
        with transaction.atomic():
            _save(changes)
            for one in changes:
                one.tell(message_id)
    except (IntegrityError, DataError, OperationalError):
        return None
    return [one.stored() if isinstance(one, _Taken) else one for one in taken]


@dataclass(frozen=True)
class _Taken:
    read: Salvaged[Any]
    changes: EvseChanges

    def stored(self) -> Stored[Location]:
        row, leniences = self.changes.location, self.read.leniences
        return Stored(row, created=True, changed=True, leniences=leniences, left_out=self.read.left_out)


def _take(party: Party, data: Any, asked: datetime) -> _Taken | Invalid:
    try:
        read = read_as_far_as_valid(party, "location", data, lambda: None)
        check_identity(party, read.obj, id=None)
        stamp = stamps.arriving(read.obj.last_updated, asked)
        changes = work_out(party, None, read.obj, read.raw, read.left_out, stamp)
    except Invalid as error:
        return error
    changes.location.left_out = keep_faults(read.left_out)
    return _Taken(read, changes)


def _save(changes: Sequence[EvseChanges]) -> None:
    if not changes:
        return
    Location.objects.bulk_create([one.location for one in changes])
    for one in changes:
        for evse in one.fresh:
            evse.location = one.location
    fresh = [evse for one in changes for evse in one.fresh]
    Evse.objects.bulk_create(fresh)
    public_ids.publish(changes[0].party.partner, [evse for one in changes for evse in one.published])
    save_connectors([plugs for one in changes for plugs in one.connectors], changes[0].stamp, fresh)
