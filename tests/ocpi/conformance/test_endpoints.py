"""Every endpoint of an eMSP in every version, over HTTP: exact answers, and what is not there."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ocpi.models import Command
from partners.models import Partner
from tests.factories import MOMENT, CommandFactory, TokenFactory
from tests.ocpi.conformance.wire import ANYTHING, LONG_AFTER, MODULES, NUMBERS, Wire, vector

Connected = Callable[..., Wire]
pytestmark = pytest.mark.django_db(transaction=True)
every_version = pytest.mark.parametrize("version", NUMBERS)
PARTY = "SK/ION"
OTHERS = "GET PUT PATCH POST DELETE"


def without(allowed: str) -> list[str]:
    return [method for method in OTHERS.split() if method not in allowed.split()]


@every_version
def test_versions_and_details(connected: Connected, version: str) -> None:
    """OCPI 2.2.1 §6: a list of {version, url}; details with roles from 2.2 on."""
    cpo = connected(version)
    offered = list(NUMBERS if version == "2.3.0" else NUMBERS[:3])
    expected = [{"version": number, "url": f"{cpo.root}/{number}"} for number in offered]
    versions = f"{cpo.root}/versions"
    cpo("GET", versions).must_be(200, 1000, expected)
    base = f"{cpo.root}/{version}"
    endpoints = [
        {"identifier": name, **({"role": role} if role else {}), "url": f"{base}/{name}"}
        for name, role in MODULES[version].items()
    ]
    cpo("GET", base).must_be(200, 1000, {"version": version, "endpoints": endpoints})
    for url in (versions, base):
        cpo.refuses(url, *without("GET"), allowed="GET")
        cpo("GET", url, token="nobody").must_be(401, 2000)
        cpo("GET", url, token="").must_be(401, 2000)


@every_version
def test_what_is_not_offered_is_not_there(connected: Connected, version: str) -> None:
    """Modules that the details do not list, other URLs, and 2.3.0 where it is not switched on: HTTP 404."""
    cpo = connected(version, enabled_versions=["2.3.0"] if version == "2.3.0" else [])
    everything = {*MODULES["2.3.0"], "invoicereconciliation", "nothing"}
    for module in everything - MODULES[version].keys():
        cpo("GET", f"{module}/{PARTY}").must_be(404, 2000)
        cpo("PUT", f"{module}/{PARTY}/X-1", {}).must_be(404, 2000)
    for path in (
        f"locations/{PARTY}",
        f"sessions/{PARTY}/S-1/more",
        "locations",
        f"tariffs/{PARTY}/T-1/more",
        "tokens/T/else",
    ):
        cpo("GET", path).must_be(404, 2000)
    if version != "2.3.0":
        cpo("GET", f"{cpo.root}/2.3.0").must_be(404, 2000)
        cpo("GET", f"{cpo.root}/2.3.0/sessions/{PARTY}/S-1").must_be(404, 2000)


@every_version
def test_locations(connected: Connected, version: str) -> None:
    """OCPI 2.2.1 §8.2.2: GET, PUT and PATCH on three levels; an unknown one is 404 with 2003."""
    cpo = connected(version)
    location, evse, connector = (vector(version, kind) for kind in ("location", "evse", "connector"))
    site = f"locations/{PARTY}/{location['id']}"
    bay, plug = f"{site}/{evse['uid']}", f"{site}/{evse['uid']}/{connector['id']}"
    for path, body in ((site, location), (bay, evse), (plug, connector)):
        cpo("GET", path).must_be(404, 2003)
        cpo("PATCH", path, {"last_updated": LONG_AFTER}).must_be(404, 2003)
        cpo.refuses(path, "POST", "DELETE", allowed="GET PUT PATCH")
        if path != site:
            cpo("PUT", path, body).must_be(404, 2003)
    cpo("PUT", site, location).must_be(201, 1000)
    for path, body in ((site, location), (bay, evse), (plug, connector)):
        cpo("GET", path).must_be(200, 1000, body)
        cpo("PUT", path, body).must_be(200, 1000)
        cpo("GET", path).must_be(200, 1000, body)
    cpo("PUT", f"{site}/new", {**evse, "uid": "new"}).must_be(201, 1000)
    cpo("PUT", f"{bay}/9", {**connector, "id": "9"}).must_be(201, 1000)
    for path in (site, bay, plug):
        cpo("PUT", f"{path}x", vector(version, {site: "location", bay: "evse", plug: "connector"}[path])).must_be(
            200, 2001
        )


@every_version
def test_location_patches(connected: Connected, version: str) -> None:
    """A PATCH changes what it names and raises last_updated up to the Location (§8.2.2.3)."""
    cpo = connected(version)
    location, evse, connector = (vector(version, kind) for kind in ("location", "evse", "connector"))
    site = f"locations/{PARTY}/{location['id']}"
    bay, plug = f"{site}/{evse['uid']}", f"{site}/{evse['uid']}/{connector['id']}"
    cpo("PUT", site, location).must_be(201, 1000)
    moments = ["2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"]
    changes = [(site, {"name": "New name"}), (bay, {"status": "OUTOFORDER"}), (plug, {"format": "SOCKET"})]
    for (path, change), moment in zip(changes, moments, strict=True):
        cpo("PATCH", path, {**change, "last_updated": moment}).must_be(200, 1000)
        found = cpo("GET", path).must_be(200, 1000, ANYTHING).body["data"]
        assert found.items() >= change.items()
        assert cpo("GET", site).body["data"]["last_updated"] == moment
    whole = cpo("GET", site).body["data"]
    assert (whole["name"], whole["evses"][0]["status"]) == ("New name", "OUTOFORDER")
    assert whole["evses"][0]["connectors"][0]["format"] == "SOCKET"
    cpo("PATCH", bay, {"status": "AVAILABLE", "last_updated": moments[0]}).must_be(200, 1000)
    assert cpo("GET", bay).body["data"]["status"] == "OUTOFORDER"
    cpo("PATCH", bay, {"status": "AVAILABLE"}).must_be(200, 1000)
    assert cpo("GET", bay).body["data"]["status"] == "AVAILABLE", "a status gets through, undated as it is"
    cpo("PATCH", bay, {"status": None, "last_updated": LONG_AFTER}).must_be(200, 2001)


@every_version
def test_sessions(connected: Connected, version: str) -> None:
    """OCPI 2.2.1 §9.2.2: GET, PUT, PATCH; a PATCH adds charging periods; an unknown one is 404 with 2001."""
    cpo = connected(version)
    session = vector(version, "session")
    path = f"sessions/{PARTY}/{session['id']}"
    cpo("GET", path).must_be(404, 2001)
    cpo("PATCH", path, {"kwh": 5, "last_updated": LONG_AFTER}).must_be(404, 2001)
    cpo("PUT", path, session).must_be(201, 1000)
    cpo("GET", path).must_be(200, 1000, session)
    cpo("PUT", path, session).must_be(200, 1000)
    period = {"start_date_time": "2026-03-01T09:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 4}]}
    change = {"kwh": 20, "charging_periods": [period], "last_updated": "2026-03-01T09:40:00Z"}
    for _twice in range(2):
        cpo("PATCH", path, change).must_be(200, 1000)
        merged = {**session, **change, "charging_periods": [*session["charging_periods"], period]}
        cpo("GET", path).must_be(200, 1000, merged)
    cpo("PUT", path, session).must_be(200, 1000)
    cpo("GET", path).must_be(200, 1000, merged)
    ended = {**session, "charging_periods": [], "status": "COMPLETED", "last_updated": LONG_AFTER}
    cpo("PUT", path, ended).must_be(200, 1000)
    cpo("GET", path).must_be(200, 1000, ended)
    cpo("PATCH", path, {"kwh": 21}).must_be(200, 1000 if version == "2.1.1" else 2001)
    cpo("PUT", f"sessions/{PARTY}/other", session).must_be(200, 2001)
    cpo.refuses(path, "POST", "DELETE", allowed="GET PUT PATCH")


@every_version
def test_cdrs(connected: Connected, version: str) -> None:
    """OCPI 2.2.1 §10.2.2: POST is answered with 201 and where it can be read; nothing can change it."""
    cpo = connected(version)
    cdr = vector(version, "cdr")
    posted = cpo("POST", "cdrs", cdr).must_be(201, 1000)
    url = posted.headers["Location"]
    assert url.startswith(f"{cpo.root}/{version}/cdrs/")
    cpo("GET", url).must_be(200, 1000, cdr)
    again = cpo("POST", "cdrs", cdr).must_be(200, 1000)
    assert again.headers["Location"] == url
    other = cpo("POST", "cdrs", {**cdr, "total_energy": 99}).must_be(200, 2001)
    assert "Location" not in other.headers
    cpo("GET", url).must_be(200, 1000, cdr)
    cpo.refuses("cdrs", *without("POST"), allowed="POST")
    cpo.refuses(url, *without("GET"), allowed="GET")
    cpo("GET", "cdrs/5f4dcc3b-5aa7-4bd6-9e8a-1a2b3c4d5e6f").must_be(404, 2001)


@every_version
def test_tariffs(connected: Connected, version: str) -> None:
    """OCPI 2.2.1 §11.2.2: GET, PUT, DELETE; PATCH in 2.1.1 alone."""
    cpo = connected(version)
    tariff = vector(version, "tariff")
    path = f"tariffs/{PARTY}/{tariff['id']}"
    cpo("GET", path).must_be(404, 2001)
    cpo("DELETE", path).must_be(404, 2001)
    cpo("PUT", path, tariff).must_be(201, 1000)
    cpo("PUT", path, tariff).must_be(200, 1000)
    cpo("GET", path).must_be(200, 1000, tariff)
    if version == "2.1.1":
        cpo("PATCH", path, {"currency": "CZK"}).must_be(200, 1000)
        assert cpo("GET", path).body["data"]["currency"] == "CZK"
        cpo("PATCH", f"tariffs/{PARTY}/other", {"currency": "CZK"}).must_be(404, 2001)
        cpo.refuses(path, "POST", allowed="GET PUT PATCH DELETE")
    else:
        cpo.refuses(path, "POST", "PATCH", allowed="GET PUT DELETE")
    cpo("PUT", f"tariffs/{PARTY}/other", tariff).must_be(200, 2001)
    cpo("DELETE", path).must_be(200, 1000)
    cpo("GET", path).must_be(404, 2001)
    cpo("DELETE", path).must_be(404, 2001)


@every_version
def test_tokens_in_pages(connected: Connected, version: str) -> None:
    """OCPI 2.2.1 §4.1.4, §12.2.1: oldest first, Link while there is more, X-Total-Count and X-Limit always."""
    cpo = connected(version)
    for number in range(5):
        TokenFactory.create(uid=f"T-{number}", last_updated=MOMENT + timedelta(hours=number))
    url = f"{cpo.root}/{version}/tokens"
    first = cpo("GET", "tokens?limit=2").must_be(200, 1000, ANYTHING)
    assert first.headers["Link"] == f'<{url}?offset=2&limit=2>; rel="next"'
    assert (first.headers["X-Total-Count"], first.headers["X-Limit"]) == ("5", "100")
    second = cpo("GET", f"{url}?offset=2&limit=2").must_be(200, 1000, ANYTHING)
    last = cpo("GET", f"{url}?offset=4&limit=2").must_be(200, 1000, ANYTHING)
    assert "Link" not in last.headers
    pages = [answer.body["data"] for answer in (first, second, last)]
    assert [token["uid"] for page in pages for token in page] == [f"T-{number}" for number in range(5)]
    own = {"auth_id"} if version == "2.1.1" else {"country_code", "party_id", "contract_id"}
    shared = {"uid", "type", "issuer", "valid", "whitelist", "last_updated"}
    assert set(pages[0][0]) == shared | own
    assert pages[0][0]["type"] == ("OTHER" if version == "2.1.1" else "AD_HOC_USER")
    span = "date_from=2026-11-22T11:00:00Z&date_to=2026-11-22T13:00:00Z"
    some = cpo("GET", f"tokens?{span}&limit=1").must_be(200, 1000, ANYTHING)
    assert some.headers["X-Total-Count"] == "2"
    follow = cpo("GET", some.headers["Link"].partition(">")[0].lstrip("<")).must_be(200, 1000, ANYTHING)
    assert [token["uid"] for page in (some, follow) for token in page.body["data"]] == ["T-1", "T-2"]
    assert "Link" not in follow.headers
    cpo("GET", "tokens?offset=9").must_be(200, 1000, [])
    for wrong in ("limit=many", "offset=-1", "date_from=yesterday"):
        cpo("GET", f"tokens?{wrong}").must_be(200, 2001)
    cpo.refuses("tokens", *without("GET"), allowed="GET")


@every_version
def test_authorize(connected: Connected, version: str) -> None:
    """OCPI 2.2.1 §12.2.1.2: RFID unless told; unknown is 404, with 2004 from 2.2 on; a blocked one is told so."""
    cpo = connected(version)
    TokenFactory.create(uid="CARD", type="RFID")
    TokenFactory.create(uid="APP", type="APP_USER")
    TokenFactory.create(uid="OFF", type="RFID", valid=False)
    unknown = 2000 if version == "2.1.1" else 2004
    kind = "OTHER" if version == "2.1.1" else "APP_USER"
    for path, allowed in (("CARD", "ALLOWED"), ("OFF", "BLOCKED"), (f"APP?type={kind}", "ALLOWED")):
        uid, _, query = path.partition("?")
        data = cpo("POST", f"tokens/{uid}/authorize?{query}").must_be(200, 1000, ANYTHING).body["data"]
        assert data["allowed"] == allowed
        assert ("token" in data) == (version != "2.1.1")
    place = {"location_id": "KOSICE-TORYSKA", "evse_uids": ["kosice-7"]}
    data = cpo("POST", "tokens/CARD/authorize", place).must_be(200, 1000, ANYTHING).body["data"]
    assert data["location"] == place
    cpo("POST", "tokens/CARD/authorize?token_type=RFID").must_be(200, 1000, ANYTHING)
    cpo("POST", "tokens/NOBODY/authorize").must_be(404, unknown)
    cpo("POST", "tokens/CARD/authorize?type=OTHER").must_be(404, unknown)
    cpo("POST", "tokens/CARD/authorize", {"evse_uids": ["kosice-7"]}).must_be(200, 2001)
    cpo.refuses("tokens/CARD/authorize", *without("POST"), allowed="POST")


@every_version
def test_command_results(connected: Connected, version: str) -> None:
    """OCPI 2.2.1 §13.2.1: POST to the response_url that we gave; sent twice does no harm."""
    cpo = connected(version)
    result = vector(version, "result")
    command = CommandFactory.create(partner=Partner.objects.get(), version=version)
    path = f"commands/START_SESSION/{command.pk}"
    cpo("POST", path, result).must_be(200, 1000)
    cpo("POST", path, {"result": "REJECTED"}).must_be(200, 1000)
    assert Command.objects.get().result == result["result"]
    cpo("POST", f"commands/STOP_SESSION/{command.pk}", result).must_be(404, 2000)
    cpo("POST", "commands/START_SESSION/5f4dcc3b-5aa7-4bd6-9e8a-1a2b3c4d5e6f", result).must_be(404, 2000)
    cpo("POST", path, {}).must_be(200, 2001)
    cpo.refuses(path, *without("POST"), allowed="POST")
