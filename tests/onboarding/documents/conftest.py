"""An integration in stage 4."""

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from onboarding.guide import Side, Stage
from onboarding.models import ConnectionCheck, FunctionalTest, Onboarding
from onboarding.stages import golive, moving, sign_off
from onboarding.testing.functional_tests import Found, add_evidence
from partners.models import Partner, RemoteEndpoint
from partners.services import ContactDetails, PartnerDetails, add_partner
from tests.admin.charges import cdr_of, charged
from tests.factories import PartnerFactory

TOKEN_A = "7d3f4c5e-9a1b-4c2d-8e3f-0a1b2c3d4e5f"


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser("jana", "jana@sfp.example", "a-long-password")


@pytest.fixture
def partner(db: None) -> Partner:
    details = PartnerDetails(
        code="zelena",
        name="Zelená Energia",
        country_code="SK",
        party_id="ZEL",
        versions_url="https://ocpi.zelena.example/versions",
        token_a=TOKEN_A,
        contacts=[ContactDetails("Ľubica Šťastná", "lubica@zelena.example", "+421 900 123 456")],
        networks=["81.2.3.4"],
    )
    return add_partner(details)


@pytest.fixture
def onboarding(partner: Partner) -> Onboarding:
    with transaction.atomic():
        row = moving.lock_onboarding(partner)
    Onboarding.objects.filter(pk=row.pk).update(stage=Stage.GO_LIVE.value)
    row = Onboarding.objects.get(pk=row.pk)
    found = Found("locations", "pushed", "Location LOC-1 with 4 EVSEs", "ocpi.location", "1", timezone.now())
    add_evidence(row, [found], ["locations"])
    FunctionalTest.objects.filter(onboarding=row, key="command").update(sfp_verdict="failed", reason="No CommandResult")
    RemoteEndpoint.objects.create(
        partner=partner, version="2.2.1", module="locations", role="SENDER", url="https://ocpi.zelena.example/locations"
    )
    sign_off.sign(partner, Side.CPO, "Ľubica Šťastná", "Vedúca prevádzky", timezone.localdate())
    return row


@pytest.fixture
def finished(onboarding: Onboarding, partner: Partner) -> None:
    """Everything of stage 4 is done but the archiving."""
    onboarding.production = PartnerFactory.create(environment="production")
    onboarding.save()
    now = timezone.now()
    ConnectionCheck.objects.create(partner=onboarding.production, version="2.2.1", state="finished", ended_at=now)
    cdr_of(charged(onboarding.production))
    golive.confirm(partner, "production_tested", Side.SFP, "jana")
    golive.confirm(partner, "production_tested", Side.CPO, "Ľubica Šťastná")
    golive.confirm(partner, "cpo_confirmed", Side.CPO, "Ľubica Šťastná")
    sign_off.sign(partner, Side.SFP, "Eva Hrubá", "Integration lead", timezone.localdate())
