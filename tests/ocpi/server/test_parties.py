"""A party belongs to one partner per environment, whatever another says in its credentials or its hub's list."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from ocpi import hubs
from ocpi.models import ClientInfo, Location
from partners import parties
from partners.models import Incident, IssuedToken, Partner, PartnerRole, PartyOwner
from tests.factories import PartnerFactory, location_data
from tests.ocpi.cpo import TOKEN_C, ScriptedCpo, credentials_data
from tests.ocpi.server.conftest import Cpo, answered

pytestmark = pytest.mark.django_db
THEIRS = {"country_code": "SK", "party_id": "BBB"}
CLIENT = {**THEIRS, "role": "CPO", "status": "CONNECTED", "last_updated": "2026-11-22T10:00:00Z"}


def role(country: str, party: str, name: str = "CPO") -> dict[str, Any]:
    return {"role": name, "country_code": country, "party_id": party, "business_details": {"name": "X"}}


def roles_of(partner: Partner) -> list[tuple[str, str]]:
    return [(str(row), row.state) for row in PartnerRole.objects.filter(partner=partner)]


@pytest.fixture
def other() -> Partner:
    return PartnerFactory.create(code="bbb", **THEIRS)


def introduces(a: Cpo, server: ScriptedCpo, *roles: dict[str, Any], **more: Any) -> Any:
    """A's PUT credentials with these roles besides its own."""
    body = credentials_data(server.url) | {"roles": [role("SK", "ION"), *roles], **more}
    return a.put("credentials", body)


def settled(response: Any, status_code: int, text: str = "") -> None:
    """Check an answer about credentials, after which the log has calls of ours too."""
    body = response.json()
    assert (response.status_code, body["status_code"]) == (200, status_code), body
    assert text in body["status_message"]


@pytest.fixture
def server() -> Iterator[ScriptedCpo]:
    one = ScriptedCpo()
    one.register_normally(accepted=(TOKEN_C,))
    yield one
    one.close()


@pytest.mark.parametrize(
    ("named", "more"),
    [
        ([role("SK", "BBB")], {}),
        ([role("sk", "bbb")], {}),
        ([role("SK", "BBB", "HUB")], {}),
        ([role("SK", "BBB", "EMSP")], {}),
        ([role("CZ", "NEW"), role("SK", "BBB")], {}),
        ([role("SK", "SFP")], {}),
        ([], {"hub_party_id": "SKBBB"}),
    ],
    ids=["its CPO", "in small letters", "as a hub", "another role", "behind a new one", "ours", "as hub_party_id"],
)
def test_credentials_that_name_anothers_party_change_nothing(
    cpo: Cpo, server: ScriptedCpo, other: Partner, named: list[Any], more: dict[str, str]
) -> None:
    if more:
        cpo.version = "2.3.0"
        Partner.objects.filter(pk=cpo.partner.pk).update(enabled_versions=["2.3.0"])
    before = [list(model.objects.values()) for model in (Partner, PartnerRole, PartyOwner, IssuedToken)]
    settled(introduces(cpo, server, *named, **more), 2001, "in use already")
    after = [list(model.objects.values()) for model in (Partner, PartnerRole, PartyOwner)]
    assert after == before[:3]
    assert [row["state"] for row in IssuedToken.objects.values()] == ["active"]
    assert server.seen == [], "nobody is called on such a word"
    incident = Incident.objects.get()
    assert (incident.partner, incident.symptom) == (cpo.partner, "A party that belongs to another partner")
    assert incident.tell_cpo is False
    answered(cpo.put("locations/SK/BBB/L-1", location_data("L-1", **THEIRS)), 404, 2000)
    assert not Location.objects.exists()


def test_a_new_party_grants_nothing_until_staff_approve_it(cpo: Cpo, server: ScriptedCpo) -> None:
    settled(introduces(cpo, server, role("CZ", "NEW")), 1000)
    assert roles_of(cpo.partner) == [("CZ*NEW CPO", "pending"), ("SK*ION CPO", "approved")]
    theirs = {"country_code": "CZ", "party_id": "NEW"}
    answered(cpo.put("locations/CZ/NEW/L-1", location_data("L-1", **theirs)), 404, 2000)
    assert parties.owner_of("test", "CZ", "NEW") is None
    parties.approve(PartnerRole.objects.get(party_id="NEW"))
    answered(cpo.put("locations/CZ/NEW/L-1", location_data("L-1", **theirs)), 201, 1000)
    settled(introduces(cpo, server, role("CZ", "NEW")), 1000)
    assert roles_of(cpo.partner) == [("CZ*NEW CPO", "approved"), ("SK*ION CPO", "approved")]
    assert parties.owner_of("test", "cz", "new") == cpo.partner.pk


@pytest.mark.parametrize("own", [True, False], ids=["of its own party", "of another party"])
def test_a_hub_grants_nothing_until_staff_approve_it(cpo: Cpo, server: ScriptedCpo, own: bool) -> None:
    named = role("SK", "ION", "HUB") if own else role("DE", "HUB", "HUB")
    hub = "SKION" if own else "DEHUB"
    settled(introduces(cpo, server, named), 1000)
    answered(cpo.put("hubclientinfo/SK/BBB", CLIENT), 404, 2001, "Only a hub")
    parties.approve(PartnerRole.objects.get(role="HUB"))
    assert Partner.objects.get(pk=cpo.partner.pk).hub_party_id == hub
    settled(introduces(cpo, server, named), 1000)
    assert Partner.objects.get(pk=cpo.partner.pk).hub_party_id == hub
    answered(cpo.put("hubclientinfo/SK/BBB", CLIENT), 201, 1000)
    answered(cpo.put("locations/SK/BBB/L-1", location_data("L-1", **THEIRS)), 201, 1000)


def test_a_refused_party_is_free_for_others(cpo: Cpo, server: ScriptedCpo) -> None:
    settled(introduces(cpo, server, role("SK", "BBB")), 1000)
    parties.approve(PartnerRole.objects.get(party_id="BBB"))
    with pytest.raises(parties.PartyTaken), transaction.atomic():
        PartnerFactory.create(code="bbb", **THEIRS)
    parties.refuse(PartnerRole.objects.get(party_id="BBB"))
    settled(introduces(cpo, server, role("SK", "BBB")), 1000)
    assert roles_of(cpo.partner)[0] == ("SK*BBB CPO", "refused")
    rightful = PartnerFactory.create(code="bbb", **THEIRS)
    assert parties.owner_of("test", "SK", "BBB") == rightful.pk
    settled(introduces(cpo, server, role("SK", "BBB")), 2001)


def test_what_was_only_named_is_let_go_when_it_is_named_no_more(cpo: Cpo, server: ScriptedCpo) -> None:
    settled(introduces(cpo, server, role("SK", "BBB")), 1000)
    settled(introduces(cpo, server), 1000)
    assert roles_of(cpo.partner) == [("SK*ION CPO", "approved")]
    assert PartnerFactory.create(code="bbb", **THEIRS).parties.get().approved


def test_what_was_agreed_goes_before_what_another_merely_named(cpo: Cpo, server: ScriptedCpo) -> None:
    settled(introduces(cpo, server, role("SK", "BBB")), 1000)
    rightful = PartnerFactory.create(code="bbb", **THEIRS)
    assert parties.owner_of("test", "SK", "BBB") == rightful.pk
    with pytest.raises(parties.PartyTaken):
        parties.approve(PartnerRole.objects.get(party_id="BBB"))
    answered(cpo.put("locations/SK/BBB/L-1", location_data("L-1", **THEIRS)), 404, 2000)


def test_a_party_may_be_one_partners_in_test_and_anothers_in_production(cpo: Cpo, server: ScriptedCpo) -> None:
    PartnerFactory.create(code="bbb", environment="production", **THEIRS)
    settled(introduces(cpo, server, role("SK", "BBB")), 1000)
    assert roles_of(cpo.partner)[0] == ("SK*BBB CPO", "pending")


def test_a_hub_cannot_list_anothers_party(cpo: Cpo, other: Partner) -> None:
    Partner.objects.filter(pk=cpo.partner.pk).update(hub_party_id="DEHUB")
    cpo.partner.refresh_from_db()
    answered(cpo.put("hubclientinfo/SK/BBB", CLIENT), 200, 2001, "belongs to another connection")
    answered(cpo.put("hubclientinfo/sk/bbb", {**CLIENT, "country_code": "sk", "party_id": "bbb"}), 200, 2001)
    assert not ClientInfo.objects.exists()
    assert Incident.objects.get().occurrences == 2
    answered(cpo.put("locations/SK/BBB/L-1", location_data("L-1", **THEIRS)), 404, 2000)
    # Every hub lists the same eMSPs: that is no claim, and grants nothing.
    answered(cpo.put("hubclientinfo/SK/BBB", {**CLIENT, "role": "EMSP"}), 201, 1000)
    assert not hubs.speaks_for(cpo.partner, "SK", "BBB")
    assert parties.owner_of("test", "SK", "BBB") == other.pk


@pytest.mark.django_db(transaction=True)
def test_of_two_that_want_a_party_at_once_one_has_it(server: ScriptedCpo) -> None:
    both = [Cpo(PartnerFactory.create(code=code, party_id=code.upper())) for code in ("aaa", "ccc")]
    for _ in range(3):

        def wants(a: Cpo) -> int:
            try:
                own = role("SK", a.partner.party_id)
                body = credentials_data(server.url) | {"roles": [own, role("SK", "BBB"), role("CZ", "BBB")]}
                code: int = a.put("credentials", body).json()["status_code"]
                return code
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(wants, both)) == [1000, 2001]
        winner = PartyOwner.objects.get(country_code="SK", party_id="BBB").partner
        assert PartyOwner.objects.get(country_code="CZ", party_id="BBB").partner == winner
        assert set(PartnerRole.objects.filter(party_id="BBB").values_list("partner", flat=True)) == {winner.pk}
        for row in PartnerRole.objects.filter(party_id="BBB"):
            row.delete()
        parties.let_go(winner)
