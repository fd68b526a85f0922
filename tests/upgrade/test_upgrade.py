"""A database of each released version is brought to what this version makes of an empty one, and loses no row."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from psycopg import sql

from tests.support.schema import described

DUMPS = sorted(Path(__file__).parent.glob("*.sql"))
CHANGING = {"django_migrations"}
EVERYTHING = sql.SQL("SELECT to_jsonb(t) FROM {} t")
# PostgreSQL writes `x IN ('a', 'b')` with other casts once it has read its own writing.
CASTS = re.compile(r"::(character varying|text)(\[\])?|[()]")


@contextmanager
def database() -> Iterator[str]:
    """The URL of an empty database beside the tests' own."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    name = f"{parts.path.rpartition('/')[2]}_upgrade_{token_hex(4)}"
    place = parts.path.rpartition("/")[0]
    server = urlunsplit(parts._replace(path=f"{place}/postgres"))
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        try:
            yield urlunsplit(parts._replace(path=f"{place}/{name}"))
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def rows_of(url: str) -> dict[str, list[dict[str, Any]]]:
    """Table -> its rows."""
    with psycopg.connect(url) as connected:
        tables = connected.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {
            name: [
                row[0]
                for row in connected.execute(sql.SQL("SELECT to_jsonb(t) FROM {} t").format(sql.Identifier(name)))
            ]
            for (name,) in tables
        }


def kept(before: dict[str, Any], after: list[dict[str, Any]]) -> bool:
    """Whether a row is still there: the columns that there are still say the same."""
    return any(all(row[name] == value for name, value in before.items() if name in row) for row in after)


def compared(cursor: Any) -> list[str]:
    """What the database consists of, as far as it is the same before and after `pg_dump`."""
    lines = described(cursor)
    return sorted(CASTS.sub("", line) if line.startswith(("constraint", "index")) else line for line in lines)


def migrate(url: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    environment = {**os.environ, "DATABASE_URL": url}
    subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=True, timeout=300)


@pytest.mark.django_db
@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.stem)
def test_an_older_database_becomes_a_new_one(dump: Path) -> None:
    with connection.cursor() as cursor:
        fresh = compared(cursor)
    with database() as url:
        with psycopg.connect(url) as old:
            old.execute(dump.read_text())
        before = rows_of(url)
        migrate(url)
        after = rows_of(url)
        with psycopg.connect(url) as upgraded:
            assert compared(upgraded.cursor()) == fresh

    assert before["partners_partner"], "there is something to lose"
    lost = {
        table: [row for row in rows if not kept(row, after[table])]
        for table, rows in before.items()
        if table in after and table not in CHANGING
    }
    assert {table: rows for table, rows in lost.items() if rows} == {}


def test_there_is_a_database_to_upgrade_from() -> None:
    assert "0.2.0" in [path.stem for path in DUMPS]
