"""How databases are used, by their URLs."""

from pathlib import Path
from typing import Any

import environ

from sfp_platform.configuration.embedded import SQLITE_OPTIONS


def pool_of(size: int) -> dict[str, Any]:
    """A pool of at most `size` connections; empty for 0.

    It gives one back after each `max_idle` in which it was not needed: all of a dozen within a minute. While the server
    is away it tries in doubling pauses, which begin anew after each `reconnect_timeout`: else a minute's outage lasts
    two.
    """
    if not size:
        return {}
    return {"min_size": 0, "max_size": size, "max_idle": 5.0, "timeout": 20.0, "reconnect_timeout": 5.0}


def configure(url: str, pool: dict[str, Any], seconds: int, pooler: bool) -> dict[str, Any]:
    """What Django is told of the database at `url`.

    Without a pool each thread keeps a connection, for so many `seconds`. Behind a `pooler` that gives each transaction
    another connection (PgBouncer in transaction mode) no cursor outlives one.
    """
    found: dict[str, Any] = environ.Env.db_url_config(url)
    if found["ENGINE"].endswith("sqlite3"):
        Path(found["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        return {**found, "OPTIONS": SQLITE_OPTIONS}
    found |= {"ENGINE": "sfp_platform.postgresql", "DISABLE_SERVER_SIDE_CURSORS": pooler}
    if pool:
        return {**found, "OPTIONS": {**found.get("OPTIONS", {}), "pool": pool}}
    return {**found, "CONN_MAX_AGE": seconds, "CONN_HEALTH_CHECKS": True}
