"""What one partner may do with the objects of another, on every route of every version: nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from ocpi.models import ActiveProfile, Cdr, ClientInfo, Connector, FinancialAdvice, OcpiSession, ProfileRequest, Token
from ocpi.server.urls import SEGMENT, routes
from ocpi.store import terminals
from ocpi.versions import VERSIONS, Version
from partners.models import Partner
from tests.factories import (
    CommandFactory,
    PartnerFactory,
    TokenFactory,
    cdr_data,
    connector_data,
    evse_data,
    location_data,
    session_data,
    tariff_data,
)
from tests.ocpi.modules.test_bookings import booking_data, calendar_data, place_data
from tests.ocpi.modules.test_hubs import VIENNA
from tests.ocpi.modules.test_profiles import ACTIVE
from tests.ocpi.server.conftest import Cpo, answered

LATER = "2026-11-22T10:05:00Z"
MINE, THEIRS = ("SK", "ION"), ("SK", "ABC")
WRITING = ("PUT", "PATCH", "POST", "DELETE")
# Path within the version, less its module -> what its object is, in 2.2.1 where there are several versions.
OBJECTS: dict[str, tuple[str, Any]] = {
    "locations/<location_id>": ("location", location_data),
    "locations/<location_id>/<evse_uid>": ("evse", evse_data),
    "locations/<location_id>/<evse_uid>/<connector_id>": ("connector", connector_data),
    "sessions/<session_id>": ("session", session_data),
    "cdrs": ("cdr", cdr_data),
    "tariffs/<tariff_id>": ("tariff", tariff_data),
}
OTHERS: dict[str, Any] = {
    "cdrs/<cdr_uuid>": None,
    "tokens": None,
    "tokens/<token_uid>/authorize": None,
    "commands/<kind>/<command_id>": {"result": "ACCEPTED"},
    "chargingprofiles/<kind>/<request_id>": {"result": "ACCEPTED"},
    "chargingprofiles/<session_id>": ACTIVE | {"start_date_time": LATER},
    "hubclientinfo": VIENNA,
    "bookings/booking_locations/<booking_location_id>": place_data,
    "bookings/booking_locations/<booking_location_id>/<calendar_id>": calendar_data,
    "bookings/<booking_id>": booking_data,
    "payments/terminals": None,
    "payments/terminals/activate": {"terminal_id": "TERM-1", "city": "Elsewhere"},
    "payments/terminals/<terminal_id>": {"city": "Elsewhere"},
    "payments/terminals/<terminal_id>/deactivate": {},
    "payments/financial-advice-confirmations": None,
    "payments/financial-advice-confirmations/<advice_id>": None,
}
# These are about the caller itself.
OWN = ("", "credentials")


def paths(version: Version) -> Iterator[str]:
    """Every route within the version, without its party: a new one has to be in the tables."""
    for route, _ in routes(version):
        path = route.removeprefix(f"emsp/{version.number}").strip("/").replace("<uuid:", "<")
        if (path := path.replace("/<country_code>/<party_id>", "")) not in OWN:
            assert path in OBJECTS.keys() | OTHERS.keys(), f"{path} is not in the tables of this test"
            yield path


def body_of(path: str, version: Version, party: tuple[str, str]) -> Any:
    names_owner = {"country_code": party[0], "party_id": party[1]}
    if path in OBJECTS:
        kind, make = OBJECTS[path]
        owned = names_owner if "party_id" in make() else {}
        return version.dump(VERSIONS["2.2.1"].parse(kind, make(**owned, last_updated=LATER), owner=party).obj)
    body = OTHERS[path]
    if not callable(body):
        return body
    return body(**(names_owner if "party_id" in body() else {}), last_updated=LATER)


def url_of(path: str, ids: dict[str, str], party: tuple[str, str], route_has_party: bool) -> str:
    module, _, rest = path.partition("/")
    filled = SEGMENT.sub(lambda found: ids[found["name"]], rest)
    return "/".join(part for part in (module, *(party if route_has_party else ()), filled) if part)


def with_party(version: Version) -> set[str]:
    found = (route.removeprefix(f"emsp/{version.number}/") for route, _ in routes(version))
    return {path.replace("/<country_code>/<party_id>", "") for path in found if "<country_code>" in path}


def all_of(partner: Partner) -> dict[str, list[Any]]:
    """Every row that belongs to the partner."""
    found: dict[str, list[Any]] = {"partner": list(Partner.objects.filter(pk=partner.pk).values())}
    for model in apps.get_models():
        names = {field.name for field in model._meta.concrete_fields}
        if "partner" in names and not model._meta.proxy:
            found[model._meta.label] = list(model._base_manager.filter(partner=partner).order_by("pk").values())
    found["connectors"] = list(Connector.objects.filter(evse__partner=partner).order_by("pk").values())
    found["profiles"] = list(ActiveProfile.objects.filter(session__partner=partner).values())
    return found


def partner(code: str, party: tuple[str, str], version: Version, **values: Any) -> Cpo:
    row = PartnerFactory.create(
        code=code,
        country_code=party[0],
        party_id=party[1],
        version=version.number,
        enabled_versions=["2.3.0"],
        **values,
    )
    return Cpo(row, version.number)


def furnish(cpo: Cpo, version: Version) -> dict[str, str]:
    """Give the partner one object of each kind; return their ids."""
    ids = {
        "location_id": "LOC-1",
        "evse_uid": "EVSE-1",
        "connector_id": "1",
        "session_id": "S-1",
        "tariff_id": "T-1",
        "kind": "START_SESSION",
        "booking_location_id": "BL-1",
        "calendar_id": "1",
        "booking_id": "B-1",
        "terminal_id": "TERM-1",
        "token_uid": "SFP-MINE",
    }
    routed = with_party(version)
    for path in paths(version):
        if path in OBJECTS or callable(OTHERS[path]):
            method = "PUT" if "<" in path else "POST"
            url = url_of(path, ids, MINE, path in routed)
            assert cpo.call(method, url, body_of(path, version, MINE)).json()["status_code"] == 1000, url
    mine = cpo.partner
    session = OcpiSession.objects.get(partner=mine)
    assert session.start_at is not None
    ActiveProfile.objects.create(session=session, start_at=session.start_at, raw=ACTIVE, received_at=timezone.now())
    terminals.add_terminal(mine, VERSIONS["2.3.0"], "active", {"terminal_id": "TERM-1", "city": "Home"})
    common = {"partner": mine, "version": version.number}
    advice = FinancialAdvice.objects.create(
        **common, authorization_reference="REF-1", raw={"id": "mine"}, last_updated=timezone.now()
    )
    TokenFactory.create(uid="SFP-MINE", partner=mine)
    return ids | {
        "cdr_uuid": str(Cdr.objects.get(partner=mine).uuid),
        "command_id": str(CommandFactory.create(partner=mine).pk),
        "request_id": str(ProfileRequest.objects.create(**common, session=session, kind="SET").pk),
        "advice_id": str(advice.advice_id),
    }


@pytest.mark.parametrize("number", VERSIONS)
@pytest.mark.parametrize("as_hub", [False, True], ids=["CPO", "hub"])
def test_it_is_out_of_reach(db: None, nobody_listens: None, number: str, as_hub: bool) -> None:
    version = VERSIONS[number]
    owner = partner("ion", MINE, version)
    ids = furnish(owner, version)
    stranger = partner("abc", THEIRS, version, hub_party_id="DEHUB" if as_hub else "")
    if as_hub:  # it says that it speaks for the other's party
        named = VIENNA | {"country_code": "SK", "party_id": "ION"}
        ClientInfo.objects.create(
            partner=stranger.partner, country_code="SK", party_id="ION", role="CPO", raw=named, last_updated=LATER
        )
    before, routed = all_of(owner.partner), with_party(version)
    headers = {"HTTP_OCPI_FROM_COUNTRY_CODE": "SK", "HTTP_OCPI_FROM_PARTY_ID": "ION"}
    for path in paths(version):
        url = url_of(path, ids, MINE, path in routed)
        assert not stranger.get(url, **headers).json().get("data") or path == "hubclientinfo", url
    for path in paths(version):
        for party in (MINE, THEIRS) if path in routed or path == "cdrs" else (MINE,):
            for kind in ("START_SESSION", "SET") if "<kind>" in path else ("",):
                url = url_of(path, ids | {"kind": kind}, party, path in routed)
                for method in WRITING:
                    response = stranger.call(method, url, body_of(path, version, party), **headers)
                    assert response.status_code < 500, (method, url, response.content)
    # What is its own it could write: the refusals were not for another reason.
    assert OcpiSession.objects.filter(partner=stranger.partner).count() == 1
    assert Cdr.objects.filter(partner=stranger.partner).count() == 1
    assert all_of(owner.partner) == before
    # The owner reaches all of it.
    for path in paths(version):
        url = url_of(path, ids, MINE, path in routed)
        answer = owner.get(url)
        assert answer.status_code == 405 or path == "hubclientinfo" or answer.json()["data"], url


@pytest.mark.parametrize("number", VERSIONS)
def test_a_token_of_one_partners_session_is_unknown_to_another(db: None, number: str) -> None:
    version = VERSIONS[number]
    owner, stranger = partner("ion", MINE, version), partner("abc", THEIRS, version)
    TokenFactory.create(uid="MINE", partner=owner.partner)
    TokenFactory.create(uid="EVERYBODYS", type=Token.Type.APP_USER)
    assert [token["uid"] for token in answered(owner.get("tokens"), 200, 1000)] == ["MINE", "EVERYBODYS"]
    response = stranger.get("tokens")
    assert [token["uid"] for token in answered(response, 200, 1000)] == ["EVERYBODYS"]
    assert response["X-Total-Count"] == "1"
    kind = "?type=OTHER" if number == "2.1.1" else "?type=AD_HOC_USER"
    for query in ("", kind):
        assert answered(owner.post(f"tokens/mine/authorize{query}"), 200, 1000)["allowed"] == "ALLOWED"
        answered(stranger.post(f"tokens/mine/authorize{query}"), 404, version.unknown_token_code, "no token")
