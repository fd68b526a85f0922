"""Workers that a test kills: as many as were asked for, each that dies replaced at once."""

import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType


def keep(count: int, work: Callable[[int], None], said: str = "ready") -> None:
    """Fork `count` workers, which call `work` with our pid, until SIGTERM, or until whoever started us is gone.

    Args:
        said: printed for each of them; `{pid}` in it is the worker's.
    """
    from django.db import connections

    alive, ended, starter = set[int](), False, os.getppid()

    def end(_signal: int, _frame: FrameType | None) -> None:
        nonlocal ended
        ended = True

    signal.signal(signal.SIGTERM, end)
    parent = os.getpid()
    while not ended and os.getppid() == starter:
        while len(alive) < count:
            connections.close_all()
            child = os.fork()
            if child == 0:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                work(parent)
                os._exit(0)
            alive.add(child)
            sys.stdout.write(f"{said.format(pid=child)}\n")
            sys.stdout.flush()
        child, _status = os.waitpid(-1, os.WNOHANG)
        alive.discard(child)
        time.sleep(0.01)
    for child in alive:
        os.kill(child, signal.SIGTERM)
