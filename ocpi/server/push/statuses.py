"""A pushed status: PATCH of an EVSE, or PUT of one whose connectors are as they were (OCPI 2.2.1 §8.2.2)."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from ocpi.models import Location
from ocpi.receivers import EvseNews, Following, Indifference, following_statuses, indifferent_to_statuses
from ocpi.server.push import statements
from ocpi.server.push.arrival import Arrival
from ocpi.server.push.decision import Decision
from ocpi.server.push.statements import Looked
from ocpi.store import Party, stamps
from ocpi.store.evses import raise_stamp, read_patch, read_put
from ocpi.store.tree import CONNECTORS, EVSES, LOCATIONS
from partners.tokens import PARTNERS

PLACE = ("id", "version", "last_updated", "arrived_at")
"""What a status needs of its Location."""


def look(arrivals: Sequence[Arrival]) -> list[Looked | None]:
    """Token, partner, Location, EVSE and its connectors as they are stored, and who follows it."""
    return statements.look(arrivals, _look(following_statuses()))


@cache
def _look(following: Following | None) -> str:
    place, evse, connector = LOCATIONS.name, EVSES.name, CONNECTORS.name
    plugs = f"COALESCE(json_agg({connector}.raw ORDER BY {connector}.connector_id), '[]')"
    columns = [
        *(f"{place}.{column}" for column in PLACE),
        f"{place}.xmin::text",
        f"(SELECT {plugs} FROM {connector} WHERE {connector}.evse_id = {evse}.id)",
        EVSES.columns,
        f"{evse}.xmin::text",
        *(following.columns if following else ()),
    ]
    return statements.look_for(
        ", ".join(columns),
        f"LEFT JOIN {place} ON {place}.partner_id = {PARTNERS.name}.id AND {place}.country_code = asked.country_code"
        f" AND {place}.party_id = asked.party_id AND {place}.ocpi_key = asked.key"
        f" LEFT JOIN {evse} ON {evse}.location_id = {place}.id AND {evse}.uid_key = asked.part"
        f" AND {statements.small(f'{evse}.raw')} {following.joins if following else ''}",
    )


def decide(arrival: Arrival, party: Party, looked: Looked, body: Any) -> Decision | None:
    """What the push makes of the stored EVSE; None where that is not told by its row and its Location's alone."""
    indifference, of_evse = indifferent_to_statuses(), len(PLACE) + 2
    place, evse_columns = looked.columns[:of_evse], looked.columns[of_evse:]
    if indifference is None or evse_columns[0] is None:
        return None
    location = Location.from_db(None, PLACE, place[: len(PLACE)])
    location.partner_id, location.country_code, location.party_id = party.partner.pk, *party.owner
    evse = EVSES.read(evse_columns)
    evse.location = location
    previous, connectors, uid = evse.status, place[-1], arrival.ids[1]
    if arrival.method == "PUT":
        update = read_put(party, location, uid, body, looked.message_id)
    else:
        _, update = read_patch(party, location, evse, connectors, uid, body, looked.message_id)
    result = update.merge(evse, connectors)
    if result is None or result.leniences:
        return None
    news = update.news_of(evse, previous)
    kept = _follow(news, evse_columns[len(EVSES.fields) + 1 :], indifference)
    if kept is None:
        return None
    raises = raise_stamp(location, stamps.push_stamp(update.obj.last_updated))
    guards, followed = kept
    return Decision(
        row={
            "seen": evse_columns[len(EVSES.fields)],
            **guards,
            "place_seen": place[-2],
            "changed": result.changed,
            "raises": raises,
            "place_said": location.last_updated,
            "place_arrived": location.arrived_at,
            **EVSES.as_json(evse, adding=False),
        },
        created=False,
        stored_id=evse.uid,
        kind="evse",
        said=stamps.named_stamp(body) if arrival.method == "PATCH" else None,
        said_before=result.said_before,
        followed=followed,
    )


def _follow(
    news: EvseNews, columns: Sequence[Any], indifference: Indifference
) -> tuple[dict[str, Any], dict[str, Any] | None] | None:
    """Under what condition the status is stored, and with what news; that alone. None: who waits has to be told.

    Where it is no news to who follows, nothing is asked; where nobody does, that nobody waits by then.
    """
    following = following_statuses()
    if following is None or not following.follows(columns):
        return {"waits": indifference.params(news.evse)}, None
    kept = following.decide(news, columns)
    if kept is None:
        return None
    return ({"quiet": True}, None) if not kept else (kept, kept)


def write(rows: Sequence[dict[str, Any]], messages: Sequence[dict[str, Any]]) -> set[int]:
    """Write the EVSEs that are still as they were read, as is their Location, with the news of those that are followed.

    Return their numbers: what another writer has at that moment is not among them, nor where somebody waits by now.
    """
    indifference = indifferent_to_statuses()
    return statements.write(_write(indifference, following_statuses()), rows, messages) if indifference else set()


def tell(followed: Sequence[dict[str, Any]]) -> None:
    """What whoever follows the statuses does once their news is committed."""
    if following := following_statuses():
        following.after(followed)


@cache
def _write(indifference: Indifference, following: Following | None) -> str:
    place, name = LOCATIONS.name, EVSES.name
    columns = [field.column for field in EVSES.fields if not field.primary_key]
    more = "place_seen text, changed boolean, raises boolean, place_said timestamptz, place_arrived timestamptz"
    may, owner, news = f"(given.quiet OR {indifference.condition})", "", ""
    if following:
        more = f"{more}, {following.typed}"
        may = f"CASE WHEN given.owner IS NULL THEN {may} ELSE given.n IN (SELECT n FROM owner) END"
        owner = f" {statements.untouched('owner', following.table, 'owner', 'owner_seen')},"
        news = f" {following.parts},"
    # The Location's row is the lock of its whole tree, for whoever writes any part of it.
    return (
        f"WITH {statements.given(f'quiet boolean, {more}, {EVSES.typed()}')},"
        f" {statements.untouched('place', place, 'location_id', 'place_seen')},"
        f" {statements.untouched('untouched', name, 'id', 'seen')},{owner}"
        " stored AS MATERIALIZED (SELECT given.n FROM given JOIN place USING (n) JOIN untouched USING (n)"
        f" WHERE {may}),"
        f" changed AS (UPDATE {name} SET {', '.join(f'{column} = given.{column}' for column in columns)}"
        f" FROM given JOIN stored USING (n) WHERE {name}.id = given.id AND given.changed),"
        f" raised AS (UPDATE {place} SET last_updated = given.place_said, arrived_at = given.place_arrived,"
        " updated_at = given.updated_at FROM given JOIN stored USING (n)"
        f" WHERE {place}.id = given.location_id AND given.raises),{news}"
        f" {statements.logged()} SELECT n FROM stored"
    )
