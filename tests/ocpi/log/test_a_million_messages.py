"""A million messages: made partitions while others are written, and a day of them dropped in a moment."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from ocpi.log import partitions
from partners.ground.rows import run
from tests.support.processes import ROOT
from tests.support.programs import server_environment
from tests.upgrade.test_upgrade import database

pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
MANY, RATE, FOUR = 1_000_000, 200, 4
COLUMNS = (
    "at, direction, method, url, version, module, source_address, request_id, correlation_id, request_headers,"
    " request_body, response_headers, response_body, error, leniences, faults, objects_touched, subject, failed"
)
VALUES = (
    "%s, 'in', 'PUT', '/ocpi/emsp/2.2.1/sessions/SK/ION/S-' || i, '2.2.1', 'sessions', '192.0.2.1', '', '', '{}',"
    " repeat('x', 500), '{}', repeat('y', 120), '', '[]', '[]', '[]', 'S-' || i, false"
)
ROWS = "INSERT INTO ocpi_message ({}) SELECT {} FROM generate_series(1, {}) i"
FILL, ONE = ROWS.format(COLUMNS, VALUES, MANY), ROWS.format(COLUMNS, VALUES, 1)


def free_bytes() -> int:
    return int(run("SELECT pg_database_size(current_database())", [])[0][0])


def test_a_day_of_a_million_is_dropped_within_a_second() -> None:
    moment = datetime.now(UTC)
    run(FILL, [moment])
    full, began = free_bytes(), time.monotonic()
    dropped = partitions.drop_old(moment + timedelta(days=91))
    took = time.monotonic() - began
    given_back = full - free_bytes()
    sys.stdout.write(f"{MANY} rows dropped in {took:.3f} s, {given_back / 2**20:.0f} MB given back\n")
    assert partitions.name_of(moment.date()) in dropped
    assert took < 1
    assert given_back > 500 * 2**20


@pytest.fixture
def url() -> Iterator[str]:
    """A database as 0.2.0 left it, beside that of the tests."""
    with database() as other:
        with psycopg.connect(other) as server:
            server.execute((ROOT / "tests" / "upgrade" / "0.2.0.sql").read_text())
        yield other


def migrating(url: str, folder: Path) -> "subprocess.Popen[bytes]":
    environment = server_environment(folder, DATABASE_URL=url)
    return subprocess.Popen([sys.executable, "manage.py", "migrate"], cwd=ROOT, env=environment)


class Writers:
    """So many messages a second, over four connections: each is due at its moment, whatever the last took."""

    def __init__(self, url: str, rate: float) -> None:
        self.url, self.pause = url, FOUR / rate
        self.waits, self.stopped = list[float](), threading.Event()
        self.threads = [threading.Thread(target=self._write) for _ in range(FOUR)]

    def __enter__(self) -> "Writers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def _write(self) -> None:
        due = time.monotonic()
        with psycopg.connect(self.url, autocommit=True) as server:
            while not self.stopped.wait(max(0.0, due - time.monotonic())):
                began, due = time.monotonic(), due + self.pause
                server.execute(ONE, [datetime.now(UTC)])
                self.waits.append(time.monotonic() - began)


def test_a_log_of_before_becomes_partitions_while_pushes_arrive(url: str, tmp_path: Path) -> None:
    """All that was changed since 0.2.0, by two who migrate at once. No statement of those who write waits for longer
    than half a second, and none is lost."""
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(FILL, [datetime.now(UTC)])
        [(before,)] = server.execute("SELECT count(*) FROM ocpi_message").fetchall()
    began = time.monotonic()
    with Writers(url, RATE) as writers:
        both = [migrating(url, tmp_path) for _ in range(2)]
        assert [one.wait() for one in both] == [0, 0]
        took = time.monotonic() - began
    waits = writers.waits
    told = f"{len(waits)} written meanwhile, {len(waits) / took:.0f}/s, the longest in {max(waits) * 1000:.0f} ms"
    sys.stdout.write(f"{told}; both had migrated after {took:.0f} s\n")
    assert len(waits) > 0.9 * RATE * took
    with psycopg.connect(url, autocommit=True) as server:
        parts = server.execute("SELECT tableoid::regclass::text, count(*) FROM ocpi_message GROUP BY 1").fetchall()
    assert sum(number for _name, number in parts) == before + len(waits)
    assert len(parts) == 2
    assert max(waits) < 0.5
