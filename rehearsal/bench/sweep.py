"""The sweep: what a tick costs with 1,000 sessions due per second, among 1,000 and among 100,000 open ones.

Nobody works on what is claimed: only claiming and handing over are measured.
"""

import time
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models
from django.utils import timezone

from rehearsal.bench.figures import median, percentile, say, verdict
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.tasks import tick
from sfp_platform.broker.sweep import SESSIONS_EVERY

PER_SECOND, FEW, MANY, TICKS = 1_000, 1_000, 100_000, 12
FAR = timedelta(days=1)
LATER = "now() + interval '1 day'"


def measure() -> None:
    """Print both, and their ratio."""
    sample = AdHocSession.objects.select_related("token", "authorization").first()
    if sample is None:
        say("  the sweep needs a session to copy, and none was made: MISSED")
        return
    AdHocSession.objects.exclude(next_check_at=None).update(next_check_at=timezone.now() + FAR)
    results = {}
    for count in (FEW, MANY):
        grow(sample, count)
        results[count] = [one_tick() for _ in range(TICKS)]
    for count, ticks in results.items():
        took, lag = median([one[0] for one in ticks]), percentile([late for one in ticks for late in one[1]], 99)
        say(f"  tick, {PER_SECOND} due/s of {count} open: {took * 1000:.0f} ms; lag p99 {lag:.2f} s: {verdict(lag, 1)}")
    ratio = median([one[0] for one in results[MANY]]) / median([one[0] for one in results[FEW]])
    say(f"  {MANY} open against {FEW}: x {ratio:.2f}: {verdict(ratio, 1.2)}")


def grow(sample: AdHocSession, count: int) -> None:
    """Copy a session, with a token and a payment of its own, until `count` are open."""
    missing = count - AdHocSession.objects.exclude(next_check_at=None).count()
    token = copies(sample.token, missing, uid=f"'T{count}-' || n", contract_id=f"'C{count}-' || n")
    payment = f"md5('{count}-' || n)::uuid"
    held = {"state": "'reserved'", "next_check_at": LATER, "captured_amount": "0", "capture_amount": "NULL"}
    copies(sample.authorization, missing, id=payment, reference="gen_random_uuid()", **held)
    copies(
        sample,
        missing,
        id="gen_random_uuid()",
        token_id=f"{token} + n",
        authorization_id=payment,
        idempotency_key="''",
        state="'waiting_for_connector'",
        ended_at="NULL",
        next_check_at=LATER,
    )
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {AdHocSession._meta.db_table}")


def copies(row: models.Model, count: int, **changes: str) -> int:
    """Insert copies of a row in one statement; return the key before the first, where keys are numbers."""
    model: Any = type(row)
    highest = model.objects.aggregate(highest=models.Max("pk"))["highest"] if "id" not in changes else 0
    own = {"id": f"{highest} + n", **changes}
    names = [field.column for field in model._meta.concrete_fields]
    values = ", ".join(own.get(name, f's."{name}"') for name in names)
    columns, table = ", ".join(f'"{name}"' for name in names), model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns})"
            f" SELECT {values} FROM {table} s, generate_series(1, %s) AS n WHERE s.id = %s",
            [count, row.pk],
        )
    return int(highest)


def far() -> datetime:
    """A moment that does not come while this runs."""
    return timezone.now() + FAR


def one_tick() -> tuple[float, list[float]]:
    """Let as many become due as do between two ticks, evenly, then tick; return (seconds, each one's lag)."""
    interval = SESSIONS_EVERY
    number = int(PER_SECOND * interval)
    chosen = AdHocSession.objects.filter(next_check_at__gt=timezone.now() + FAR / 2).values_list("pk", flat=True)
    rows = AdHocSession.objects.in_bulk(list(chosen[:number]))
    now = timezone.now()
    for position, row in enumerate(rows.values()):
        row.next_check_at = now - timedelta(seconds=interval * position / number)
    AdHocSession.objects.bulk_update(rows.values(), ["next_check_at"])
    saving = timezone.now() - now
    started = time.perf_counter()
    claimed = tick()
    took = time.perf_counter() - started
    lags = [interval * position / number + took for position in range(number)]
    lost = number - claimed
    AdHocSession.objects.filter(pk__in=list(rows)).update(next_check_at=timezone.now() + FAR + saving)
    return took, [lag + (interval if position < lost else 0) for position, lag in enumerate(lags)]
