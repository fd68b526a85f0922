"""`python -m tests.sessions_adhoc.contracts.herd 3`: workers as processes that may be killed at any moment, and are
replaced. Each looks for contract charges that are due, hands them over, and delivers their events."""

import os
import sys
import time

from tests.support.herds import keep

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
    keep(count, work, "worker {pid}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
