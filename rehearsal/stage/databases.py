"""A database and Redis keys for one run, on servers that others use too; both are gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from rehearsal.stage.servers import postgres, redis_server


@contextmanager
def create_database(server: str, name: str) -> Iterator[str]:
    """A new database on the PostgreSQL server of the URL `server`; gives its URL, and drops it at the end."""
    database = sql.Identifier(name)
    with postgres.connect(server) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(database))
    try:
        yield postgres.with_database(server, name)
    finally:
        with postgres.connect(server) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))


@contextmanager
def keep_keys_apart(server: str, prefix: str) -> Iterator[str]:
    """A prefix for keys in the Redis of this URL; what has it is deleted at the end. Without a server nothing is."""
    try:
        yield prefix
    finally:
        if server:
            redis_server.delete_keys(server, prefix)
