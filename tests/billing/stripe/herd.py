"""`python -m tests.billing.stripe.herd 4 [owned]`: workers as processes, which may be killed at any moment.

They are replaced then.

Each does what a worker does: it looks for what is due, drives it, and does what comes of it at once. What is to happen
to a payment stands in its reference (`Plan`), and is asked for where its owner would: inside the transaction that
records the gateway's answer.
"""

import os
import sys
import time
from dataclasses import dataclass
from datetime import timedelta

from tests.support.herds import keep

WORK_LEASE = timedelta(seconds=15)
IDLE = 0.05


@dataclass(frozen=True)
class Plan:
    """What becomes of a charge: `<number>-<end>-<amount>-<given back>`; `end` is capture, release or none."""

    number: int
    end: str
    amount: int = 0
    back: int = 0

    @property
    def reference(self) -> str:
        return f"{self.number}-{self.end}-{self.amount}-{self.back}"

    @classmethod
    def of(cls, reference: str) -> "Plan":
        number, end, amount, back = reference.split("-")
        return cls(int(number), end, int(amount), int(back))


def go_on(row: object) -> None:
    """The next wish for a payment that has changed, as its owner has it."""
    from billing.models import PaymentAuthorization
    from billing.payments import services

    assert isinstance(row, PaymentAuthorization)
    plan = Plan.of(row.reference)
    if row.state == row.State.RESERVED and plan.end == "capture":
        services.request_capture(row.pk, plan.amount)
    elif row.state == row.State.RESERVED and plan.end == "release":
        services.request_release(row.pk)
    elif row.state == row.State.CAPTURED and row.refunded_amount < plan.back:
        services.request_refund(row.pk, plan.back - row.refunded_amount, reason="as planned")


def work(parent: int) -> None:
    """Until the parent is gone."""
    from django.utils import timezone

    from billing.events import inbox
    from billing.models import PaymentAuthorization, WaitingEvent
    from billing.payments import services
    from billing.payments.driving import DRIVE_TASK
    from partners.ground.deadlines import claim_due
    from partners.ground.enqueue import keeping

    while os.getppid() == parent:
        now = timezone.now()
        until = now + WORK_LEASE
        with keeping(DRIVE_TASK, inbox.HANDLE_TASK) as kept:
            payments = claim_due(PaymentAuthorization, now=now, lease=WORK_LEASE, limit=2)
            events = claim_due(WaitingEvent, now=now, lease=WORK_LEASE, limit=10)
            for event in events:
                inbox.handle(event, until)
            for payment in payments:
                services.drive(payment, until)
            while kept.waiting:
                task, (key, *_rest) = kept.waiting.popleft()
                services.drive(key) if task == DRIVE_TASK else inbox.handle(key)
        if not payments and not events:
            time.sleep(IDLE)


def main(count: int, owned: bool) -> None:
    """Keep so many workers alive until it is asked to end. Says `ready` for each that begins.

    `owned`: what the payments are for has rows of its own, and hears of them as ever, instead of a `Plan`.
    """
    import django

    django.setup()
    from billing import receivers

    if not owned:
        receivers._receivers[:], receivers._lockers[:], receivers._owners[:] = [go_on], [], []
    keep(count, work)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:] == ["owned"])
