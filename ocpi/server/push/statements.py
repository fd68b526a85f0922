"""The SQL that both kinds of pushes share, for however many of them at once.

Values come as one JSON text: the statement is the same for one push and for fifty, so that PostgreSQL plans it once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ocpi.log.message_log import BEGUN, ENDED, MESSAGES
from ocpi.server.push.arrival import Arrival
from partners.ground.rows import dump, run
from partners.models import IssuedToken
from partners.tokens import TOKENS, Found, found_columns, found_in, found_width, read_found

# PostgreSQL expects a hundred rows of such a function and would read whole tables for them; by this condition, which
# always holds, it expects one.
FEW = "n + 0 = n"
KEPT_LARGE = 32 * 1024
"""Bytes of an object as the database keeps it, compressed: a larger one is its view's affair, as a larger body is."""
LOGGED = ("id", *BEGUN, *ENDED)


@dataclass(frozen=True)
class Looked:
    """What the look found for one push.

    Args:
        message_id: for its row in the message log.
        found: its token and partner.
        columns: what else the kind of push asked for.
    """

    message_id: int
    found: Found
    columns: Sequence[Any]


def look(arrivals: Sequence[Arrival], statement: str) -> list[Looked | None]:
    """Run a look for some pushes; None for those whose token is not known."""
    asked = [
        {
            "n": number,
            "digest": one.digest,
            "country_code": one.country_code,
            "party_id": one.party_id,
            "key": one.ids[0].lower(),
            "part": one.ids[-1].lower(),
            **one.names,
        }
        for number, one in enumerate(arrivals)
    ]
    looked: list[Looked | None] = [None] * len(arrivals)
    after = 2 + found_width()
    for row in run(statement, [dump(asked)]):
        looked[row[0]] = Looked(row[1], read_found(row[2:after]), row[after:])
    return looked


@cache
def look_for(columns: str, joins: str) -> str:
    """A look: token and partner of each push, and what else its kind joins to `asked`.

    In `asked` are the ids of its URL, and the names of its body that the kind looks for.
    """
    return (
        "WITH asked AS MATERIALIZED (SELECT * FROM json_to_recordset(%s)"
        " AS asked(n int, digest text, country_code text, party_id text, key text, part text,"
        " reference text, token text)"
        f" WHERE {FEW})"
        f" SELECT asked.n, nextval('{MESSAGES.name}_id_seq'), {found_columns()}, {columns}"
        f" FROM asked JOIN ({found_in()}) ON {TOKENS.name}.digest = asked.digest"
        f" AND {TOKENS.name}.state <> '{IssuedToken.State.REVOKED}' {joins}"
    )


def small(raw: str) -> str:
    """A condition: the object is not large. To a look a large one is not there, and no write then finds it so."""
    return f"pg_column_size({raw}) <= {KEPT_LARGE}"


@cache
def given(typed: str) -> str:
    """The rows to be written, as a part of a statement: what a kind of push gives, by its number `n`."""
    return (
        "given AS MATERIALIZED (SELECT * FROM json_to_recordset(%s)"
        f" AS given(n int, seen text, waits text[], {typed}) WHERE {FEW})"
    )


def untouched(part: str, table: str, key: str, seen: str) -> str:
    """The part with the numbers `n` whose row of a table is as it was read, and is locked by this.

    A row that another writer has is passed over, not waited for: others share the statement, and nobody who waits for
    nothing can be waited for in a circle.
    """
    return (
        f"{part} AS MATERIALIZED (SELECT given.n FROM given JOIN {table} ON {table}.id = given.{key}"
        f" WHERE {table}.xmin::text = given.{seen} FOR NO KEY UPDATE OF {table} SKIP LOCKED)"
    )


@cache
def logged() -> str:
    """The part with the row of the message log, complete, of each push that was `stored`."""
    columns = ", ".join(LOGGED)
    return (
        f"logged AS (INSERT INTO {MESSAGES.name} ({columns}) SELECT {columns} FROM json_to_recordset(%s)"
        f" AS message(n int, {MESSAGES.typed(*LOGGED)}) WHERE n IN (SELECT n FROM stored))"
    )


def write(statement: str, rows: Sequence[dict[str, Any]], messages: Sequence[dict[str, Any]]) -> set[int]:
    """Run a write; return the numbers of those that were stored: of the others nothing is left."""
    return {row[0] for row in run(statement, [dump(rows), dump(messages)])}
