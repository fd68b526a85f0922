"""A migration gives way to whoever uses a table, and comes back."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from tests.support.processes import ROOT
from tests.support.programs import server_environment
from tests.upgrade.test_upgrade import database

pytestmark = [pytest.mark.heavy, pytest.mark.django_db]
COUNT = "SELECT count(*) FROM sessions_adhoc_adhocsession"
"""Of a table that was changed since 0.2.0, and that everybody reads."""
GIVES_WAY = "Somebody uses a table that is to be changed: trying again"


def test_nobody_waits_behind_a_migration_for_long(tmp_path: Path) -> None:
    """From 0.2.0 to now, while somebody reads for longer than a migration waits."""
    waits, told, ended = list[float](), list[str](), threading.Event()
    with database() as url:
        with psycopg.connect(url) as server:
            server.execute((ROOT / "tests" / "upgrade" / "0.2.0.sql").read_text())
        reading = psycopg.connect(url)
        reading.execute(COUNT)

        def ask() -> None:
            """Somebody who comes after the migration, again and again."""
            with psycopg.connect(url, autocommit=True) as third:
                while not ended.is_set():
                    began = time.monotonic()
                    third.execute(COUNT)
                    waits.append(time.monotonic() - began)
                    time.sleep(0.05)

        asking = threading.Thread(target=ask)
        asking.start()
        environment = server_environment(tmp_path, DATABASE_URL=url)
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        migrating = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        try:
            assert migrating.stderr is not None
            for line in migrating.stderr:
                told.append(line)
                reading.rollback()  # it has given way once
            assert migrating.wait() == 0
        finally:
            migrating.kill()
            ended.set()
            asking.join()
            reading.close()
        sys.stdout.write(f"\n{len(waits)} asked meanwhile, the longest waited {max(waits):.2f} s\n")
        assert told == [f"{GIVES_WAY} (1).\n"]
        assert 1.5 < max(waits) < 2.5
        with psycopg.connect(url, autocommit=True) as server:
            server.execute("SELECT has_additions FROM sessions_adhoc_adhocsession")
