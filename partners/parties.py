"""Whose a party is, and what it takes to speak for one.

A party is one partner's per environment. It is taken by writing a row under a unique constraint, so of two that want
it at the same moment one has it and the other is told. What staff agreed on is granted at once; what credentials name
beyond that waits for staff (`PartnerRole.State.PENDING`).
"""

from collections.abc import Collection, Iterable
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.signals import post_save

from partners.incidents.reporting import Report, open_incident
from partners.models import Incident, Partner, PartnerRole, PartyOwner, PartySource
from partners.models.checking import checking

log = structlog.get_logger(__name__)
Pair = tuple[str, str]
LENGTH_OF_COUNTRY, LENGTH_OF_BOTH = 2, 5
State = PartnerRole.State
SYMPTOM = "A party that belongs to another partner"
PARTY_FIELDS = frozenset({"country_code", "party_id", "hub_party_id", "environment"})


class PartyTaken(ValidationError):
    """Some of the parties are another's. `taken`: which, and the partner whose each is; None: ours."""

    def __init__(self, taken: dict[Pair, Partner | None]) -> None:
        self.taken = taken
        super().__init__({"party_id": [f"{name_pairs(taken)} is in use already: it belongs to another connection."]})

    def __reduce__(self) -> tuple[Any, ...]:
        return PartyTaken, (self.taken,)


def watch() -> None:
    """From now on: who saves a partner or a role takes its parties in the same transaction, or is refused."""
    post_save.connect(_partner_saved, sender=Partner, dispatch_uid="parties of a partner")
    post_save.connect(_role_saved, sender=PartnerRole, dispatch_uid="party of a role")
    checking.connect(_partner_checked, sender=Partner, dispatch_uid="parties of a partner")
    checking.connect(_role_checked, sender=PartnerRole, dispatch_uid="party of a role")


def _partner_saved(instance: Partner, update_fields: frozenset[str] | None, raw: bool, **_signal: Any) -> None:
    if not raw and (update_fields is None or PARTY_FIELDS & update_fields):
        take_own(instance)


def _role_saved(instance: PartnerRole, update_fields: frozenset[str] | None, raw: bool, **_signal: Any) -> None:
    if not raw and update_fields is None and instance.state != State.REFUSED:
        approved = instance.state == State.APPROVED
        take(instance.partner, [instance.party], PartySource(instance.source), approved=approved)


def _partner_checked(instance: Partner, **_signal: Any) -> None:
    refuse_granted(instance)


def _role_checked(instance: PartnerRole, **_signal: Any) -> None:
    if instance.partner_id:
        refuse_taken(instance.partner, [instance.party])


def name_pairs(pairs: Iterable[Pair]) -> str:
    """`SK*ION, CZ*ABC`."""
    return ", ".join(f"{country}*{party}" for country, party in sorted(pairs))


def pair_of(country_code: str, party_id: str) -> Pair:
    """A party as it is compared: in capitals."""
    return country_code.upper(), party_id.upper()


def pair_in(word: str) -> Pair | None:
    """The party in a word of country and party, as OCPI 2.3.0 names a hub (§7.3.1); None where it is no such word."""
    return pair_of(word[:LENGTH_OF_COUNTRY], word[LENGTH_OF_COUNTRY:]) if len(word) == LENGTH_OF_BOTH else None


def own_of(partner: Partner) -> set[Pair]:
    """The party that was agreed on, and the hub's that staff agreed to."""
    hub = pair_in(partner.hub_party_id)
    return {pair_of(partner.country_code, partner.party_id)} | ({hub} if hub else set())


def take(partner: Partner, pairs: Iterable[Pair], source: PartySource, *, approved: bool) -> None:
    """Make parties the partner's, those that are not already. Inside the caller's transaction.

    Args:
        approved: whether it may speak for them from now on.

    Raises:
        PartyTaken: some are another's; nothing is to be kept then.
    """
    wanted = sorted({pair_of(*pair) for pair in pairs})
    found = _owners(partner.environment, wanted)
    if missing := [pair for pair in wanted if pair not in found]:
        # In this order everywhere: two that want the same parties wait for each other once.
        PartyOwner.objects.bulk_create(
            [
                PartyOwner(
                    environment=partner.environment,
                    country_code=country,
                    party_id=party,
                    partner=partner,
                    source=source,
                    approved=approved,
                )
                for country, party in missing
            ],
            ignore_conflicts=True,
        )
        found = _owners(partner.environment, wanted)
    if others := {pair: row.partner for pair, row in found.items() if row.partner_id != partner.pk}:
        raise PartyTaken({**others})
    mine = found.values() if approved else ()
    if waiting := [row.pk for row in mine if not row.approved or (row.source == PartySource.HUB != source)]:
        PartyOwner.objects.filter(pk__in=waiting).update(approved=True, source=source)


def take_own(partner: Partner) -> None:
    """Make what was agreed on the partner's. It goes before what another's credentials or hub merely told of.

    Raises:
        PartyTaken: another was granted it.
    """
    pairs = own_of(partner)
    for pair, row in _owners(partner.environment, pairs).items():
        if row.partner_id != partner.pk and (row.source == PartySource.HUB or not row.approved):
            PartyOwner.objects.filter(pk=row.pk, partner=row.partner_id).update(
                partner=partner, source=PartySource.AGREED, approved=True
            )
            log.warning("party_moved", party=name_pairs([pair]), before=row.partner.code, now=partner.code)
    take(partner, pairs, PartySource.AGREED, approved=True)


def free(partner: Partner, pair: Pair) -> bool:
    """Give a party up that nothing grants any more; False where something does."""
    roles = PartnerRole.objects.filter(partner=partner, country_code=pair[0], party_id=pair[1])
    if pair in own_of(partner) or roles.exclude(state=State.REFUSED).exists():
        return False
    return bool(PartyOwner.objects.filter(partner=partner, country_code=pair[0], party_id=pair[1]).delete()[0])


def _owners(environment: str, pairs: Collection[Pair]) -> dict[Pair, PartyOwner]:
    if not pairs:
        return {}
    rows = _owning(environment, pairs).select_related("partner")
    return {(row.country_code, row.party_id): row for row in rows}


def _owning(environment: str, pairs: Collection[Pair]) -> QuerySet[PartyOwner]:
    any_of = Q()
    for country, party in pairs:
        any_of |= Q(country_code=country, party_id=party)
    return PartyOwner.objects.filter(any_of, environment=environment)


def granted(environment: str, pairs: Collection[Pair]) -> QuerySet[PartyOwner]:
    """The rows of those of these parties that staff granted to a partner.

    A hub's list is nobody's word but the hub's: it takes no EVSE ID from who published it first.
    """
    return _owning(environment, pairs).filter(approved=True).exclude(source=PartySource.HUB)


def refuse_granted(partner: Partner) -> None:
    """Raise PartyTaken where what was agreed on was granted to another partner."""
    owners = _owners(partner.environment, own_of(partner)).items()
    others = {pair: row for pair, row in owners if row.partner_id != partner.pk}
    if taken := {pair: row.partner for pair, row in others.items() if row.approved and row.source != PartySource.HUB}:
        raise PartyTaken({**taken})


def refuse_taken(partner: Partner, pairs: Iterable[Pair]) -> None:
    """Raise PartyTaken where some of the parties are another partner's, or our own."""
    wanted = {pair_of(*pair) for pair in pairs}
    ours = pair_of(settings.OCPI_COUNTRY_CODE, settings.OCPI_PARTY_ID)
    taken: dict[Pair, Partner | None] = {ours: None} if ours in wanted - own_of(partner) else {}
    for pair, row in _owners(partner.environment, wanted).items():
        if row.partner_id != partner.pk:
            taken[pair] = row.partner
    if taken:
        raise PartyTaken(taken)


def owner_of(environment: str, country_code: str, party_id: str) -> int | None:
    """Return the id of the partner that staff granted a party to; None where there is none."""
    pair = pair_of(country_code, party_id)
    return owners_of(environment, [pair]).get(pair)


def owners_of(environment: str, pairs: Collection[Pair]) -> dict[Pair, int]:
    """Return, of these parties, whose they are: the ids of the partners that staff granted them to."""
    rows = granted(environment, pairs) if pairs else ()
    return {(row.country_code, row.party_id): row.partner_id for row in rows}


def of_credentials(partner: Partner, roles: Iterable[PartnerRole]) -> None:
    """Keep the roles that credentials name, in place of those before. Inside the caller's transaction.

    What is known keeps its state. What is new waits for staff, but for the party and role that were agreed on.

    Raises:
        PartyTaken: some belong to others; nothing is to be kept then.
    """
    said = {(*pair_of(role.country_code, role.party_id), role.role): role for role in roles}
    refuse_taken(partner, {(country, party) for country, party, _ in said})
    known = {(*pair_of(row.country_code, row.party_id), row.role): row for row in partner.roles.all()}
    for key, row in known.items():
        if key in said:
            _keep(row, said[key])
        elif row.state != State.REFUSED:
            row.delete()
    fresh = [_judge(partner, role) for key, role in said.items() if key not in known]
    PartnerRole.objects.bulk_create(fresh)
    live = [*fresh, *(row for key, row in known.items() if key in said and row.state != State.REFUSED)]
    take(partner, {row.party for row in live}, PartySource.CREDENTIALS, approved=False)
    let_go(partner)


def _keep(row: PartnerRole, said: PartnerRole) -> None:
    if (row.business_name, row.website) != (said.business_name, said.website):
        row.business_name, row.website = said.business_name, said.website
        row.save(update_fields=["business_name", "website"])


def _judge(partner: Partner, role: PartnerRole) -> PartnerRole:
    """A role that is new. Agreed on was the partner's own party as CPO, and the hub that staff entered."""
    agreed = role.role == PartnerRole.Role.CPO and role.party == pair_of(partner.country_code, partner.party_id)
    agreed |= role.role == PartnerRole.Role.HUB and "".join(role.party) == partner.hub_party_id
    role.partner = partner
    role.state = State.APPROVED if agreed else State.PENDING
    role.source = PartySource.AGREED if agreed else PartySource.CREDENTIALS
    return role


def let_go(partner: Partner) -> None:
    """Free what the partner held without ever having been granted it, and no role names any more."""
    named_still = PartnerRole.objects.filter(
        partner=OuterRef("partner"), country_code=OuterRef("country_code"), party_id=OuterRef("party_id")
    ).exclude(state=State.REFUSED)
    PartyOwner.objects.filter(~Exists(named_still), partner=partner, approved=False).delete()


def approve(role: PartnerRole) -> None:
    """Grant a role: objects of its party may come from now on; a hub may tell of its parties.

    Raises:
        PartyTaken: it has become another's meanwhile.
    """
    with transaction.atomic():
        partner = Partner.objects.select_for_update(no_key=True).get(pk=role.partner_id)
        take(partner, [role.party], PartySource.CREDENTIALS, approved=True)
        role.state = State.APPROVED
        role.save(update_fields=["state"])
        if role.role == PartnerRole.Role.HUB:
            partner.hub_party_id = "".join(role.party)
            partner.save(update_fields=["hub_party_id", "updated_at"])


def refuse(role: PartnerRole) -> None:
    """Grant a role no more. Its party is free for others, unless another role of the partner has it."""
    with transaction.atomic():
        partner = Partner.objects.select_for_update(no_key=True).get(pk=role.partner_id)
        role.state = State.REFUSED
        role.save(update_fields=["state"])
        if role.role == PartnerRole.Role.HUB and "".join(role.party) == partner.hub_party_id:
            partner.hub_party_id = ""
            partner.save(update_fields=["hub_party_id", "updated_at"])
        others = PartnerRole.objects.filter(
            partner=partner, country_code=role.country_code, party_id=role.party_id, state=State.APPROVED
        )
        if role.party not in own_of(partner) and not others.exists():
            PartyOwner.objects.filter(partner=partner, country_code=role.country_code, party_id=role.party_id).update(
                approved=False
            )
        let_go(partner)


def report_taken(partner: Partner, error: PartyTaken, where: str, message_id: int | None = None) -> Incident:
    """Tell staff that a partner named parties of others. Outside the transaction that was given up."""
    owners = sorted({owner.label if owner else settings.OCPI_BUSINESS_NAME for owner in error.taken.values()})
    said = f"{where} named {name_pairs(error.taken)}, which is {' and '.join(owners)}'s"
    evidence = {"text": said} | ({"message": message_id} if message_id else {})
    return open_incident(
        partner.pk,
        Report(
            key=f"party:{name_pairs(error.taken)}"[:200],
            symptom=SYMPTOM,
            cause=f"{said}. Nothing of it was taken over.",
            resolution="Ask the partner why. If the party has changed hands, refuse it at the one that has it, and "
            "have the other send its credentials again.",
            place=name_pairs(error.taken)[:200],
            to_do="Ask them why. If the party has changed hands, refuse it at the partner that has it, then free it.",
            evidence=[evidence],
            severity=Incident.Severity.URGENT,
            tell_cpo=False,
        ),
    )
