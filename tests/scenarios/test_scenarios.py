"""A handful of scenarios in every version, between real processes, on PostgreSQL and Redis.

`make scenarios` plays all of them.
"""

import os

import pytest

from tests.support.programs import embedded_environment, manage

pytestmark = pytest.mark.slow

HANDFUL = (
    "happy",
    "command-rejected",
    "no-push-get-works",
    "dc-handshake-failure-then-ok",
    "two-sessions-for-one-start",
    "gateway-captures-then-times-out",
)


def test_a_handful_of_scenarios_ends_as_the_rules_demand_in_every_version(tmp_path) -> None:
    servers = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    prefix = os.environ.get("REDIS_KEY_PREFIX", "")
    environment = embedded_environment(tmp_path, **servers, REDIS_KEY_PREFIX=prefix)
    printed = manage(environment, "scenarios", *HANDFUL, "--var-dir", str(tmp_path), "--jobs", "24", timeout=600)
    assert f"scenarios ok: {len(HANDFUL) * 4} played" in printed
    assert "WRONG" not in printed
    assert list(tmp_path.glob("scenarios_*")) == []
