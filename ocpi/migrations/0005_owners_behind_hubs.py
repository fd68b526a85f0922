"""Give each party behind a hub that nobody has to the hub that told of it."""

from typing import Any

from django.db import migrations


def give(apps: Any, _schema_editor: Any) -> None:
    PartyOwner, ClientInfo = apps.get_model("partners", "PartyOwner"), apps.get_model("ocpi", "ClientInfo")
    clients = ClientInfo.objects.select_related("partner").exclude(role__in=["EMSP", "NSP"]).order_by("pk")
    PartyOwner.objects.bulk_create(
        [
            PartyOwner(
                environment=row.partner.environment,
                country_code=row.country_code.upper(),
                party_id=row.party_id.upper(),
                partner_id=row.partner_id,
                approved=True,
                source="hub",
            )
            for row in clients
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("partners", "0006_owners_so_far"), ("ocpi", "0004_arrivals")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
