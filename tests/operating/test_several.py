"""Two beats, a pooler between, a Redis that is replaced: charges go on, and nothing is done twice.

`SFP_BEATS_MINUTES=5 make heavy ARGS="tests/operating/test_several.py -s"` lets two beats run for five minutes.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.operating.test_stopping import IN_TIME, Platform
from tests.support.processes import ROOT, Process, eventually, free_port

pytestmark = pytest.mark.heavy
MINUTES = float(os.environ.get("SFP_BEATS_MINUTES", "0.5"))


def torture(*options: str) -> str:
    """Charges of every kind, with both books compared at the end; what it printed."""
    command = [sys.executable, "-m", "rehearsal.bench.torture", "--seed", "88", "--kills", "0", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    sys.stdout.write(f"\n{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "torture ok: nothing lost, stuck or done twice" in done.stdout
    return done.stdout


def test_two_beats_do_nothing_twice() -> None:
    """No command, capture or mail."""
    said = torture("--beats", "2", "--sessions", str(round(20 * MINUTES)), "--minutes", str(MINUTES))
    mails = re.search(r"(\d+) mails, (\d+) times; 2 beats", said)
    assert mails is not None
    assert mails[1] == mails[2] != "0"


def test_charges_go_through_pgbouncer_in_transaction_mode() -> None:
    torture("--pgbouncer", "--sessions", "20", "--minutes", "0.5")


@pytest.mark.django_db(transaction=True)
def test_a_dead_beat_of_two_is_not_missed(tmp_path: Path) -> None:
    """What ticks bring goes on within 5 s: the pulse of each queue is a tick like all others, each ten seconds."""
    from sfp_platform.broker.life import EVERY
    from sfp_platform.health.looks import Signs

    platform = Platform(tmp_path)
    platform.what["beat-2"] = lambda: platform.beat("beat-2")
    try:
        for name in platform.what:
            platform.start(name)
        platform.seconds_until(lambda found: not found)
        platform.processes["beat"].kill()
        oldest, began = 0.0, time.monotonic()
        while time.monotonic() < began + 4 * EVERY:
            ages = [age for (what, _), age in Signs.read().ages.items() if what == "queue"]
            oldest = max(oldest, *ages)
            time.sleep(0.2)
        sys.stdout.write(f"\nlongest pause between two ticks of ten seconds, one beat of two dead: {oldest:.1f} s\n")
        assert oldest < EVERY + 5
    finally:
        platform.stop_all()


@pytest.mark.django_db(transaction=True)
def test_a_dead_master_of_redis_is_replaced(tmp_path: Path) -> None:
    """Two Redis and a sentinel: the platform finds the new master by itself."""
    ports = [free_port() for _ in range(3)]
    plain = ["redis-server", "--save", "", "--appendonly", "no", "--dir", str(tmp_path), "--port"]
    sentinel = tmp_path / "sentinel.conf"
    sentinel.write_text(
        f"port {ports[2]}\nsentinel monitor sfp 127.0.0.1 {ports[0]} 1\nsentinel down-after-milliseconds sfp 2000\n"
        "sentinel failover-timeout sfp 5000\n"
    )
    follows = ["--replicaof", "127.0.0.1", str(ports[0])]
    platform = Platform(
        tmp_path, REDIS_URL=f"sentinel://127.0.0.1:{ports[2]}", REDIS_SENTINEL_MASTER="sfp", REDIS_KEY_PREFIX=""
    )
    del platform.what["broker"]
    with (
        Process([*plain, str(ports[0])], log=tmp_path / "r0.log") as master,
        Process([*plain, str(ports[1]), *follows], log=tmp_path / "r1.log"),
        Process(["redis-server", str(sentinel), "--sentinel"], log=tmp_path / "s.log"),
    ):
        asking: Any = redis.Redis(port=ports[2])
        eventually(lambda: asking.execute_command("SENTINEL", "REPLICAS", "sfp"), what="the follower")
        try:
            for name in platform.what:
                platform.start(name)
            platform.seconds_until(lambda found: not found)
            master.kill()
            named = platform.seconds_until(lambda found: "broker" in found)
            back = platform.seconds_until(lambda found: not found)
            sys.stdout.write(f"\nmaster of Redis killed: named after {named:.1f} s, replaced {back:.1f} s later\n")
            assert named < IN_TIME
            # A queue is named until something went through it again.
            time.sleep(IN_TIME)
            assert platform.seconds_until(lambda found: not found) < 1
        finally:
            platform.stop_all()
