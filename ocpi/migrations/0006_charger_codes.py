"""A code of ours for every EVSE, EVSE IDs as they are compared, and who published which one first."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import ocpi.charger_codes

AT_ONCE = 2000


def fill(apps: Any, _schema_editor: Any) -> None:
    evses = apps.get_model("ocpi", "Evse").objects
    last = 0
    while rows := list(evses.filter(pk__gt=last).only("pk", "evse_id").order_by("pk")[:AT_ONCE]):
        for row in rows:
            row.code, row.evse_id_key = ocpi.charger_codes.new_code(), ocpi.charger_codes.plain(row.evse_id)
        evses.bulk_update(rows, ["code", "evse_id_key"])
        last = rows[-1].pk


def note_first(apps: Any, _schema_editor: Any) -> None:
    """Rows are as old as their EVSE: of several the oldest that is there had the id first."""
    published = apps.get_model("ocpi", "PublishedEvseId").objects
    evses = apps.get_model("ocpi", "Evse").objects.filter(partner__environment="production")
    rows = evses.exclude(evse_id_key="").order_by(
        models.Case(models.When(status="REMOVED", then=models.Value(1)), default=models.Value(0)), "created_at", "pk"
    )
    model = apps.get_model("ocpi", "PublishedEvseId")
    fresh = (model(key=key, partner_id=partner) for key, partner in rows.values_list("evse_id_key", "partner_id"))
    published.bulk_create(list(fresh), ignore_conflicts=True, batch_size=AT_ONCE)


class Migration(migrations.Migration):
    dependencies = [("partners", "0006_owners_so_far"), ("ocpi", "0005_owners_behind_hubs")]

    operations = [
        migrations.CreateModel(
            name="PublishedEvseId",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.CharField(
                        help_text="In capitals, without separators.",
                        max_length=255,
                        unique=True,
                        verbose_name="EVSE ID",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="first published")),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="published_evse_ids",
                        to="partners.partner",
                    ),
                ),
            ],
            options={
                "verbose_name": "published EVSE ID",
                "verbose_name_plural": "published EVSE IDs",
                "ordering": ["key"],
            },
        ),
        migrations.AddField(
            model_name="evse",
            name="evse_id_key",
            field=models.CharField(blank=True, default="", editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name="evse",
            name="code",
            field=models.CharField(editable=False, max_length=10, null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(note_first, migrations.RunPython.noop),
    ]
