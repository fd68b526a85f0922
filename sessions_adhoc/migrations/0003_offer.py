from django.db import migrations, models


class Migration(migrations.Migration):
    """The column keeps its name: processes of the version before write it while this one starts."""

    dependencies = [
        ("sessions_adhoc", "0002_client_brings_holds"),
    ]

    operations = [
        migrations.AlterField(
            model_name="adhocsession",
            name="shown_tariff",
            field=models.JSONField(
                db_column="shown_tariff",
                default=dict,
                help_text="What the driver was offered when the session was created: tariff, VAT, price plan, words, limit.",
            ),
        ),
        migrations.RenameField(model_name="adhocsession", old_name="shown_tariff", new_name="offer"),
        migrations.AddField(
            model_name="adhocsession",
            name="offer_hash",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="SHA-256 of the offer's canonical JSON; empty for sessions that are older than it.",
                max_length=64,
            ),
        ),
    ]
