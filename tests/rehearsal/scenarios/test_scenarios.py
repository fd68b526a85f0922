"""Two of the scenarios, between real processes, on PostgreSQL and Redis: that they can be played from a test.

`make check` plays each of them once beside the suite, `make scenarios` in every version.
"""

import os
from pathlib import Path

import pytest

from tests.support.processes import PATIENCE
from tests.support.programs import embedded_environment, manage

pytestmark = pytest.mark.heavy

SAMPLE = (
    "happy@2.1.1",
    "command-rejected@2.3.0",
)

# Its pace on a busy machine: the suite that runs beside it makes this one busy, whatever it looks like at the start.
OPTIONS = ("--pace", "3")


def test_they_end_as_the_rules_demand(tmp_path: Path) -> None:
    servers = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    prefix = os.environ.get("REDIS_KEY_PREFIX", "")
    environment = embedded_environment(tmp_path, **servers, REDIS_KEY_PREFIX=prefix)
    printed = manage(environment, "scenarios", *SAMPLE, *OPTIONS, "--var-dir", str(tmp_path), timeout=6 * PATIENCE)
    assert f"scenarios ok: {len(SAMPLE)} played" in printed
    assert "WRONG" not in printed
    assert list(tmp_path.glob("scenarios_*")) == []
