"""A pushed Session: PUT or PATCH (OCPI 2.2.1 §9.2.2)."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from ocpi.receivers import Following, Indifference, following_sessions, indifferent_to_sessions
from ocpi.server.push import statements
from ocpi.server.push.arrival import Arrival
from ocpi.server.push.decision import Decision
from ocpi.server.push.statements import Looked
from ocpi.server.views.reading import read_json
from ocpi.store import Party, stamps
from ocpi.store.session_updates import merge, read_patch, read_put
from ocpi.store.sessions import SESSIONS, news_of
from partners.tokens import PARTNERS


def look(arrivals: Sequence[Arrival]) -> list[Looked | None]:
    """Token, partner, the Session as it is stored, with the transaction that wrote it, and who follows it."""
    for one in arrivals:
        if one.method == "PUT":
            _read_names(one)
    return statements.look(arrivals, _look(following_sessions()))


def _read_names(arrival: Arrival) -> None:
    """Who may follow a Session that is not stored yet is found by what it says: as texts, and judged later."""
    try:
        arrival.data = read_json(arrival.body)
        token = arrival.data.get("cdr_token")
        said = arrival.data.get("authorization_reference"), token["uid"] if token else arrival.data.get("auth_id")
        names = zip(("reference", "token"), said, strict=True)
        arrival.names = {name: text.lower() for name, text in names if isinstance(text, str) and "\0" not in text}
    except Exception:  # noqa: BLE001  (whoever reads it whole finds what is wrong with it)
        return


@cache
def _look(following: Following | None) -> str:
    name, more = SESSIONS.name, following.columns if following else ()
    return statements.look_for(
        ", ".join([SESSIONS.columns, f"{name}.xmin::text", *more]),
        f"LEFT JOIN {name} ON {name}.partner_id = {PARTNERS.name}.id AND {name}.country_code = asked.country_code"
        f" AND {name}.party_id = asked.party_id AND {name}.ocpi_key = asked.key AND {statements.small(f'{name}.raw')}"
        f" {following.joins if following else ''}",
    )


def decide(arrival: Arrival, party: Party, looked: Looked, body: Any) -> Decision | None:
    """What the push makes of the stored Session; None where that is not told by its row alone."""
    indifference, following = indifferent_to_sessions(), following_sessions()
    if indifference is None:
        return None
    own = len(SESSIONS.fields)
    row = SESSIONS.read(looked.columns) if looked.columns[0] is not None else None
    seen, of_follower = looked.columns[own], looked.columns[own + 1 :]
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
    guards, kept = {"waits": indifference.params(result.row)}, None
    if following and following.follows(of_follower):
        kept = following.decide(news_of(update, result.row, created=result.created, stale=False), of_follower)
        if kept is None:
            return None
        guards = kept
    return Decision(
        row={"seen": seen, **guards, **SESSIONS.as_json(result.row, adding=result.created)},
        created=result.created,
        stored_id=result.row.ocpi_id,
        kind="session",
        said=said,
        said_before=result.said_before,
        followed=kept,
    )


def write(rows: Sequence[dict[str, Any]], messages: Sequence[dict[str, Any]]) -> set[int]:
    """Write the Sessions that are still as they were read, with the news of those that are followed.

    Return their numbers: others, or what follows them, changed meanwhile or are being written, or somebody waits for
    them who does not follow them yet.
    """
    indifference = indifferent_to_sessions()
    return statements.write(_write(indifference, following_sessions()), rows, messages) if indifference else set()


def tell(followed: Sequence[dict[str, Any]]) -> None:
    """What whoever follows the Sessions does once their news is committed."""
    if following := following_sessions():
        following.after(followed)


@cache
def _write(indifference: Indifference, following: Following | None) -> str:
    name, columns = SESSIONS.name, [field.column for field in SESSIONS.fields if not field.primary_key]
    listed = ", ".join(columns)
    keys = ("partner_id", "country_code", "party_id", "ocpi_key")
    typed, nobody_waits = SESSIONS.typed(), indifference.condition
    owner, news = "", ""
    if following:
        # The Session and its news are kept together or not at all.
        typed, is_owners = f"{typed}, {following.typed}", "given.n IN (SELECT n FROM owner)"
        nobody_waits = f"CASE WHEN given.owner IS NULL THEN {nobody_waits} ELSE {is_owners} END"
        owner = f" {statements.untouched('owner', following.table, 'owner', 'owner_seen')},"
        news = f" {following.parts},"
    return (
        f"WITH {statements.given(typed)},"
        f" {statements.untouched('untouched', name, 'id', 'seen')},{owner}"
        f" changed AS (UPDATE {name} SET {', '.join(f'{column} = given.{column}' for column in columns)}"
        f" FROM given JOIN untouched USING (n) WHERE {name}.id = given.id AND {nobody_waits}"
        f" RETURNING given.n, {name}.id),"
        f" added AS (INSERT INTO {name} ({listed}) SELECT {listed} FROM given"
        f" WHERE id IS NULL AND {nobody_waits} ON CONFLICT DO NOTHING RETURNING id, {', '.join(keys)}),"
        f" stored AS (SELECT n, id FROM changed"
        f" UNION ALL SELECT n, added.id FROM added JOIN given USING ({', '.join(keys)})"
        f" WHERE given.id IS NULL),{news}"
        f" {statements.logged()} SELECT n FROM stored"
    )
