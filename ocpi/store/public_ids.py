"""EVSE IDs as they are published: who was first with one, and who publishes another's."""

from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction

from ocpi.charger_codes import party_of
from ocpi.models import Evse, PublishedEvseId
from partners import parties
from partners.incidents import Report, open_incident
from partners.models import Incident, Partner

SYMPTOM = "An EVSE ID that belongs to another partner"
AT_ONCE = 1000
REMOVED = "REMOVED"


def publish(partner: Partner, evses: Iterable[Evse]) -> None:
    """Note the EVSE IDs of EVSEs that are new or have another id now. Inside the caller's transaction.

    Drivers are led by them in production only. Whoever publishes what leads to another partner has an incident.
    """
    if partner.environment != Partner.Environment.PRODUCTION:
        return
    texts = {evse.evse_id_key: evse.evse_id for evse in evses if evse.evse_id_key}
    # In one order everywhere: two that publish the same ids wait for each other once.
    fresh = [PublishedEvseId(key=key, partner=partner) for key in sorted(texts)]
    PublishedEvseId.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=AT_ONCE)
    _report(partner, texts)


def _report(partner: Partner, texts: dict[str, str]) -> None:
    """Tell of what is another's, and of what others published before although it is this partner's."""
    owners = parties.owners_of(partner.environment, {party_of(key) for key in texts})
    first = dict(PublishedEvseId.objects.filter(key__in=texts).values_list("key", "partner_id"))
    claimed: dict[tuple[int, int], list[str]] = defaultdict(list)
    for key, text in texts.items():
        rightful = owners.get(party_of(key), first.get(key, partner.pk))
        for claimant in {partner.pk, first.get(key, partner.pk)} - {rightful}:
            claimed[claimant, rightful].append(text)
    names = {row.pk: row.label for row in Partner.objects.filter(pk__in={pk for pair in claimed for pk in pair})}
    for (claimant, rightful), ids in claimed.items():
        open_incident(claimant, _claim(ids, rightful, names[rightful]))


def _claim(ids: list[str], rightful: int, name: str) -> Report:
    said = f"They publish {', '.join(ids[:5])}{' and more' if len(ids) > 5 else ''}"
    return Report(
        key=f"evse-id:{rightful}",
        symptom=SYMPTOM,
        cause=f"{said}, which {name} has: by the party that it begins with, or because it published it first.",
        resolution=f"Drivers who type it go on to be led to {name}; the QR codes of both lead where they always led. "
        "Ask both whose charger it is. If it has changed hands, free the id at its page (Published EVSE IDs).",
        place=", ".join(ids[:3]),
        to_do="Ask both whose charger it is, and press Free this EVSE ID if it has changed hands.",
        evidence=[{"text": f"EVSE ID {one}"} for one in ids[:20]],
        severity=Incident.Severity.PROBLEM,
        tell_cpo=False,
    )


def free(row: PublishedEvseId) -> Partner | None:
    """Take an EVSE ID from its first publisher; return the one that has it now: who else publishes it longest."""
    with transaction.atomic():
        PublishedEvseId.objects.filter(pk=row.pk).delete()
        others = Evse.objects.filter(evse_id_key=row.key, partner__environment=Partner.Environment.PRODUCTION)
        heir = others.exclude(partner=row.partner).exclude(status=REMOVED).order_by("pk").first()
        if heir is None:
            return None
        PublishedEvseId.objects.bulk_create([PublishedEvseId(key=row.key, partner=heir.partner)], ignore_conflicts=True)
        return heir.partner
