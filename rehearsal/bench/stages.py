"""Where a benchmark runs: a database of its own, Redis keys of its own, and a folder."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rehearsal.stage.again import stop_on_sigterm
from rehearsal.stage.databases import create_database, keep_keys_apart
from rehearsal.stage.environment import Stage

SERVER = "postgres://postgres@127.0.0.1:5432/postgres"
BROKER = "redis://127.0.0.1:6379/0"


@contextmanager
def take(name: str) -> Iterator[Stage]:
    """Create database and folder, and remove them and the Redis keys at the end."""
    stop_on_sigterm()
    server, unique = os.environ.get("DATABASE_URL") or SERVER, f"sfp_bench_{name}_{secrets.token_hex(3)}"
    folder = Path(tempfile.mkdtemp(prefix=f"{unique}-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.enter_context(keep_keys_apart(broker(), f"{unique}:"))
        yield at(folder, stack.enter_context(create_database(server, unique)), f"{unique}:")


def at(folder: Path, database_url: str, redis_prefix: str) -> Stage:
    """With everything real, and a payment gateway that answers at once."""
    own = {
        "DATABASE_URL": database_url,
        "REDIS_URL": broker(),
        "REDIS_KEY_PREFIX": redis_prefix,
        "LOG_LEVEL": "WARNING",
        "SIMULATED_GATEWAY_DELAY_MS": "0",
    }
    return Stage.build(folder, own)


def broker() -> str:
    return os.environ.get("REDIS_URL") or BROKER


def set_up_django(stage: Stage) -> None:
    """Make this process one of the platform's, on a migrated database."""
    os.environ.update(stage.environment())
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
