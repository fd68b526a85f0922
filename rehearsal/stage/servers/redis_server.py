"""Redis for one run of the tests."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import redis

from rehearsal.stage.ports import free_port
from rehearsal.stage.servers import own_server, packages
from rehearsal.stage.servers.own_server import Service, UnavailableError

LOCAL_URL = "redis://127.0.0.1:6379/0"
MISSING = (
    "no Redis for the tests: none on 127.0.0.1:6379, none installed. "
    "Install redis-server, or set REDIS_URL=redis://:password@host:port/number."
)


@contextmanager
def provide(run: str) -> Iterator[Service]:
    """A Redis of which this run uses only the keys that begin with `REDIS_KEY_PREFIX`."""
    given = os.environ.get("REDIS_URL")
    url = given if given else usable_local()
    if url is None:
        with throw_away() as started:
            yield describe(started, run, own_server.STARTED)
        return
    service = describe(url, run, "REDIS_URL" if given else own_server.ALREADY_RUNNING)
    try:
        yield service
    finally:
        delete_keys(url, f"{run}:")


def usable_local() -> str | None:
    return LOCAL_URL if not own_server.ignore_local() and refusal(LOCAL_URL) is None else None


def connect(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=10)


def refusal(url: str) -> str | None:
    """Why the tests cannot use the server at `url`, or None when they can."""
    try:
        with connect(url) as connection:
            connection.ping()
    except (redis.RedisError, ValueError) as problem:
        return str(problem)
    return None


def describe(url: str, run: str, origin: str) -> Service:
    if problem := refusal(url):
        raise UnavailableError(f"the Redis of {origin} cannot be used for the tests: {problem}")
    with connect(url) as connection:
        version = connection.info("server")["redis_version"]
    address = urlsplit(url)
    where = f"{address.hostname}:{address.port or 6379}" if address.hostname else address.path
    return Service(f"Redis {version}", where, origin, {"REDIS_URL": url, "REDIS_KEY_PREFIX": f"{run}:"})


def delete_keys(url: str, prefix: str) -> None:
    """Remove this run's keys from a server that stays. Nothing else there is ours to touch."""
    with connect(url) as connection:
        for key in connection.scan_iter(match=f"{prefix}*", count=1000):
            connection.delete(key)


@contextmanager
def throw_away() -> Iterator[str]:
    """Start a server of our own and yield its URL; it keeps everything in memory."""
    if shutil.which("redis-server") is None:
        packages.install("redis-server", MISSING)
    program = shutil.which("redis-server")
    if program is None:
        raise UnavailableError(MISSING)
    own_server.say(f"starting Redis from {program}")
    user = own_server.unprivileged_user("redis")
    with own_server.private_folder("sfp-redis-", user) as folder:
        password, port = secrets.token_urlsafe(24), free_port()
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        with own_server.running(
            [program, "-"], folder, user, lambda: refusal(url) is None, configuration(port, password)
        ):
            yield url


def configuration(port: int, password: str) -> str:
    """For standard input, since a command line is everybody's to read. Nothing is kept on disk."""
    return f'bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ""\nappendonly no\n'
