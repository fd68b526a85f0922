"""A pushed status: PATCH of an EVSE (OCPI 2.2.1 §8.2.2)."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from ocpi.models import Location
from ocpi.receivers import Indifference, indifferent_to_statuses
from ocpi.server.push import statements
from ocpi.server.push.arrival import Arrival
from ocpi.server.push.decision import Decision
from ocpi.server.push.statements import Looked
from ocpi.store import Party, stamps
from ocpi.store.evses import raise_stamp, read_patch
from ocpi.store.tree import CONNECTORS, EVSES, LOCATIONS
from partners.tokens import PARTNERS

PLACE = ("id", "version", "last_updated", "arrived_at")
"""What a status needs of its Location."""


def look(arrivals: Sequence[Arrival]) -> list[Looked | None]:
    """Token, partner, Location, EVSE and its connectors as they are stored."""
    return statements.look(arrivals, _look())


@cache
def _look() -> str:
    place, evse, connector = LOCATIONS.name, EVSES.name, CONNECTORS.name
    plugs = f"COALESCE(json_agg({connector}.raw ORDER BY {connector}.connector_id), '[]')"
    return statements.look_for(
        f"{', '.join(f'{place}.{column}' for column in PLACE)}, {place}.xmin::text,"
        f" (SELECT {plugs} FROM {connector} WHERE {connector}.evse_id = {evse}.id), {EVSES.columns}, {evse}.xmin::text",
        f"LEFT JOIN {place} ON {place}.partner_id = {PARTNERS.name}.id AND {place}.country_code = asked.country_code"
        f" AND {place}.party_id = asked.party_id AND {place}.ocpi_key = asked.key"
        f" LEFT JOIN {evse} ON {evse}.location_id = {place}.id AND {evse}.uid_key = asked.part"
        f" AND {statements.small(f'{evse}.raw')}",
    )


def decide(arrival: Arrival, party: Party, looked: Looked, body: Any) -> Decision | None:
    """What the push makes of the stored EVSE; None where that is not told by its row and its Location's alone."""
    indifference = indifferent_to_statuses()
    place, evse_columns = looked.columns[: len(PLACE) + 2], looked.columns[len(PLACE) + 2 :]
    if arrival.method != "PATCH" or indifference is None or evse_columns[0] is None:
        return None
    location = Location.from_db(None, PLACE, place[: len(PLACE)])
    location.partner_id, location.country_code, location.party_id = party.partner.pk, *party.owner
    evse = EVSES.read(evse_columns)
    evse.location = location
    _, update = read_patch(party, location, evse, place[-1], arrival.ids[1], body, looked.message_id)
    result = update.merge(evse)
    if result is None or result.leniences:
        return None
    raises = raise_stamp(location, stamps.push_stamp(update.obj.last_updated))
    return Decision(
        row={
            "seen": evse_columns[-1],
            "waits": indifference.params(evse),
            "place_seen": place[-2],
            "raises": raises,
            "place_said": location.last_updated,
            "place_arrived": location.arrived_at,
            **EVSES.as_json(evse, adding=False),
        },
        created=False,
        stored_id=evse.uid,
        kind="evse",
        said=stamps.named_stamp(body),
        said_before=result.said_before,
    )


def write(rows: Sequence[dict[str, Any]], messages: Sequence[dict[str, Any]]) -> set[int]:
    """Write the EVSEs that are still as they were read, as is their Location, and at which nobody waits.

    Return their numbers; what another writer has at that moment is not among them.
    """
    indifference = indifferent_to_statuses()
    return statements.write(_write(indifference), rows, messages) if indifference else set()


@cache
def _write(indifference: Indifference) -> str:
    place, name = LOCATIONS.name, EVSES.name
    columns = [field.column for field in EVSES.fields if not field.primary_key]
    more = "place_seen text, raises boolean, place_said timestamptz, place_arrived timestamptz"
    # The Location's row is the lock of its whole tree, for whoever writes any part of it.
    return (
        f"WITH {statements.given(f'{more}, {EVSES.typed()}')},"
        f" {statements.untouched('place', place, 'location_id', 'place_seen')},"
        f" {statements.untouched('untouched', name, 'id', 'seen')},"
        f" stored AS (UPDATE {name} SET {', '.join(f'{column} = given.{column}' for column in columns)}"
        " FROM given JOIN place USING (n) JOIN untouched USING (n)"
        f" WHERE {name}.id = given.id AND {indifference.condition}"
        " RETURNING given.n),"
        f" raised AS (UPDATE {place} SET last_updated = given.place_said, arrived_at = given.place_arrived,"
        " updated_at = given.updated_at FROM given JOIN stored USING (n)"
        f" WHERE {place}.id = given.location_id AND given.raises),"
        f" {statements.logged()} SELECT n FROM stored"
    )
