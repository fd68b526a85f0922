"""Sessions that were live before claims were kept hold theirs too (rule 36)."""

from django.db import migrations

OCCUPYING = (
    "created",
    "authorizing",
    "authorized",
    "waiting_for_connector",
    "starting",
    "validating",
    "charging",
    "stopping",
)


def claim(apps, schema_editor):
    """One claim per EVSE: where several drivers share one, it is the first one's."""
    sessions = apps.get_model("sessions_adhoc", "AdHocSession").objects
    taken = set(sessions.exclude(occupies=None).values_list("occupies_id", flat=True))
    live = sessions.filter(state__in=OCCUPYING, occupies=None).order_by("created_at", "pk")
    for pk, evse_id in live.values_list("pk", "evse_id"):
        if evse_id not in taken:
            taken.add(evse_id)
            sessions.filter(pk=pk).update(occupies_id=evse_id)


class Migration(migrations.Migration):
    dependencies = [("sessions_adhoc", "0004_prices_limit")]

    operations = [migrations.RunPython(claim, migrations.RunPython.noop, elidable=True)]
