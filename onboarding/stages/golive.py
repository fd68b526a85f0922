"""Going live (guide 7.5): who did which of the four actions, and the connection in production."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from onboarding.guide import GO_LIVE, Side, Stage, unproven
from onboarding.models import GoLiveAction
from onboarding.partner_facts import facts_of
from onboarding.stages import moving
from onboarding.stages.refusals import NotPossible, Unproven
from partners.models import Partner
from partners.services import ContactDetails, PartnerDetails, add_partner

BY_SIGNING, IN_PRODUCTION = "signed_off", "production_tested"


def confirm(
    partner: Partner, action: str, side: Side, name: str, user: Any = None, note: str = ""
) -> tuple[GoLiveAction, bool]:
    """One side says that it did its part of an action; return (row, whether it is new).

    Raises:
        NotPossible: not in stage 4, no such action, or it is not that side's; the form is signed, not confirmed; it
            is not shown yet that production works: connected, checked without a failure, one real charge.
    """
    if action not in GO_LIVE or side not in GO_LIVE[action].sides:
        raise NotPossible("This is no action of that side.")
    if action == BY_SIGNING:
        raise NotPossible("The sign-off form is completed by signing it.")
    with transaction.atomic():
        onboarding = moving.lock_onboarding(partner)
        if onboarding.stage != Stage.GO_LIVE:
            raise NotPossible("This belongs to stage 4, go-live & sign-off.")
        if action == IN_PRODUCTION and (missing := unproven(facts_of(onboarding))):
            raise Unproven(missing)
        return GoLiveAction.objects.get_or_create(
            onboarding=onboarding,
            action=action,
            side=side.value,
            defaults={"name": name, "user": user, "note": note.strip(), "at": timezone.now()},
        )


@dataclass(frozen=True)
class ProductionDetails:
    """What is different in production: the code of our endpoint, their versions URL, a Token A of its own."""

    code: str
    versions_url: str
    token_a: str = ""
    networks: Sequence[str] = ()


def add_production(partner: Partner, details: ProductionDetails, user: Any) -> Partner:
    """Make the connection in production of a tested integration, with an endpoint and tokens of its own.

    Name, party, version and contacts are taken over; networks where none are given. Nothing else is: neither tokens
    nor objects of the test system reach production.

    Raises:
        NotPossible: not in stage 4, there is one already, or this one is in production itself.
        ValidationError: with every fault by field.
    """
    with transaction.atomic():
        onboarding = moving.lock_onboarding(partner)
        if onboarding.stage != Stage.GO_LIVE:
            raise NotPossible("Production follows in stage 4, when the tests are passed.")
        tested = onboarding.partner
        if onboarding.production is not None or tested.environment == Partner.Environment.PRODUCTION:
            raise NotPossible("There is a connection in production already.")
        if tested.code == details.code.strip():
            raise ValidationError({"code": ["Production needs an endpoint code of its own."]})
        made = add_partner(_details(tested, details))
        onboarding.production = made
        onboarding.save(update_fields=["production"])
        moving.remark(onboarding, f"Connection in production added: {made.code}", user)
    return made


def _details(tested: Partner, details: ProductionDetails) -> PartnerDetails:
    return PartnerDetails(
        code=details.code,
        name=tested.name,
        country_code=tested.country_code,
        party_id=tested.party_id,
        versions_url=details.versions_url,
        agreed_version=tested.agreed_version,
        environment=Partner.Environment.PRODUCTION,
        token_a=details.token_a,
        contacts=[ContactDetails(one.name, one.email, one.phone) for one in tested.contacts.all()],
        networks=list(details.networks) or [row.network for row in tested.allowed_networks.all()],
        enabled_versions=tested.enabled_versions,
    )
