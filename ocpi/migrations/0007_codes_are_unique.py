"""Every EVSE has a code, and no two the same."""

from django.db import migrations, models

import ocpi.charger_codes


class Migration(migrations.Migration):
    dependencies = [("ocpi", "0006_charger_codes")]

    operations = [
        migrations.AlterField(
            model_name="evse",
            name="code",
            field=models.CharField(
                default=ocpi.charger_codes.new_code,
                editable=False,
                help_text="In its QR code. Made once, and never another EVSE's.",
                max_length=10,
                unique=True,
            ),
        ),
        migrations.AddIndex(
            model_name="evse",
            index=models.Index(fields=["evse_id_key", "partner"], name="evses_by_public_id"),
        ),
    ]
