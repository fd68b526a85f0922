"""Give each party that is in use to its partner: what was agreed on first, then what credentials named."""

from typing import Any

from django.db import migrations


def give(apps: Any, _schema_editor: Any) -> None:
    Partner, PartnerRole = apps.get_model("partners", "Partner"), apps.get_model("partners", "PartnerRole")
    PartyOwner = apps.get_model("partners", "PartyOwner")
    rows = []
    for partner in Partner.objects.order_by("pk"):
        rows.append(_row(PartyOwner, partner, partner.country_code, partner.party_id, "agreed"))
    for partner in Partner.objects.exclude(hub_party_id="").order_by("pk"):
        hub = partner.hub_party_id
        if len(hub) == 5:
            rows.append(_row(PartyOwner, partner, hub[:2], hub[2:], "agreed"))
    for role in PartnerRole.objects.select_related("partner").order_by("pk"):
        rows.append(_row(PartyOwner, role.partner, role.country_code, role.party_id, "credentials"))
    # The first has it.
    PartyOwner.objects.bulk_create(rows, ignore_conflicts=True)
    owners = {(row.environment, row.country_code, row.party_id): row.partner_id for row in PartyOwner.objects.all()}
    for role in PartnerRole.objects.select_related("partner"):
        party = (role.partner.environment, role.country_code.upper(), role.party_id.upper())
        if owners.get(party) != role.partner_id:
            PartnerRole.objects.filter(pk=role.pk).update(state="refused", source="credentials")


def _row(model: Any, partner: Any, country_code: str, party_id: str, source: str) -> Any:
    return model(
        environment=partner.environment,
        country_code=country_code.upper(),
        party_id=party_id.upper(),
        partner_id=partner.pk,
        approved=True,
        source=source,
    )


class Migration(migrations.Migration):
    dependencies = [("partners", "0005_party_owner")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
