"""The pace of this machine, and a stage where everything happens at it."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rehearsal.stage.databases import create_database, keep_keys_apart
from rehearsal.stage.environment import Stage

READ_TIMEOUT = 4
CONNECT_TIMEOUT = 2
GATEWAY_DELAY_MS = 3000


BUSY, VERY_BUSY = 1.5, 4.0
"""Load per processor from which everything takes two and three times as long."""


def pace_of_this_machine() -> float:
    """How much slower than on an idle machine things should happen."""
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return 1.0 + (load >= BUSY) + (load >= VERY_BUSY)


@contextmanager
def stage_at(pace: float, var_dir: Path) -> Iterator[Stage]:
    """A stage in a new folder of `var_dir`; the folder with the logs stays when the block raises.

    With `DATABASE_URL` and `REDIS_URL` set: a new database on that server, and keys with a prefix of their own.
    Without: SQLite, and a folder as broker.
    """
    run = f"scenarios_{secrets.token_hex(4)}"
    folder = var_dir / run
    folder.mkdir(parents=True)
    server, broker = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    prefix = f"{os.environ.get('REDIS_KEY_PREFIX', '')}{run}:"
    with ExitStack() as stack:
        own = {
            "REDIS_URL": broker,
            "REDIS_KEY_PREFIX": stack.enter_context(keep_keys_apart(broker, prefix)),
            "SIMULATED_GATEWAY_DELAY_MS": str(round(GATEWAY_DELAY_MS * pace)),
            "OCPI_READ_TIMEOUT": str(READ_TIMEOUT * pace),
            "OCPI_CONNECT_TIMEOUT": str(CONNECT_TIMEOUT * pace),
        }
        if server and not server.startswith("sqlite"):
            own["DATABASE_URL"] = stack.enter_context(create_database(server, f"sfp_{run}"))
        yield Stage.build(folder, own)
    shutil.rmtree(folder, ignore_errors=True)
