"""A template of the test database: migrated once per state of the migrations, copied by every run and worker.

Migrating an empty database is most of what a short run of tests costs; copying a migrated one takes a blink. The
template stays on the server under a name made from the migrations' content. Of older ones a few are left: branches
change to and fro.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.db import connections
from psycopg import sql

from partners.ground import migrating

PREFIX = "sfp_template_"
KEPT = 12
LOCK = 7_317_001
ROOT: Path = settings.BASE_DIR


def use(*, migrating: bool) -> None:
    """Have test databases copied from the template; on PostgreSQL, and where migrations are wanted at all."""
    if migrating and connections["default"].vendor == "postgresql":
        connections["default"].settings_dict["TEST"]["TEMPLATE"] = _template()


def _template() -> str:
    """The template's name. Whoever comes first makes it, the others wait."""
    name = f"{PREFIX}{_state()}"
    with _server() as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        known = [row[0] for row in server.execute(_NEWEST_FIRST, [f"{PREFIX}%"])]
        if name not in known:
            _make(server, name)
            for old in known[KEPT:]:
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(old)))
    return name


_NEWEST_FIRST = (
    "SELECT datname FROM pg_database WHERE datname LIKE %s AND datname NOT LIKE '%%making' ORDER BY oid DESC"
)


def _make(server: "psycopg.Connection[tuple[str]]", name: str) -> None:
    making = f"{name}_making"
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(making)))
    server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(making)))
    parts = urlsplit(os.environ["DATABASE_URL"])
    url = urlunsplit(parts._replace(path=f"{parts.path.rpartition('/')[0]}/{making}"))
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"]
    subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, cwd=ROOT, check=True)
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(making), sql.Identifier(name)))


def _state() -> str:
    """A digest of what decides what `migrate` makes: our migrations and operations, the libraries with theirs, and the
    day, of which the message log has partitions."""
    files = sorted(path for path in ROOT.glob("*/migrations/*.py") if ".venv" not in path.parts)
    digest = hashlib.sha256((ROOT / "requirements" / "base.txt").read_bytes() + Path(migrating.__file__).read_bytes())
    digest.update(datetime.now(UTC).date().isoformat().encode())
    for path in files:
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:20]


@contextmanager
def _server() -> Iterator["psycopg.Connection[tuple[str]]"]:
    """A connection beside any test database; it holds the lock until it ends."""
    config = connections["default"].settings_dict
    with psycopg.connect(
        dbname="postgres",
        user=config["USER"] or None,
        password=config["PASSWORD"] or None,
        host=config["HOST"] or None,
        port=config["PORT"] or None,
        autocommit=True,
    ) as server:
        yield server
