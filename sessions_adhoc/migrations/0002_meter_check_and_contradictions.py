from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_adhoc", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="chargingattempt",
            name="connector_contradicts_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Neither charging nor free since then: it contradicts an ACTIVE Session.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="sample",
            name="faults",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What counts against the partner: energy, power, late.",
                max_length=20,
            ),
        ),
    ]
