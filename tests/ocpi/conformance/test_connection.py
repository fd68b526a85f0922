"""Credentials, and what holds for every module in every version, over HTTP: tokens, bodies, headers."""

from typing import Any

import pytest

from tests.ocpi.conformance.conftest import registration_token
from tests.ocpi.conformance.test_endpoints import PARTY, Connected, every_version
from tests.ocpi.conformance.wire import ANYTHING, vector

pytestmark = pytest.mark.django_db(transaction=True)


@every_version
def test_credentials(connected: Connected, version: str) -> None:
    """OCPI 2.2.1 §7.2: GET always; POST only before, PUT and DELETE only after registering; never PATCH."""
    cpo = connected(version)
    ours = cpo("GET", "credentials").must_be(200, 1000, ANYTHING).body["data"]
    party = {"country_code": "SK", "party_id": "SFP"}
    assert (ours["token"], ours["url"]) == (cpo.token, f"{cpo.root}/versions")
    (role,) = ours.get("roles", [ours])
    assert role.items() >= party.items()
    assert role.get("role") == ("EMSP" if cpo.has_roles else None)
    theirs = credentials(version, "http://127.0.0.1:9/versions")
    cpo("POST", "credentials", theirs).must_be(405, 2000)
    cpo("PUT", "credentials", theirs).must_be(200, 3001)
    cpo("PUT", "credentials", {"token": "only"}).must_be(200, 2001)
    cpo("PATCH", "credentials", theirs).must_be(405, 2000)
    token_a = registration_token()
    for method in ("PUT", "DELETE"):
        cpo(method, "credentials", theirs, token=token_a).must_be(405, 2000)
    cpo("POST", "credentials", theirs, token=token_a).must_be(200, 3001)
    cpo("GET", f"{cpo.root}/versions", token=token_a).must_be(200, 1000, ANYTHING)
    for path in (f"sessions/{PARTY}/S-1", "tokens", f"locations/{PARTY}/L-1", f"tariffs/{PARTY}/T-1"):
        cpo("GET", path, token=token_a).must_be(401, 2000)
    cpo("POST", "cdrs", vector(version, "cdr"), token=token_a).must_be(401, 2000)
    cpo("DELETE", "credentials").must_be(200, 1000)
    for path in ("credentials", f"{cpo.root}/versions"):
        cpo("GET", path).must_be(401, 2000)


@every_version
def test_what_holds_for_every_module(connected: Connected, version: str) -> None:
    """OCPI 2.2.1 §4.1: tokens, other parties, bodies that are no JSON, and the headers of every answer."""
    cpo = connected(version)
    session = vector(version, "session")
    path = f"sessions/{PARTY}/{session['id']}"
    cpo("PUT", path, session, token="").must_be(401, 2000)
    assert cpo("PUT", path, session, token="wrong").must_be(401, 2000).headers["WWW-Authenticate"] == "Token"
    cpo("PUT", f"sessions/DE/ABC/{session['id']}", session).must_be(404, 2000)
    cpo("PUT", path, raw=b"{not json").must_be(400, 2001)
    cpo("PUT", path, raw=b"").must_be(400, 2001)
    no_objects: list[Any] = [[], "text", 5, None]
    for body in no_objects:
        cpo("PUT", path, body).must_be(200, 2001)
    if cpo.has_roles:
        cpo("PUT", path, {**session, "party_id": "ABC"}).must_be(200, 2001)
    asked = {
        "X-Request-ID": "r-1",
        "X-Correlation-ID": "c-1",
        "OCPI-from-country-code": "SK",
        "OCPI-from-party-id": "ION",
        "OCPI-to-country-code": "SK",
        "OCPI-to-party-id": "SFP",
    }
    functional = cpo("PUT", path, session, headers=asked).must_be(201, 1000).headers
    details = cpo("GET", f"{cpo.root}/{version}", headers=asked).must_be(200, 1000, ANYTHING).headers
    expected = {**asked, "OCPI-from-party-id": "SFP", "OCPI-to-party-id": "ION"} if cpo.has_roles else {}
    assert {name: value for name, value in functional.items() if name in asked} == expected
    ids = {name: value for name, value in expected.items() if name.startswith("X-")}
    assert {name: value for name, value in details.items() if name in asked} == ids


def credentials(version: str, url: str) -> dict[str, Any]:
    """Credentials of SK*ION."""
    party = {"business_details": {"name": "Ion"}, "party_id": "ION", "country_code": "SK"}
    named = party if version == "2.1.1" else {"roles": [{"role": "CPO", **party}]}
    return {"token": "token-of-ion", "url": url, **named}
