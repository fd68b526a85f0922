"""Killing whoever asked: the worker dies in the middle of a call, with nothing in the product that knows of it."""

import os
import time
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL

PROC = Path("/proc")
LOOKS, PAUSE = 50, 0.01


def kill_asker(port: int, herd: int) -> bool:
    """Kill -9 the child of process `herd` that has a connection from this port; return whether one was found.

    What `/proc` lists while processes come and go has gaps: it is looked at again.
    """
    for _ in range(LOOKS if herd else 0):
        inode = inode_of(port)
        for child in children_of(herd):
            if inode and inode in sockets_of(child):
                os.kill(child, SIGKILL)
                return True
        time.sleep(PAUSE)
    return False


def inode_of(port: int) -> str:
    """The inode of the socket that this machine has at a port; "" where there is none."""
    for line in (PROC / "net/tcp").read_text().splitlines()[1:]:
        column = line.split()
        if int(column[1].rpartition(":")[2], 16) == port and column[9] != "0":
            return column[9]
    return ""


def children_of(process: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in (PROC / f"{process}/task/{process}/children").read_text().split()]
    return []


def sockets_of(process: int) -> set[str]:
    """The inodes of the sockets that a process has open."""
    found = set[str]()
    with suppress(OSError):
        for entry in (PROC / f"{process}/fd").iterdir():
            with suppress(OSError):
                target = os.readlink(entry)
                if target.startswith("socket:["):
                    found.add(target[8:-1])
    return found
