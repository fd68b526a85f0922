from django.db import migrations, models

from partners.ground.migrating import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("partners", "0007_saved_filters"),
    ]

    operations = [
        AddIndexOnline(model_name="mail", index=models.Index(fields=["to"], name="mails_by_address")),
    ]
