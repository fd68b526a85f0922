"""A driver's code leads where it always led, whatever other partners publish (tenancy over the CPO's own interface)."""

import re
from typing import Any

import pytest
from django.test import Client

from ocpi.charger_codes import CODE, group, is_code, new_code, plain
from ocpi.models import Evse, PublishedEvseId
from partners import parties
from partners.models import Incident, Partner, PartnerRole
from tests.factories import PartnerFactory, evse_data, location_data
from tests.ocpi.server.conftest import Cpo, answered

pytestmark = pytest.mark.django_db
FOREIGN = "DE*XYZ*E77"  # of a party that nobody here owns


def platform(code: str, environment: str = "production", **more: Any) -> Cpo:
    return Cpo(PartnerFactory.create(code=code, party_id=code[:3].upper(), environment=environment, **more))


@pytest.fixture
def a() -> Cpo:
    return platform("aaa")


@pytest.fixture
def b() -> Cpo:
    return platform("bbb")


def publish(cpo: Cpo, evse_id: str, uid: str = "1", location: str = "L-1", **more: Any) -> Evse:
    """The CPO sends a Location with one charger, as a CPO of 2.2.1 does."""
    party = cpo.partner.party_id
    evse = evse_data(uid, evse_id=evse_id, **more)
    data = location_data(location, country_code="SK", party_id=party, evses=[evse])
    answered(cpo.put(f"locations/SK/{party}/{location}", data), 201, 1000)
    return Evse.objects.get(partner=cpo.partner, uid=uid, location__ocpi_id=location)


def led_to(name: str) -> Evse | None:
    """Whose page opens at /c/{name}."""
    response = Client().get(f"/c/{name}")
    assert response.status_code == (200 if response.context.get("evse") else 404)
    evse: Evse | None = response.context.get("evse")
    return evse


# codes


def test_a_code_is_unlike_every_other_name_of_a_charger() -> None:
    codes = [new_code() for _ in range(2000)]
    assert len(set(codes)) == 2000
    assert all(re.fullmatch("[2-9][A-Z][A-Z2-9]{8}", one) and CODE.fullmatch(one) for one in codes)
    assert not set("".join(codes)) & set("01ILOUV")
    for evse_id in ("SK*ION*E1234567", "SKIONE1234", "+49*123*456*789", "4912345678", "49-1234-567"):
        assert not is_code(plain(evse_id))
    assert plain(group(codes[0]).lower()) == codes[0]


def test_an_evse_id_that_grows_in_capitals_is_kept_short() -> None:
    assert len(plain("ß" * 255)) == 255


def test_each_evse_has_one_of_its_own_and_keeps_it(b: Cpo) -> None:
    evse = publish(b, "SK*BBB*E1")
    body = evse_data("1", evse_id="SK*BBB*E2", last_updated="2026-11-22T11:00:00Z")
    answered(b.put("locations/SK/BBB/L-1/1", body), 200, 1000)
    gone = location_data("L-1", country_code="SK", party_id="BBB", evses=[], last_updated="2026-11-22T12:00:00Z")
    answered(b.put("locations/SK/BBB/L-1", gone), 200, 1000)
    again = Evse.objects.get(pk=evse.pk)
    assert (again.status, again.evse_id_key, again.code) == ("REMOVED", "SKBBBE2", evse.code)
    page = Client().get(f"/c/{evse.code}")
    assert page.status_code == 200
    assert "Out of service" in page.content.decode()


@pytest.mark.parametrize("spelled", [str, str.lower, group, "{}/".format, lambda code: f"{code[:2]}%20{code[2:]}"])
def test_a_code_is_read_in_any_spelling(b: Cpo, spelled: Any) -> None:
    evse = publish(b, "SK*BBB*E1")
    assert led_to(spelled(evse.code)) == evse


@pytest.mark.parametrize("name", ["1", "UID-9"])
def test_a_uid_leads_nowhere(b: Cpo, name: str) -> None:
    publish(b, "", uid=name)
    assert led_to(name) is None


def test_a_code_that_another_publishes_as_its_evse_id_stays(a: Cpo, b: Cpo) -> None:
    evse = publish(b, "SK*BBB*E1")
    publish(a, evse.code)
    assert led_to(evse.code) == evse


def test_a_replaced_charger_is_found_by_the_old_code(a: Cpo, b: Cpo) -> None:
    old = publish(b, "SK*BBB*E1")
    publish(a, "SK*BBB*E1")
    new = evse_data("2", evse_id="SK*BBB*E1", last_updated="2026-11-22T11:00:00Z")
    answered(
        b.put(
            "locations/SK/BBB/L-1",
            location_data("L-1", country_code="SK", party_id="BBB", evses=[new], last_updated="2026-11-22T11:00:00Z"),
        ),
        200,
        1000,
    )
    successor = led_to(old.code)
    assert successor is not None
    assert (successor.partner, successor.uid) == (b.partner, "2")


# EVSE IDs


@pytest.mark.parametrize("spelled", ["SK*BBB*E1*2", "sk*bbb*e1*2", "SK-BBB-E1-2", "SKBBBE12", "SK*BBB*E1*2/"])
def test_an_evse_id_leads_to_the_owner_of_its_party(a: Cpo, b: Cpo, spelled: str) -> None:
    publish(a, "SK*BBB*E1*2", uid="9")
    publish(a, "SKBBBE12", uid="10", location="L-2")
    assert led_to(spelled) is None, "nobody but B can have it"
    evse = publish(b, "SK*BBB*E1*2")
    publish(a, "sk*bbb*e1*2", uid="11", location="L-3")
    assert led_to(spelled) == evse
    assert {row.partner for row in Incident.objects.all()} == {a.partner}


def test_neither_a_test_twin_nor_a_removed_evse_lets_a_duplicate_win(a: Cpo, b: Cpo) -> None:
    twin = Cpo(PartnerFactory.create(code="bbb-test", party_id="BBB", environment="test"))
    tested = publish(twin, "SK*BBB*E1")
    publish(a, "SK*BBB*E1")
    assert led_to("SK*BBB*E1") is None
    assert led_to(tested.code) == tested
    publish(b, "SK*BBB*E1", status="REMOVED")
    assert led_to("SK*BBB*E1") is None
    evse = publish(b, "SK*BBB*E1", uid="2", location="L-2")
    assert led_to("SK*BBB*E1") == evse


def test_an_id_of_nobodys_party_is_the_first_ones(a: Cpo, b: Cpo) -> None:
    evse = publish(b, FOREIGN)
    publish(a, FOREIGN)
    publish(a, "DEXYZE77", uid="2", location="L-2")
    assert led_to(FOREIGN) == led_to("de-xyz-e77") == evse
    incident = Incident.objects.get()
    assert (incident.partner, incident.symptom) == (a.partner, "An EVSE ID that belongs to another partner")
    assert (incident.occurrences, incident.tell_cpo) == (2, False)
    assert [one["text"] for one in incident.evidence] == ["EVSE ID DE*XYZ*E77", "EVSE ID DEXYZE77"]


def test_who_was_there_before_without_the_id_is_not_the_first(a: Cpo, b: Cpo) -> None:
    publish(a, "SK*AAA*E1")
    evse = publish(b, FOREIGN)
    change = {"evse_id": FOREIGN, "last_updated": "2026-11-22T11:00:00Z"}
    answered(a.patch("locations/SK/AAA/L-1/1", change), 200, 1000)
    assert led_to(FOREIGN) == evse
    # Nor does it become so by the first one's taking its charger down for a while.
    answered(
        b.patch("locations/SK/BBB/L-1/1", {"status": "REMOVED", "last_updated": "2026-11-22T11:00:00Z"}), 200, 1000
    )
    assert led_to(FOREIGN) is None


def test_duplicates_of_its_own_do_not_take_a_page_away(b: Cpo) -> None:
    evse = publish(b, FOREIGN)
    publish(b, FOREIGN, uid="2", location="L-2")
    assert led_to(FOREIGN) == evse
    assert not Incident.objects.exists()


def test_the_owner_of_a_party_has_its_ids_whoever_was_first(a: Cpo) -> None:
    claimed = publish(a, "SK*BBB*E1")
    assert led_to("SK*BBB*E1") == claimed
    b = platform("bbb")
    assert led_to("SK*BBB*E1") is None
    evse = publish(b, "SK*BBB*E1")
    assert led_to("SK*BBB*E1") == evse
    assert led_to(claimed.code) == claimed, "its own sticker goes on to lead to it"
    assert Incident.objects.get().partner == a.partner


def test_a_party_that_waits_for_approval_owns_no_ids(a: Cpo, b: Cpo) -> None:
    evse = publish(b, FOREIGN)
    role = PartnerRole(partner=a.partner, country_code="DE", party_id="XYZ", state="pending")
    role.save()
    publish(a, FOREIGN)
    assert led_to(FOREIGN) == evse
    parties.approve(role)
    answered(a.put("locations/SK/AAA/L-1/1", evse_data("1", evse_id=FOREIGN)), 200, 1000)
    found = led_to(FOREIGN)
    assert found is not None
    assert found.partner == a.partner


def test_a_hub_takes_no_id_by_listing_its_party(a: Cpo, b: Cpo) -> None:
    evse = publish(b, FOREIGN)
    Partner.objects.filter(pk=a.partner.pk).update(hub_party_id="DEHUB")
    listed = {"country_code": "DE", "party_id": "XYZ", "role": "CPO", "status": "CONNECTED"}
    answered(a.put("hubclientinfo/DE/XYZ", listed | {"last_updated": "2026-11-22T10:00:00Z"}), 201, 1000)
    data = location_data("L-9", country_code="DE", party_id="XYZ", evses=[evse_data("9", evse_id=FOREIGN)])
    answered(a.put("locations/DE/XYZ/L-9", data), 201, 1000)
    assert led_to(FOREIGN) == evse
    assert Incident.objects.get().partner == a.partner


def test_in_test_nothing_is_published(b: Cpo) -> None:
    publish(Cpo(PartnerFactory.create(code="ttt", party_id="TTT", environment="test")), FOREIGN)
    assert not PublishedEvseId.objects.exists()
    assert led_to(FOREIGN) is None
    assert Partner.objects.filter(environment="test").count() == 1
