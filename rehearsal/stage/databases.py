"""A database and Redis keys for one run, on servers that others use too; both are gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import environ
import psycopg
import redis
from psycopg import sql


@contextmanager
def create_database(server: str, name: str) -> Iterator[str]:
    """A new database on the PostgreSQL server of the URL `server`; gives its URL, and drops it at the end."""
    _execute(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        _execute(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(server: str, statement: sql.Composed) -> None:
    """Run a statement outside any database of ours; the URL is read as the settings read it."""
    config = environ.Env.db_url_config(server)
    with psycopg.connect(
        host=config["HOST"] or None,
        port=config["PORT"] or None,
        user=config["USER"] or None,
        password=config["PASSWORD"] or None,
        dbname="postgres",
        autocommit=True,
    ) as connection:
        connection.execute(statement)


@contextmanager
def keep_keys_apart(server: str, prefix: str) -> Iterator[str]:
    """A prefix for keys in the Redis of this URL; what has it is deleted at the end. Without a server nothing is."""
    try:
        yield prefix
    finally:
        if server:
            with redis.Redis.from_url(server) as broker:
                for key in broker.scan_iter(match=f"{prefix}*"):
                    broker.delete(key)
