"""Where scenarios are played: a folder, a database and a broker of their own, gone afterwards."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from django.conf import settings
from psycopg import sql

from rehearsal.demo.place import LOOPBACK, free_port

READ_TIMEOUT = 4
CONNECT_TIMEOUT = 2
GATEWAY_DELAY_MS = 3000


BUSY, VERY_BUSY = 1.5, 4.0
"""Load per processor from which everything takes two and three times as long."""


def pace_of_this_machine() -> float:
    """How much slower than on an idle machine things should happen."""
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return 1.0 + (load >= BUSY) + (load >= VERY_BUSY)


@dataclass(frozen=True)
class Place:
    """A folder, a port for the web server, and the environment of every process."""

    folder: Path
    web_port: int
    environment: dict[str, str]

    @property
    def web_url(self) -> str:
        return f"http://{LOOPBACK}:{self.web_port}"


@contextmanager
def prepared(var_dir: Path, pace: float) -> Iterator[Place]:
    """Make a place; the folder with the logs stays when the block raises.

    With `DATABASE_URL` and `REDIS_URL` set: a new database on that server, and keys with a prefix of their own.
    Without: SQLite, and a folder as broker.
    """
    run = f"scenarios_{secrets.token_hex(4)}"
    folder = var_dir / run
    folder.mkdir(parents=True)
    port = free_port(0)  # never a usual one: a second web server there would share its connections
    url = f"http://{LOOPBACK}:{port}"
    with ExitStack() as stack:
        own = {
            "ENVIRONMENT": "development",
            "VAR_DIR": str(folder),
            "DATABASE_URL": stack.enter_context(_database(run, folder)),
            "REDIS_KEY_PREFIX": stack.enter_context(_key_prefix(run)),
            "OCPI_BASE_URL_TEMPLATE": url,
            "PUBLIC_BASE_URL": url,
            "ALLOWED_HOSTS": f"{LOOPBACK},localhost",
            "PAYMENT_GATEWAY": "simulated",
            "SIMULATED_GATEWAY_DELAY_MS": str(round(GATEWAY_DELAY_MS * pace)),
            "OCPI_READ_TIMEOUT": str(READ_TIMEOUT * pace),
            "OCPI_CONNECT_TIMEOUT": str(CONNECT_TIMEOUT * pace),
            "EMAIL_URL": "consolemail://",
            "DJANGO_SETTINGS_MODULE": "sfp_platform.settings",
        }
        yield Place(folder, port, {**os.environ, **own})
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _database(run: str, folder: Path) -> Iterator[str]:
    """The URL of a fresh database."""
    given = os.environ.get("DATABASE_URL", "")
    if not given or given.startswith("sqlite"):
        yield f"sqlite:///{folder / 'sfp.sqlite3'}"
        return
    name = sql.Identifier(f"sfp_{run}")
    _execute(sql.SQL("CREATE DATABASE {}").format(name))
    try:
        parts = urlsplit(given)
        yield urlunsplit(parts._replace(path=f"/sfp_{run}"))
    finally:
        _execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def _execute(statement: sql.Composed) -> None:
    """Run a statement on the configured server, outside any database of ours."""
    config = settings.DATABASES["default"]
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
def _key_prefix(run: str) -> Iterator[str]:
    """A prefix for keys in Redis; what has it is deleted afterwards."""
    prefix = f"{os.environ.get('REDIS_KEY_PREFIX', '')}{run}:"
    try:
        yield prefix
    finally:
        if url := os.environ.get("REDIS_URL", ""):
            with redis.Redis.from_url(url) as server:
                for key in server.scan_iter(f"{prefix}*"):
                    server.delete(key)
