"""`python -m tests.sessions_adhoc.contracts.herd 3`: workers as processes that may be killed at any moment, and are
replaced. Each looks for contract charges that are due, hands them over, and delivers their events."""

import os
import signal
import sys
import time
from types import FrameType

IDLE = 0.02


def work(parent: int) -> None:
    """Until the parent is gone."""
    from django.utils import timezone

    from partners.ground.enqueue import keeping, moment_of
    from sessions_adhoc.contracts import checking
    from sessions_adhoc.webhooks import delivering

    while os.getppid() == parent:
        done = checking.check_due()
        with keeping(delivering.PUSH_TASK) as kept:
            done += delivering.hand_out_due(timezone.now())
            while kept.waiting:
                _task, (pk, held) = kept.waiting.popleft()
                delivering.deliver(pk, moment_of(held))
        if not done:
            time.sleep(IDLE)


def main(count: int) -> None:
    """Keep so many workers alive until it is asked to end. Says the pid of each that begins."""
    import django

    django.setup()
    from django.db import connections

    alive, ended = set[int](), False

    def end(_signal: int, _frame: FrameType | None) -> None:
        nonlocal ended
        ended = True

    signal.signal(signal.SIGTERM, end)
    parent = os.getpid()
    while not ended:
        while len(alive) < count:
            connections.close_all()
            child = os.fork()
            if child == 0:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                work(parent)
                os._exit(0)
            alive.add(child)
            sys.stdout.write(f"worker {child}\n")
            sys.stdout.flush()
        child, _status = os.waitpid(-1, os.WNOHANG)
        alive.discard(child)
        time.sleep(0.01)
    for child in alive:
        os.kill(child, signal.SIGTERM)


if __name__ == "__main__":
    main(int(sys.argv[1]))
