"""PostgreSQL and Redis of this run alone, which can be killed and started again with the same address."""

import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rehearsal.stage.ports import free_port
from rehearsal.stage.servers import own_server, packages, postgres, redis_server

NO_FSYNC = ["fsync=off", "max_connections=200"]
"""What a killed server has committed is with the kernel: only a power cut would lose it."""


@dataclass
class Server:
    """One server that we started; `url` stays the same over its lives."""

    url: str
    command: list[str]
    folder: Path
    user: str | None
    ready: Callable[[], bool]
    how_to_kill: signal.Signals
    configuration: str = ""
    popen: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        log = self.folder / "server.log"
        with log.open("ab") as output:
            self.popen = subprocess.Popen(  # type: ignore[call-overload]
                self.command,
                cwd=self.folder,
                env=own_server.plain_environment(),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **own_server.demote(self.user),
            )
        assert self.popen is not None
        assert self.popen.stdin is not None
        self.popen.stdin.write(self.configuration.encode())
        self.popen.stdin.close()
        own_server.wait_until_ready(self.command[0], self.popen, self.ready, log)

    def kill(self) -> None:
        """End it at once, without any goodbye to its clients."""
        if self.popen is not None and self.popen.poll() is None:
            self.popen.send_signal(self.how_to_kill)
            self.popen.wait()


@contextmanager
def started() -> Iterator[tuple[Server, Server]]:
    """PostgreSQL and Redis, running; both are gone after the block."""
    with ExitStack() as stack:
        database = stack.enter_context(_postgres())
        broker = stack.enter_context(_redis())
        yield database, broker


@contextmanager
def _postgres() -> Iterator[Server]:
    programs = postgres.programs()
    if programs is None:
        raise own_server.UnavailableError(postgres.MISSING)
    user = own_server.unprivileged_user("postgres")
    with own_server.private_folder("sfp-torture-pg-", user) as folder:
        password, port = secrets.token_urlsafe(24), free_port()
        postgres.initialise(programs, folder, user, password)
        url = f"postgres://postgres:{password}@127.0.0.1:{port}/postgres"
        command = postgres.server_command(programs, folder, port, NO_FSYNC)
        # SIGQUIT is PostgreSQL's immediate stop: no goodbyes, recovery from the log at the next start.
        server = Server(url, command, folder, user, lambda: postgres.refusal(url) is None, signal.SIGQUIT)
        with _running(server):
            yield server


@contextmanager
def _redis() -> Iterator[Server]:
    """Redis that keeps nothing on disk: killed, it has lost its queues."""
    program = shutil.which("redis-server")
    if program is None:
        raise own_server.UnavailableError(redis_server.MISSING)
    user = own_server.unprivileged_user("redis")
    with own_server.private_folder("sfp-torture-redis-", user) as folder:
        password, port = secrets.token_urlsafe(24), free_port()
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        configuration = redis_server.configuration(port, password)
        ready = lambda: redis_server.refusal(url) is None  # noqa: E731
        with _running(Server(url, [program, "-"], folder, user, ready, signal.SIGKILL, configuration)) as server:
            yield server


@contextmanager
def _running(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.kill()


POOLED = """
[databases]
* = host=127.0.0.1 port={port} user=postgres password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
auth_type = any
unix_socket_dir =
pool_mode = transaction
default_pool_size = 10
max_client_conn = 500
"""


@contextmanager
def pgbouncer(database: Server) -> Iterator[dict[str, str]]:
    """PgBouncer in transaction mode in front of the database; gives what the platform must be told then."""
    if shutil.which("pgbouncer") is None:
        packages.install("pgbouncer", "pgbouncer is not installed")
    asked, own = urlsplit(database.url), free_port()
    user = own_server.unprivileged_user("postgres")
    url = f"postgres://postgres@127.0.0.1:{own}/postgres"
    with own_server.private_folder("sfp-torture-bouncer-", user) as folder:
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(POOLED.format(port=asked.port, password=asked.password, own=own))
        configuration.chmod(0o644)
        command = [str(shutil.which("pgbouncer")), str(configuration)]
        ready = lambda: postgres.refusal(url) is None  # noqa: E731
        with _running(Server(url, command, folder, user, ready, signal.SIGKILL)):
            yield {"DATABASE_URL": url, "DATABASE_TRANSACTION_POOLER": "on"}


def variables(database: Server, broker: Server) -> dict[str, str]:
    """For every process of the platform: these servers, and little patience."""
    return {
        "DATABASE_URL": database.url,
        "REDIS_URL": broker.url,
        "REDIS_KEY_PREFIX": "",
        "OCPI_READ_TIMEOUT": "4",
        "OCPI_CONNECT_TIMEOUT": "2",
        "EMAIL_URL": "consolemail://",
        "LOG_LEVEL": "INFO",
    }
