"""What staff decide about parties and EVSE IDs, with the buttons of their pages."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ocpi import hubs
from ocpi.models import PublishedEvseId, SyncRun
from partners import parties
from partners.models import Partner, PartnerRole, PartyOwner, RemoteEndpoint
from tests.admin.test_partner import add
from tests.factories import EvseFactory, LocationFactory, PartnerFactory

pytestmark = pytest.mark.django_db
NEW = {"country_code": "CZ", "party_id": "NEW"}


@pytest.fixture
def partner() -> Partner:
    made = PartnerFactory.create(code="ion", party_id="ION")
    RemoteEndpoint.objects.create(
        partner=made, version="2.2.1", module="locations", role="SENDER", url="https://ion.example/locations"
    )
    return made


def waiting(partner: Partner, name: str = "CPO") -> PartnerRole:
    return PartnerRole.objects.create(partner=partner, role=name, state="pending", source="credentials", **NEW)


def press(client: Client, row: Any, action: str, **data: str) -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_do_{action}"
    response = client.post(reverse(name, args=[row.pk]), data, follow=True)
    return " ".join(str(message) for message in response.context["messages"])


def test_it_waits_where_staff_look(admin_client: Client, partner: Partner) -> None:
    waiting(partner)
    page = admin_client.get(reverse("admin:index")).content.decode()
    assert "Its credentials name CZ*NEW CPO, which nobody has approved" in page
    queue = admin_client.get(reverse("admin:partners_partnerrole_changelist"), {"state__exact": "pending"})
    assert queue.context["cl"].result_count == 1


def test_approving_grants_it_and_reads_its_objects(admin_client: Client, partner: Partner) -> None:
    role = waiting(partner)
    assert not hubs.speaks_for(partner, "CZ", "NEW")
    assert "CZ*NEW CPO is approved" in press(admin_client, role, "approve")
    assert hubs.speaks_for(partner, "CZ", "NEW")
    assert [run.module for run in SyncRun.objects.all()] == ["locations"]


def test_approving_a_hub_makes_the_connection_one(admin_client: Client, partner: Partner) -> None:
    press(admin_client, waiting(partner, "HUB"), "approve")
    partner.refresh_from_db()
    assert hubs.hub_of(partner) == ("CZ", "NEW")


def test_refusing_frees_the_party_and_ends_what_was_granted(admin_client: Client, partner: Partner) -> None:
    role = waiting(partner, "HUB")
    press(admin_client, role, "approve")
    assert "CZ*NEW HUB is refused: not theirs" in press(admin_client, role, "refuse", reason="not theirs")
    partner.refresh_from_db()
    assert (partner.hub_party_id, hubs.speaks_for(partner, "CZ", "NEW")) == ("", False)
    assert not PartyOwner.objects.filter(**NEW).exists()


def test_what_has_become_anothers_cannot_be_approved(admin_client: Client, partner: Partner) -> None:
    role = waiting(partner)
    PartnerFactory.create(code="new", **NEW)
    assert "belongs to another connection" in press(admin_client, role, "approve")
    role.refresh_from_db()
    assert role.state == "pending"


def test_a_party_is_freed_once_no_role_grants_it(admin_client: Client, partner: Partner) -> None:
    role = PartnerRole.objects.create(partner=partner, **NEW)
    owner = PartyOwner.objects.get(**NEW)
    assert "still speaks for it" in press(admin_client, owner, "free", reason="sold")
    role.delete()
    assert "CZ*NEW is free: sold" in press(admin_client, owner, "free", reason="sold")
    assert parties.owner_of("test", "CZ", "NEW") is None


def test_the_form_of_a_partner_says_whose_a_party_is(admin_client: Client, partner: Partner) -> None:
    PartnerRole.objects.create(partner=partner, **NEW)
    values = {"name": "New", "code": "new", "environment": "test", "agreed_version": "2.2.1", **NEW}
    page = admin_client.post(reverse("admin:partners_partner_add"), values)
    assert "CZ*NEW is in use already" in page.content.decode()
    assert not Partner.objects.filter(code="new").exists()


@pytest.mark.parametrize("held", [{"source": "hub", "approved": True}, {"source": "credentials", "approved": False}])
def test_what_staff_enter_goes_before_what_was_merely_named(
    admin_client: Client, partner: Partner, held: dict[str, Any]
) -> None:
    PartyOwner.objects.create(environment="test", partner=partner, **NEW, **held)
    add(admin_client, name="New", code="new", **NEW)
    owner = PartyOwner.objects.get(**NEW)
    assert (owner.partner.code, owner.approved, owner.source) == ("new", True, "agreed")


@pytest.mark.parametrize("another", [True, False])
def test_an_evse_id_goes_to_the_next_that_publishes_it(admin_client: Client, another: bool) -> None:
    first, second = (PartnerFactory.create(code=code, environment="production") for code in ("one", "two"))
    for one in (first, second) if another else (first,):
        EvseFactory.create(location=LocationFactory.create(partner=one), evse_id="DE*XYZ*E1")
    row = PublishedEvseId.objects.create(key="DEXYZE1", partner=first)
    said = press(admin_client, row, "free", reason="sold")
    assert ("leads to TWO Charging now" in said) is another
    assert [one.partner for one in PublishedEvseId.objects.all()] == ([second] if another else [])
