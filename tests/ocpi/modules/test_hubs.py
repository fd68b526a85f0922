"""Hubs: one connection with several parties behind it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from ocpi import hubs
from ocpi.handshake.credentials import read_credentials
from ocpi.models import ClientInfo, Location, OcpiSession, SyncRun, Tariff
from ocpi.sync.clients import approve_role
from ocpi.sync.schedule import request_due
from ocpi.versions import VERSIONS
from partners.models import Partner, PartnerRole
from tests.factories import PartnerFactory, location_data, session_data, tariff_data
from tests.ocpi.cpo import ScriptedCpo, credentials_data, envelope
from tests.ocpi.modules.conftest import caller, registered
from tests.ocpi.server.conftest import answered
from tests.ocpi.sync.conftest import pulled
from tests.support.processes import eventually
from tests.support.tasks import Ran

HUB = "DEHUB"
VIENNA = {
    "country_code": "AT",
    "party_id": "VIE",
    "role": "CPO",
    "status": "CONNECTED",
    "last_updated": "2026-11-22T10:00:00Z",
}
LATER, EARLIER = "2026-11-22T10:05:00Z", "2026-11-22T09:00:00Z"


@pytest.fixture
def hub(connected: Callable[..., Partner]) -> Partner:
    return connected(hub_party_id=HUB)


def test_a_hub_tells_of_a_party(hub: Partner) -> None:
    us = caller(hub)
    answered(us.get("hubclientinfo/AT/VIE"), 404, 2001)
    response = us.put("hubclientinfo/AT/VIE", VIENNA)
    answered(response, 201, 1000)
    assert not [name for name in response.headers if name.lower().startswith("ocpi-")]
    answered(us.put("hubclientinfo/at/vie", VIENNA | {"status": "OFFLINE", "last_updated": LATER}), 200, 1000)
    answered(us.put("hubclientinfo/AT/VIE", VIENNA | {"last_updated": EARLIER}), 200, 1000, "Older")
    assert ClientInfo.objects.get().status == "OFFLINE"
    assert answered(us.get("hubclientinfo/AT/VIE"), 200, 1000)["status"] == "OFFLINE"


def test_a_party_with_two_roles_is_there_twice_and_answered_as_cpo(hub: Partner) -> None:
    us = caller(hub)
    answered(us.put("hubclientinfo/AT/VIE", VIENNA | {"role": "EMSP"}), 201, 1000)
    answered(us.put("hubclientinfo/AT/VIE", VIENNA), 201, 1000)
    assert answered(us.get("hubclientinfo/AT/VIE"), 200, 1000)["role"] == "CPO"


@pytest.mark.parametrize("changes", [{"party_id": "XYZ"}, {"status": None}, {"last_updated": "never"}, {"role": ""}])
def test_a_faulty_one_is_refused(hub: Partner, changes: Any) -> None:
    answered(caller(hub).put("hubclientinfo/AT/VIE", VIENNA | changes), 200, 2001)
    assert not ClientInfo.objects.exists()


def test_who_is_no_hub_tells_of_nobody(connected: Callable[..., Partner]) -> None:
    partner = connected()
    answered(caller(partner).put("hubclientinfo/AT/VIE", VIENNA), 404, 2001, "Only a hub")
    ClientInfo.objects.create(
        partner=partner, version="2.2.1", raw=VIENNA, **{**VIENNA, "last_updated": "2026-11-22T10:00:00Z"}
    )
    assert not hubs.speaks_for(partner, "AT", "VIE")


def test_2_1_1_has_no_hubs(connected: Callable[..., Partner]) -> None:
    answered(caller(connected("2.1.1", hub_party_id=HUB)).put("hubclientinfo/AT/VIE", VIENNA), 404, 2000)


def test_objects_of_its_parties_come_over_the_hub_and_no_other_way(hub: Partner) -> None:
    theirs = {"country_code": "AT", "party_id": "VIE"}
    us = caller(hub)
    answered(us.put("locations/AT/VIE/LOC-1", location_data(**theirs)), 404, 2000)
    answered(us.put("hubclientinfo/AT/VIE", VIENNA), 201, 1000)
    answered(us.put("locations/AT/VIE/LOC-1", location_data(**theirs)), 201, 1000)
    answered(us.put("tariffs/AT/VIE/T-1", tariff_data(**theirs)), 201, 1000)
    routed = {"HTTP_OCPI_FROM_COUNTRY_CODE": "DE", "HTTP_OCPI_FROM_PARTY_ID": "HUB"}
    response = us.put("sessions/AT/VIE/S-1", session_data(**theirs), **routed)
    answered(response, 201, 1000)
    assert (response["OCPI-to-country-code"], response["OCPI-to-party-id"]) == ("DE", "HUB")
    assert (response["OCPI-from-country-code"], response["OCPI-from-party-id"]) == ("SK", "SFP")
    session = OcpiSession.objects.get()
    assert (session.partner, session.country_code, session.party_id) == (hub, "AT", "VIE")
    answered(us.put("locations/CZ/PRG/LOC-1", location_data(country_code="CZ", party_id="PRG")), 404, 2000)

    other = PartnerFactory.create(code="other", party_id="OTH")
    answered(caller(other).put("locations/AT/VIE/LOC-2", location_data("LOC-2", **theirs)), 404, 2000)
    direct = PartnerFactory.create(code="vie", country_code="AT", party_id="VIE")
    answered(caller(direct).put("locations/AT/VIE/LOC-1", location_data(**theirs)), 201, 1000)
    assert Location.objects.filter(ocpi_id="LOC-1").count() == 2  # each connection keeps what it brought
    # What was agreed with the party itself goes before a hub's list.
    answered(us.put("locations/AT/VIE/LOC-1", location_data(**theirs)), 404, 2000)


def test_2_3_0_names_the_parties_in_the_credentials(connected: Callable[..., Partner]) -> None:
    partner = connected("2.3.0", hub_party_id=HUB)
    PartnerRole.objects.create(partner=partner, country_code="AT", party_id="VIE")
    data = location_data(country_code="AT", party_id="VIE")
    answered(caller(partner).put("locations/AT/VIE/LOC-1", data), 201, 1000)


def test_the_hub_is_known_from_its_credentials(connected: Callable[..., Partner]) -> None:
    partner = connected()
    role = credentials_data("http://x")["roles"][0]
    hub = role | {"role": "HUB", "country_code": "DE", "party_id": "HUB"}
    named = read_credentials(partner, VERSIONS["2.2.1"], credentials_data("http://x", roles=[role, hub]))
    assert named.hub_party_id == HUB
    by_name = credentials_data("http://x", hub_party_id=HUB)
    assert read_credentials(partner, VERSIONS["2.3.0"], by_name).hub_party_id == HUB
    assert read_credentials(partner, VERSIONS["2.2.1"], credentials_data("http://x")).hub_party_id == ""


def test_parties_are_read_before_their_objects(cpo: ScriptedCpo, hub: Partner) -> None:
    cpo.on("/hubclientinfo", envelope([VIENNA, {"party_id": "BAD"}]))
    theirs = location_data(country_code="AT", party_id="VIE")
    strangers = location_data(country_code="CZ", party_id="PRG")
    cpo.on("/locations", envelope([theirs, strangers]))
    run = pulled(hub, "locations")
    assert (run.stored, run.refused) == (1, 1)
    assert [one.path for one in cpo.seen] == ["/hubclientinfo", "/locations"]
    assert "ocpi-to-party-id" not in cpo.seen[0].headers
    assert cpo.seen[1].headers["ocpi-to-party-id"] == "HUB"


def test_a_new_party_has_its_objects_read(hub: Partner) -> None:
    answered(caller(hub).put("hubclientinfo/AT/VIE", VIENNA), 201, 1000)
    assert set(SyncRun.objects.values_list("module", flat=True)) == {"locations", "tariffs"}


def test_hubs_are_asked_for_their_parties_and_others_are_not(connected: Callable[..., Partner]) -> None:
    partner = connected()
    request_due(timezone.now())
    assert not SyncRun.objects.filter(module="hubclientinfo").exists()
    partner.hub_party_id = HUB
    partner.save()
    request_due(timezone.now())
    assert SyncRun.objects.filter(module="hubclientinfo").exists()


def test_a_pull_of_parties_counts_what_it_brings(cpo: ScriptedCpo, hub: Partner) -> None:
    cpo.on("/hubclientinfo", envelope([VIENNA, {"party_id": "BAD"}]))
    run = pulled(hub, "hubclientinfo")
    assert (run.state, run.stored, run.refused) == ("succeeded", 1, 1)


@pytest.mark.parametrize("version", ["2.2", "2.2.1", "2.3.0"])
@pytest.mark.django_db(transaction=True)
def test_with_a_simulated_hub(
    tmp_path: Path, live_server: LiveServer, settings: Settings, run_tasks: Callable[..., list[Ran]], version: str
) -> None:
    with registered(tmp_path, live_server, settings, version, "--clients", "AT*VIE") as (cpo, partner):
        assert hubs.hub_of(partner) is None
        for role in PartnerRole.objects.filter(state=PartnerRole.State.PENDING):
            approve_role(role)
        partner.refresh_from_db()
        assert hubs.hub_of(partner) == ("SK", "ION")
        run_tasks(raise_failures=False)
        assert hubs.speaks_for(partner, "AT", "VIE")
        assert ClientInfo.objects.filter(party_id="VIE").exists()
        cpo.control("POST", "clients", {"country_code": "CZ", "party_id": "PRG"})
        eventually(lambda: ClientInfo.objects.filter(party_id="PRG").exists(), what="the new party")
        included = {"tax_included": "NO"} if version == "2.3.0" else {}
        data = tariff_data(country_code="CZ", party_id="PRG", **included)
        body = {"method": "PUT", "module": "tariffs", "path": ["CZ", "PRG", "T-1"], "body": data}
        cpo.control("POST", "send", body)
        eventually(lambda: Tariff.objects.filter(party_id="PRG").exists(), what="its tariff")
