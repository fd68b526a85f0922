"""Payments that are older than the books: their history gets a step that tells how their money stands now."""

from typing import Any

from django.db import migrations, transaction
from django.db.models import Q
from django.utils import timezone

BITE = 500
HELD, TAKEN = ("reserved", "capturing"), ("captured", "refunding")


def begin(apps: Any, _schema_editor: Any) -> None:
    """In bites, by key; a payment whose history tells it already is passed over, so that it may be run again."""
    payments = apps.get_model("billing", "PaymentAuthorization").objects
    moved = payments.filter(Q(state__in=(*HELD, *TAKEN)) | Q(state="releasing", expires_at__isnull=False))
    waiting = moved.exclude(pk__in=events(apps).exclude(held_after=None).values("authorization")).order_by("pk")
    last = None
    while rows := list(waiting.filter(pk__gt=last)[:BITE] if last else waiting[:BITE]):
        with transaction.atomic():
            write(apps, rows)
        last = rows[-1].pk


def events(apps: Any) -> Any:
    return apps.get_model("billing", "PaymentEvent").objects


def write(apps: Any, rows: list[Any]) -> None:
    now, event = timezone.now(), apps.get_model("billing", "PaymentEvent")
    event.objects.bulk_create(
        [
            event(
                authorization=row,
                at=now,
                action="books_begin",
                from_state=row.state,
                to_state=row.state,
                held_after=0 if row.state in TAKEN else row.amount,
                captured_after=row.captured_amount,
                refunded_after=row.refunded_amount,
                disputed_after=row.disputed_amount if row.dispute == "open" else 0,
                lost_after=row.disputed_amount if row.dispute == "lost" else 0,
            )
            for row in rows
        ]
    )
    unposted = apps.get_model("billing", "UnpostedPayment")
    unposted.objects.bulk_create([unposted(authorization=row, next_check_at=now) for row in rows])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("billing", "0004_ledger"),
    ]

    operations = [migrations.RunPython(begin, migrations.RunPython.noop, elidable=True)]
