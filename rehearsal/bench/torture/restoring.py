"""The database put back to an earlier moment while charges go on, as `docs/restore.md` says it is done.

A base backup is taken in the midst of everything. Later all processes of the platform and the database are killed, the
backup takes the database's place, and the broker forgets everything; then `reconcile` asks gateways and CPOs.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.db import connections

from rehearsal.bench.torture.servers import Server
from rehearsal.bench.torture.targets import Targets
from rehearsal.stage.processes import ROOT
from rehearsal.stage.servers import own_server, postgres

BACKUP_AT, PUT_BACK_AT = 0.4, 0.8
"""In shares of the time in which drivers come."""


class Drill:
    """One backup, and one restore to it."""

    def __init__(self, targets: Targets, say: Callable[[str], None]) -> None:
        self.targets, self.say = targets, say
        self.database: Server = targets.servers["postgres"]
        self.since = datetime.now(UTC)
        self.told = ""

    def errands(self, seconds: float) -> list[tuple[float, Callable[[], None]]]:
        """When what is done, in a run in which drivers come for so many seconds."""
        return [(seconds * BACKUP_AT, self.back_up), (seconds * PUT_BACK_AT, self.put_back)]

    def back_up(self) -> None:
        programs, asked = postgres.programs(), urlsplit(self.database.url)
        assert programs is not None
        self.since = datetime.now(UTC)
        where = ["-D", str(self.database.folder / "base"), "-h", "127.0.0.1", "-p", str(asked.port), "-U", "postgres"]
        command = [str(programs / "pg_basebackup"), *where, "-X", "stream", "-c", "fast", "--no-sync"]
        known = {**own_server.plain_environment(), "PGPASSWORD": asked.password or ""}
        as_owner = own_server.demote(self.database.user)
        subprocess.run(command, cwd=self.database.folder, env=known, check=True, **as_owner)  # type: ignore[call-overload]
        self.say("base backup")

    def put_back(self) -> None:
        """What the database has learnt since the backup is forgotten."""
        ours = [name for name in self.targets.running.running if name.startswith(("web", "worker", "beat"))]
        for name in ours:
            self.targets.kill(name)
        self._exchange()
        self.targets.servers["redis"].kill()
        self.targets.servers["redis"].start()
        self.say(f"put back to {self.since:%H:%M:%S}, now {datetime.now(UTC):%H:%M:%S}")
        self.reconcile()
        for name in ours:
            self.targets.revive(name)

    def _exchange(self) -> None:
        connections.close_all()
        data, base = self.database.folder / "data", self.database.folder / "base"
        self.database.kill()
        shutil.rmtree(data)
        base.rename(data)
        self.database.start()

    def reconcile(self) -> None:
        """Exit code 1 says that people have to decide something, which they do after every restore."""
        command = [sys.executable, "manage.py", "reconcile", "--since", self.since.isoformat()]
        own = {**os.environ, **self.targets.running.environment}
        done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=False)
        self.told = done.stdout
        if "to decide" not in done.stderr and done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
