"""What PostgreSQL and Redis have in common here: being described, started, waited for and stopped."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ALREADY_RUNNING = "already running"
STARTED = "started for this run"
START_SECONDS = 60.0
STOP_SECONDS = 15.0


class UnavailableError(Exception):
    """A server cannot be had. The text tells a person why, and what would help."""


@dataclass(frozen=True)
class Service:
    """A server in use: what it is, where, whose, and how the command learns of it."""

    name: str
    where: str
    origin: str
    environment: dict[str, str] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.name} at {self.where} ({self.origin})"


def say(text: str) -> None:
    sys.stderr.write(f"with_services: {text}\n")


def ignore_local() -> bool:
    """Whether servers that already run here are to be left alone (to try out the throw-away ones)."""
    return os.environ.get("SFP_TEST_IGNORE_LOCAL", "0") not in ("", "0")


def unprivileged_user(*names: str) -> str | None:
    """The account for a server that we start as root (PostgreSQL refuses root); None when we are not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in (*names, "nobody") if name in known)


@contextmanager
def private_folder(prefix: str, user: str | None) -> Iterator[Path]:
    """A temporary folder that only `user` can enter; /tmp, because socket paths must stay short."""
    path = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    try:
        if user:
            os.chown(path, pwd.getpwnam(user).pw_uid, -1)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def demote(user: str | None) -> dict[str, object]:
    """The arguments with which `subprocess` runs a program as `user`."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def plain_environment() -> dict[str, str]:
    """PATH and a locale that every system has: a server must not depend on the developer's settings."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@contextmanager
def running(
    command: list[str], folder: Path, user: str | None, ready: Callable[[], bool], stdin: str = ""
) -> Iterator[None]:
    """Keep `command` running, from the moment that `ready()` says so until the block ends.

    It gets a process group of its own: a Ctrl-C at the terminal must reach the tests, not their servers.
    """
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(  # type: ignore[call-overload]
            command,
            cwd=folder,
            env=plain_environment(),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **demote(user),
        )
    try:
        server.stdin.write(stdin.encode())
        server.stdin.close()
        wait_until_ready(command[0], server, ready, log)
        yield
    finally:
        stop(server)


def wait_until_ready(program: str, server: "subprocess.Popen[bytes]", ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if server.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise UnavailableError(f"{program} was started but is not usable:\n{tail}")
        time.sleep(0.05)


def stop(server: "subprocess.Popen[bytes]") -> None:
    """Stop what we started. From here on Ctrl-C interrupts nothing: it would leave servers behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
