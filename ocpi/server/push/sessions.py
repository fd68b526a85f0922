"""A pushed Session: PUT or PATCH (OCPI 2.2.1 §9.2.2)."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from ocpi.receivers import Indifference, indifferent_to_sessions
from ocpi.server.push import statements
from ocpi.server.push.arrival import Arrival
from ocpi.server.push.decision import Decision
from ocpi.server.push.statements import Looked
from ocpi.store import Party, stamps
from ocpi.store.session_updates import merge, read_patch, read_put
from ocpi.store.sessions import SESSIONS
from partners.tokens import PARTNERS


def look(arrivals: Sequence[Arrival]) -> list[Looked | None]:
    """Token, partner, and the Session as it is stored, with the transaction that wrote it."""
    return statements.look(arrivals, _look())


@cache
def _look() -> str:
    name = SESSIONS.name
    return statements.look_for(
        f"{SESSIONS.columns}, {name}.xmin::text",
        f"LEFT JOIN {name} ON {name}.partner_id = {PARTNERS.name}.id AND {name}.country_code = asked.country_code"
        f" AND {name}.party_id = asked.party_id AND {name}.ocpi_key = asked.key",
    )


def decide(arrival: Arrival, party: Party, looked: Looked, body: Any) -> Decision | None:
    """What the push makes of the stored Session; None where that is not told by its row alone."""
    indifference = indifferent_to_sessions()
    if indifference is None:
        return None
    stored = looked.columns[0] is not None
    row = SESSIONS.read(looked.columns) if stored else None
    session_id = arrival.ids[0]
    if arrival.method == "PUT":
        update = read_put(party, session_id, body, arrival.at, message_id=looked.message_id)
        said: datetime | None = update.obj.last_updated
    else:
        update = read_patch(party, session_id, body, row, arrival.at, message_id=looked.message_id)
        said = stamps.named_stamp(body)
    result = merge(update, row)
    if result is None or result.leniences:
        return None
    return Decision(
        row={
            "seen": looked.columns[-1],
            "waits": indifference.params(result.row),
            **SESSIONS.as_json(result.row, adding=result.created),
        },
        created=result.created,
        stored_id=result.row.ocpi_id,
        kind="session",
        said=said,
        said_before=result.said_before,
    )


def write(rows: Sequence[dict[str, Any]], messages: Sequence[dict[str, Any]]) -> set[int]:
    """Write the Sessions that are still as they were read and that nobody waits for; return their numbers."""
    indifference = indifferent_to_sessions()
    return statements.write(_write(indifference), rows, messages) if indifference else set()


@cache
def _write(indifference: Indifference) -> str:
    name, columns = SESSIONS.name, [field.column for field in SESSIONS.fields if not field.primary_key]
    listed = ", ".join(columns)
    keys = ("partner_id", "country_code", "party_id", "ocpi_key")
    return (
        f"WITH {statements.given(SESSIONS.typed())},"
        f" changed AS (UPDATE {name} SET {', '.join(f'{column} = given.{column}' for column in columns)} FROM given"
        f" WHERE {name}.id = given.id AND {name}.xmin::text = given.seen AND {indifference.condition}"
        " RETURNING given.n),"
        f" added AS (INSERT INTO {name} ({listed}) SELECT {listed} FROM given"
        f" WHERE id IS NULL AND {indifference.condition} ON CONFLICT DO NOTHING RETURNING {', '.join(keys)}),"
        f" stored AS (SELECT n FROM changed UNION ALL SELECT n FROM added JOIN given USING ({', '.join(keys)})"
        " WHERE given.id IS NULL),"
        f" {statements.logged()}"
    )
