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
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
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


def migrate(url: str, *until: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", *until]
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


@pytest.mark.django_db
def test_a_database_that_an_earlier_fold_made_goes_on_from_there() -> None:
    """It has recorded the fold, whose file gave way to a later one, and the migrations that it replaced."""
    with connection.cursor() as cursor:
        fresh = compared(cursor)
    with database() as url:
        with psycopg.connect(url) as old:
            old.execute(DUMPS[0].read_text())
        migrate(url, "billing", "0009_payouts")
        migrate(url, "sessions_adhoc", "0008_language")
        with psycopg.connect(url) as made:
            made.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES "
                "('billing', '0001_as_of_0009', now()), ('sessions_adhoc', '0001_as_of_0008', now())"
            )
        migrate(url)
        with psycopg.connect(url) as upgraded:
            assert compared(upgraded.cursor()) == fresh


def test_there_is_a_database_to_upgrade_from() -> None:
    assert "0.2.0" in [path.stem for path in DUMPS]


def test_an_empty_database_takes_few_migrations() -> None:
    """Each that changes a table costs a newcomer's first start: `scripts/fold_migrations.py` makes one of several."""
    loader = MigrationLoader(None)
    own = {config.label for config in apps.get_app_configs() if Path(config.path).parent == settings.BASE_DIR}
    leaves = [leaf for leaf in loader.graph.leaf_nodes() if leaf[0] in own]
    taken = {key for leaf in leaves for key in loader.graph.forwards_plan(leaf) if key[0] in own}
    many = {app: sum(key[0] == app for key in taken) for app in own}
    assert {app: number for app, number in many.items() if number > 4} == {}
