"""Where a benchmark runs: a database of its own, Redis keys of its own, a folder, and the processes it starts."""

import os
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psycopg
import redis
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
SERVER = "postgres://postgres@127.0.0.1:5432/postgres"
BROKER = "redis://127.0.0.1:6379/0"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Place:
    """What belongs to this run alone."""

    folder: Path
    database_url: str
    redis_prefix: str
    port: int

    def environment(self, **more: str) -> dict[str, str]:
        """For every process of the platform."""
        url = f"http://127.0.0.1:{self.port}"
        own = {
            "ENVIRONMENT": "development",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": os.environ.get("REDIS_URL") or BROKER,
            "REDIS_KEY_PREFIX": self.redis_prefix,
            "VAR_DIR": str(self.folder),
            "OCPI_BASE_URL_TEMPLATE": url,
            "PUBLIC_BASE_URL": url,
            "LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "sfp_platform.settings",
            "SIMULATED_GATEWAY_DELAY_MS": "0",
        }
        return {**os.environ, **own, **more}


@contextmanager
def take(name: str) -> Iterator[Place]:
    """Create database and folder, and remove them and the Redis keys at the end."""
    signal.signal(signal.SIGTERM, leave)
    server = os.environ.get("DATABASE_URL") or SERVER
    base, _, _ = server.rpartition("/")
    unique = f"sfp_bench_{name}_{secrets.token_hex(3)}"
    folder = Path(tempfile.mkdtemp(prefix=f"{unique}-"))
    with psycopg.connect(f"{base}/postgres", autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unique)))
    try:
        yield Place(folder, f"{base}/{unique}", f"{unique}:", free_port())
    finally:
        with psycopg.connect(f"{base}/postgres", autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(unique)))
        forget_keys(f"{unique}:")
        shutil.rmtree(folder, ignore_errors=True)


def leave(_number: int, _frame: FrameType | None) -> None:
    """Turn a request to end into an exception, so that what was started is stopped and removed."""
    raise SystemExit(1)


def forget_keys(prefix: str) -> None:
    """Remove this run's Redis keys."""
    with redis.Redis.from_url(os.environ.get("REDIS_URL") or BROKER) as broker:
        for key in broker.scan_iter(match=f"{prefix}*"):
            broker.delete(key)


def set_up_django(place: Place) -> None:
    """Make this process one of the platform's, on a migrated database."""
    os.environ.update(place.environment())
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and its children so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / TICKS
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_seconds(int(child)) for child in children)


def resident_mb() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
