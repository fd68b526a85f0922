"""PostgreSQL for one run of the tests."""

import getpass
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import environ
import psycopg
from psycopg import sql

from rehearsal.stage.ports import free_port
from rehearsal.stage.servers import own_server, packages
from rehearsal.stage.servers.own_server import Service, UnavailableError

MINIMUM = 15
MISSING = (
    "no PostgreSQL for the tests: none that lets us create databases on 127.0.0.1:5432, none installed. "
    f"Install PostgreSQL {MINIMUM} or newer, or set DATABASE_URL=postgres://user:password@host:port/name."
)
NOT_DURABLE = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


@contextmanager
def provide(run: str) -> Iterator[Service]:
    """A PostgreSQL whose `DATABASE_URL` names a database of this run's own."""
    given = os.environ.get("DATABASE_URL")
    url = given if given else next(usable_local(), None)
    if url is None:
        with throw_away() as started:
            yield describe(started, run, own_server.STARTED)
        return
    service = describe(url, run, "DATABASE_URL" if given else own_server.ALREADY_RUNNING)
    try:
        yield service
    finally:
        drop_databases(url, run)


def usable_local() -> Iterator[str]:
    """URLs of a server on this machine that lets us create databases: as postgres, else as ourselves."""
    if own_server.ignore_local():
        return
    user = quote(getpass.getuser())
    for server in ("postgres@127.0.0.1:5432", f"{user}@//var/run/postgresql", f"{user}@127.0.0.1:5432"):
        url = f"postgres://{server}/postgres"
        if refusal(url) is None:
            yield url


def refusal(url: str) -> str | None:
    """Why the tests cannot use the server at `url`, or None when they can."""
    try:
        with connect(url) as connection:
            if connection.info.server_version < MINIMUM * 10_000:
                return f"it is PostgreSQL {connection.info.server_version // 10_000}, too old"
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
            return None if row and row[0] else f"{connection.info.user} may not create databases"
    except (psycopg.Error, ValueError) as problem:
        return " ".join(str(problem).split())


def connect(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    """Connect to the maintenance database of the server in `url`, read as the settings read it."""
    config = environ.Env.db_url_config(url)
    if not config["ENGINE"].endswith("postgresql"):
        raise ValueError(f"{urlsplit(url).scheme}:// is not PostgreSQL")
    return psycopg.connect(
        dbname="postgres",
        user=config["USER"] or None,
        password=config["PASSWORD"] or None,
        host=config["HOST"] or None,
        port=config["PORT"] or None,
        connect_timeout=3,
        autocommit=True,
        **config.get("OPTIONS", {}),
    )


def describe(url: str, run: str, origin: str) -> Service:
    if problem := refusal(url):
        raise UnavailableError(f"the PostgreSQL of {origin} cannot be used for the tests: {problem}")
    with connect(url) as connection:
        info = connection.info
        version = info.parameter_status("server_version") or ""
        name = f"PostgreSQL {version.split()[0]}"
        where = info.host if info.host.startswith("/") else f"{info.host}:{info.port}"
    return Service(name, where, origin, {"DATABASE_URL": with_database(url, run)})


def with_database(url: str, name: str) -> str:
    """The same server's URL with another database; what precedes it in the path is a socket's folder."""
    parts = urlsplit(url)
    folder, _slash, _old = parts.path.rpartition("/")
    return urlunsplit(parts._replace(path=f"{folder}/{name}"))


def drop_databases(url: str, run: str) -> None:
    """Remove what an interrupted run left on a server that stays."""
    with connect(url) as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"test_{run}"]
        ).fetchall()
        for (name,) in names:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(name))))


def programs() -> Path | None:
    """The folder of the newest installed PostgreSQL: Debian keeps it off the PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    found = [folder for folder in found if float(folder.parent.name) >= MINIMUM]
    if found:
        return max(found, key=lambda folder: float(folder.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path and version_of(on_path) >= MINIMUM else None


def version_of(program: str) -> int:
    output = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)", output)
    return int(found[1]) if found else 0


@contextmanager
def throw_away() -> Iterator[str]:
    """Start a server of our own and yield its URL; its data does not outlive the run."""
    if programs() is None:
        packages.install("postgresql", MISSING)
    folder_of_programs = programs()
    if folder_of_programs is None:
        raise UnavailableError(MISSING)
    own_server.say(f"starting PostgreSQL from {folder_of_programs}")
    user = own_server.unprivileged_user("postgres")
    with own_server.private_folder("sfp-pg-", user) as folder:
        password, port = secrets.token_urlsafe(24), free_port()
        initialise(folder_of_programs, folder, user, password)
        url = f"postgres://postgres:{password}@127.0.0.1:{port}/postgres"
        command = server_command(folder_of_programs, folder, port)
        with own_server.running(command, folder, user, lambda: refusal(url) is None):
            yield url


def initialise(folder_of_programs: Path, folder: Path, user: str | None, password: str) -> None:
    """`initdb`, with a password: other people on this machine reach loopback ports as well."""
    secret = folder / "password"
    secret.write_text(password)
    command = [str(folder_of_programs / "initdb"), "-D", str(folder / "data"), "-U", "postgres"]
    command += [
        "--auth=scram-sha-256",
        f"--pwfile={secret}",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]
    if user:
        shutil.chown(secret, user)
    done = subprocess.run(  # type: ignore[call-overload]
        command,
        cwd=folder,
        env=own_server.plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **own_server.demote(user),
    )
    if done.returncode:
        raise UnavailableError(f"initdb failed:\n{done.stdout[-2000:]}")


def server_command(folder_of_programs: Path, folder: Path, port: int, speed: Sequence[str] = NOT_DURABLE) -> list[str]:
    """Where it listens, and what it may leave undone to be fast."""
    settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
    command = [str(folder_of_programs / "postgres"), "-D", str(folder / "data")]
    return command + [part for setting in [*settings, *speed] for part in ("-c", setting)]
