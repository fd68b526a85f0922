"""A gross total that the CPO did not tell is empty, never the net (rule 34)."""

from django.db import migrations, models
from django.db.models import F, Q


def forget_net_for_gross(apps, schema_editor):
    """Rows stored before had the net where no tax was told."""
    cdrs = apps.get_model("ocpi", "Cdr").objects.filter(total_gross=F("total_net"))
    cdrs.filter(version="2.1.1").update(total_gross=None)
    older = cdrs.filter(version__in=["2.2", "2.2.1"])
    older.filter(Q(raw__total_cost__incl_vat__isnull=True) | Q(raw__total_cost__incl_vat=None)).update(total_gross=None)
    newer = cdrs.filter(version="2.3.0")
    newer.filter(Q(raw__total_cost__taxes__isnull=True) | Q(raw__total_cost__taxes=[])).update(total_gross=None)


class Migration(migrations.Migration):
    dependencies = [("ocpi", "0007_codes_are_unique")]

    operations = [
        migrations.AlterField(
            model_name="cdr",
            name="total_gross",
            field=models.DecimalField(
                decimal_places=4, help_text="Empty where the CDR states no tax.", max_digits=14, null=True
            ),
        ),
        migrations.RunPython(forget_net_for_gross, migrations.RunPython.noop),
    ]
