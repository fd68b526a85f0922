"""Sessions that were paid before there were receipts: their accounts are looked at once, and they get theirs."""

from typing import Any

from django.db import migrations

BITE = 500


def open_accounts(apps: Any, _schema_editor: Any) -> None:
    """In bites, by key. Twice does no harm: closing an account again changes nothing."""
    sessions = apps.get_model("sessions_adhoc", "AdHocSession").objects
    due = apps.get_model("sessions_adhoc", "AccountDue")
    paid = sessions.filter(authorization__captured_amount__gt=0, ended_at__isnull=False).order_by("pk")
    last = None
    while keys := list((paid.filter(pk__gt=last) if last else paid).values_list("pk", flat=True)[:BITE]):
        due.objects.bulk_create([due(session_id=key) for key in keys])
        last = keys[-1]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("sessions_adhoc", "0004_accounts"),
        ("billing", "0006_receipts"),
    ]

    operations = [migrations.RunPython(open_accounts, migrations.RunPython.noop, elidable=True)]
