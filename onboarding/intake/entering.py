"""What a CPO sends before the integration starts (guide 3.1, 3.2): stored item by item, and what of it is missing."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from ocpi.handshake.discovery import Offer
from onboarding.connection_facts import seen_of
from onboarding.guide.checklist import ITEMS, PROVIDED
from onboarding.intake.checks import (
    check_field,
    clean_agreed_version,
    clean_country_code,
    clean_party_id,
    clean_versions_url,
)
from onboarding.models import ChecklistItem
from partners import parties, tokens
from partners.ground import secrets
from partners.models import AllowedNetwork, Contact, Partner, PartnerRole, ReceivedToken

REGISTRATION = ReceivedToken.Purpose.REGISTRATION
FROM_CPO = "Entered by the CPO"
WORDS = {
    "versions_url": "versions URL",
    "party_id": "party ID",
    "country_code": "country code",
    "agreed_version": "OCPI version",
}


@transaction.atomic
def record_intake(partner: Partner, data: Mapping[str, Any], by: str) -> list[str]:
    """Store what was entered, in the name of `by`; return in words what that changed. Secrets are not in the words.

    Args:
        data: fields as in `CHECKS`, and `agreed_version`. What is not in it stays as it is.

    Raises:
        ValidationError: with every fault by field; nothing is stored then.
    """
    partner = Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
    clean = _clean(partner, data)
    _refuse_a_party_of_others(partner, clean)
    said = [
        *_store_partner(partner, clean),
        *_store_networks(partner, clean.get("networks"), by),
        *_store_contact(partner, clean),
    ]
    if token := clean.get("token_a"):
        tokens.store_received(partner, token, REGISTRATION)
        said.append(f"Token A, ends in {secrets.last4(token)}")
    return said


def _clean(partner: Partner, data: Mapping[str, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = {}
    faults: dict[str, list[str]] = {}
    for name, value in data.items():
        try:
            clean[name] = check_field(partner, name, value)
        except ValidationError as error:
            faults[name] = list(error.messages)
    if faults:
        raise ValidationError(faults)
    return clean


def _refuse_a_party_of_others(partner: Partner, clean: Mapping[str, Any]) -> None:
    country = clean.get("country_code", partner.country_code)
    party = clean.get("party_id", partner.party_id)
    try:
        parties.refuse_taken(partner, [(country, party)])
    except parties.PartyTaken as error:
        field = "party_id" if "party_id" in clean else "country_code"
        text = f"{country}*{party} is in use already. If it is yours, write to {settings.SUPPORT_EMAIL}."
        raise ValidationError({field: [text]}) from error


def _store_partner(partner: Partner, clean: Mapping[str, Any]) -> list[str]:
    before = (partner.country_code, partner.party_id)
    said = []
    for name in WORDS:
        if name in clean and getattr(partner, name) != clean[name]:
            setattr(partner, name, clean[name])
            said.append(f"{WORDS[name]}: {clean[name]}")
    if said:
        partner.save()
        roles = PartnerRole.objects.filter(partner=partner, country_code=before[0], party_id=before[1])
        roles.update(country_code=partner.country_code, party_id=partner.party_id)
        parties.free(partner, before)
    return said


def _store_networks(partner: Partner, wanted: list[str] | None, by: str) -> list[str]:
    """Make their list the wanted one. What staff noted about a network that stays, stays."""
    if wanted is None:
        return []
    listed = {row.network: row for row in partner.allowed_networks.all()}
    gone, new = [one for one in listed if one not in wanted], [one for one in wanted if one not in listed]
    partner.allowed_networks.filter(network__in=gone).delete()
    for network in new:
        AllowedNetwork.objects.create(partner=partner, network=network, note=f"{FROM_CPO} ({by})"[:200])
    return [*(f"address added: {one}" for one in new), *(f"address removed: {one}" for one in gone)]


def _store_contact(partner: Partner, clean: Mapping[str, Any]) -> list[str]:
    given = {name: clean[f"contact_{name}"] for name in ("name", "email", "phone") if f"contact_{name}" in clean}
    if not given:
        return []
    contact = partner.contacts.first() or Contact(partner=partner)
    changed = [name for name, value in given.items() if getattr(contact, name) != value]
    for name in changed:
        setattr(contact, name, given[name])
    if not changed or not (contact.name and contact.email):
        return []
    contact.save()
    return [f"technical contact: {', '.join(getattr(contact, name) for name in changed)}"]


# --- what is there
def faults_of_items(partner: Partner) -> dict[str, str]:
    """Return, per item of guide 3.1, what is missing or wrong with it; empty text where nothing is."""
    return item_faults([partner])[partner.pk]


def item_faults(partners: Sequence[Partner]) -> dict[int, dict[str, str]]:
    """The same for several. Three queries, however many they are."""
    ids = [partner.pk for partner in partners]
    contacts = {row.partner_id: row for row in Contact.objects.filter(partner__in=ids).order_by("-id")}
    listed = set(AllowedNetwork.objects.filter(partner__in=ids).order_by().values_list("partner_id", flat=True))
    stored = ReceivedToken.objects.filter(partner__in=ids, purpose=REGISTRATION, state=ReceivedToken.State.ACTIVE)
    with_token = set(stored.order_by().values_list("partner_id", flat=True))
    return {
        partner.pk: _faults(partner, contacts.get(partner.pk), partner.pk in listed, partner.pk in with_token)
        for partner in partners
    }


def _faults(partner: Partner, contact: Contact | None, listed: bool, stored: bool) -> dict[str, str]:
    people = contact and contact.name and contact.email and contact.phone
    return {
        "versions_url": _fault(clean_versions_url, partner.versions_url),
        "token_a": "" if stored or partner.connected_at else "missing",
        "party_id": _fault(clean_party_id, partner.party_id),
        "country_code": _fault(clean_country_code, partner.country_code),
        "agreed_version": _fault(
            lambda text: clean_agreed_version(text, partner.enabled_versions), partner.agreed_version
        ),
        "networks": "" if listed else "missing",
        "contact": "" if people else "name, email or phone is missing" if contact else "missing",
    }


def _fault(check: Callable[[str], Any], value: str) -> str:
    if not value:
        return "missing"
    try:
        check(value)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def intake_missing(partner: Partner) -> list[str]:
    """Return what of guide 3.1 and 3.2 is missing or invalid, in words; empty when stage 0 has all of it."""
    return missing_of([partner])[partner.pk]


def missing_of(
    partners: Sequence[Partner], offers: Mapping[int, Sequence[Offer]] | None = None
) -> dict[int, list[str]]:
    """The same for several. Seven queries at most, however many they are; none where there are none.

    `offers`: what they offer, by partner, where the caller has just read it (`onboarding.connection_facts.offers_of`).
    """
    if not partners:
        return {}
    ids = [partner.pk for partner in partners]
    faults, confirmed = item_faults(partners), {pk: set(seen) for pk, seen in seen_of(partners, offers).items()}
    ticks = ChecklistItem.objects.filter(partner__in=ids).order_by().values_list("partner_id", "key")
    for partner_id, key in ticks:
        confirmed[partner_id].add(key)
    return {pk: _missing(faults[pk], confirmed[pk]) for pk in ids}


def _missing(faults: Mapping[str, str], confirmed: Collection[str]) -> list[str]:
    missing = []
    for item in (item for item in ITEMS if item.needed):
        unconfirmed = "" if item.key in confirmed else "not confirmed"
        if fault := faults[item.key] if item.key in PROVIDED else unconfirmed:
            missing.append(f"{item.title}: {fault}")
    return missing
