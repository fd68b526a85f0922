"""Installs a server's Debian package, without letting the package start its service."""

import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rehearsal.stage.servers.own_server import UnavailableError, say

# Debian asks this program before it starts a service from a package; 101 means "not allowed".
POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_TEXT = "#!/bin/sh\nexit 101\n"


def install(package: str, missing: str) -> None:
    """Install `package`, or say that `missing` is what somebody has to provide."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise UnavailableError(missing)
    say(f"installing the Debian package {package}")
    with services_not_started():
        update_package_lists()
        apt_get("install", "-y", "--no-install-recommends", package)


@functools.cache
def update_package_lists() -> None:
    apt_get("update")


def apt_get(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", "-qq", *arguments],  # noqa: S607
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UnavailableError(f"apt-get {' '.join(arguments)} failed:\n{done.stdout[-2000:]}")


@contextmanager
def services_not_started() -> Iterator[None]:
    """Hold Debian's own policy file in place while packages are installed; one that exists is kept."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text(POLICY_TEXT)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)
