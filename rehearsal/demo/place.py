"""Where a demonstration runs: its folder, its ports, its environment."""

import fcntl
import os
import shutil
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
WEB_PORT = 8000
CPO_PORT = 8100
MOST_DEMOS = 20


@dataclass(frozen=True)
class Place:
    """A folder of its own and two ports; `moved` names the ports that were busy."""

    folder: Path
    web_port: int
    cpo_port: int
    moved: tuple[tuple[int, int], ...]

    @property
    def web_url(self) -> str:
        return f"http://{LOOPBACK}:{self.web_port}"

    def environment(self) -> dict[str, str]:
        """What every process of the demonstration gets: embedded defaults, whatever the shell has set."""
        return {
            "ENVIRONMENT": "development",
            "DATABASE_URL": f"sqlite:///{self.folder / 'sfp.sqlite3'}",
            "REDIS_URL": "",
            "VAR_DIR": str(self.folder),
            "OCPI_BASE_URL_TEMPLATE": self.web_url,
            "PUBLIC_BASE_URL": self.web_url,
            "ALLOWED_HOSTS": f"{LOOPBACK},localhost",
            "PAYMENT_GATEWAY": "simulated",
            "EMAIL_URL": "consolemail://",
            "LOG_LEVEL": "INFO",
            "DJANGO_SETTINGS_MODULE": "sfp_platform.settings",
        }


def free_port(wanted: int, taken: frozenset[int] = frozenset()) -> int:
    """Return `wanted` if nobody listens there, else any free port."""
    for port in (wanted, 0):
        if port in taken:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("there is no free port on this machine")


def take(var_dir: Path, stack: ExitStack) -> Place:
    """Take a folder that no running demonstration uses, empty it, and choose the ports.

    The folder stays taken until `stack` closes; the lock is inherited by nobody and dies with this process.
    """
    for number in range(1, MOST_DEMOS + 1):
        folder = var_dir / ("demo" if number == 1 else f"demo-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        lock = stack.enter_context((var_dir / f".{folder.name}.lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        shutil.rmtree(folder)
        folder.mkdir()
        web_port = free_port(WEB_PORT)
        cpo_port = free_port(CPO_PORT, frozenset({web_port}))
        moved = tuple(pair for pair in ((WEB_PORT, web_port), (CPO_PORT, cpo_port)) if pair[0] != pair[1])
        return Place(folder, web_port, cpo_port, moved)
    raise OSError(f"{MOST_DEMOS} demonstrations are running already")


def child_environment(place: Place) -> dict[str, str]:
    """The environment for the demonstration's processes."""
    return {**os.environ, **place.environment()}
