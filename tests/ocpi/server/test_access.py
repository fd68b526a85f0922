"""Who may call: token, host, source address, party, version."""

import base64
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from ocpi.models import Location, OcpiSession
from partners.models import IssuedToken, Partner
from tests.factories import (
    AllowedNetworkFactory,
    PartnerFactory,
    PartnerRoleFactory,
    issue_token,
    location_data,
    session_data,
)
from tests.ocpi.server.conftest import Cpo, answered, last_message

URL = "sessions/SK/ION/S-1"
VERSIONS = "/ocpi/emsp/versions"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_token_may_be_raw_or_encoded(cpo: Cpo) -> None:
    for header in (cpo.token, encoded(cpo.token), encoded(cpo.token + "\n")):
        answered(cpo.get(VERSIONS, HTTP_AUTHORIZATION=f"Token {header}"), 200, 1000)
    answered(cpo.get(VERSIONS, HTTP_AUTHORIZATION=f"token {cpo.token}"), 200, 1000)
    assert IssuedToken.objects.get().last_used_at is not None


@pytest.mark.parametrize(
    "header", [None, "", "Token", "Token ", "Token wrong", "Bearer x", "Token é", "Token " + "x" * 5000]
)
def test_other_headers_are_refused(cpo: Cpo, header: str | None) -> None:
    response = cpo.put(URL, session_data(), HTTP_AUTHORIZATION=header)
    answered(response, 401, 2000)
    assert response["WWW-Authenticate"] == "Token"
    assert not OcpiSession.objects.exists()
    assert last_message().partner is None


def test_a_revoked_token_is_refused(cpo: Cpo) -> None:
    IssuedToken.objects.update(state=IssuedToken.State.REVOKED)
    answered(cpo.get(VERSIONS), 401, 2000)


def test_a_new_token_works_before_it_is_activated(partner: Partner) -> None:
    cpo = Cpo(partner, token=issue_token(partner, state=IssuedToken.State.PENDING))
    answered(cpo.put(URL, session_data()), 201, 1000)


def test_a_registration_token_is_good_for_versions_and_credentials_only(partner: Partner) -> None:
    cpo = Cpo(partner, token=issue_token(partner, purpose=IssuedToken.Purpose.REGISTRATION))
    for path in (VERSIONS, "/ocpi/emsp/2.2.1", "credentials"):
        answered(cpo.get(path), 200, 1000)
    answered(cpo.put(URL, session_data()), 401, 2000, "only good for versions and credentials")
    assert last_message().partner == partner
    assert not OcpiSession.objects.exists()


def test_a_suspended_partner_is_barred(cpo: Cpo) -> None:
    Partner.objects.update(connection=Partner.Connection.SUSPENDED)
    answered(cpo.put(URL, session_data()), 403, 2000, "suspended")
    assert last_message().partner == cpo.partner
    assert not OcpiSession.objects.exists()


class TestHosts:
    @pytest.fixture(autouse=True)
    def _hosts(self, settings: Settings) -> None:
        settings.OCPI_BASE_URL_TEMPLATE = "https://ocpi-{code}.smartfuelpass.com"

    def test_the_own_host_is_right(self, cpo: Cpo) -> None:
        for host in ("ocpi-ion.smartfuelpass.com", "OCPI-ION.smartfuelpass.com:443"):
            answered(cpo.get(VERSIONS, HTTP_HOST=host), 200, 1000)

    def test_urls_name_the_own_host(self, cpo: Cpo) -> None:
        data = answered(cpo.get(VERSIONS, HTTP_HOST="ocpi-ion.smartfuelpass.com"), 200, 1000)
        assert data[-1]["url"].startswith("https://ocpi-ion.smartfuelpass.com/ocpi/emsp/2")

    @pytest.mark.parametrize("host", ["ocpi-green.smartfuelpass.com", "smartfuelpass.com", "evil.example", ""])
    def test_another_host_is_refused(self, cpo: Cpo, host: str) -> None:
        green = PartnerFactory.create(code="green", party_id="GRN")
        answered(cpo.put(URL, session_data(), HTTP_HOST=host), 401, 2000)
        assert last_message().partner == cpo.partner, "whose token it is"
        assert last_message().entrance == (green if "green" in host else None), "whose host it is"
        assert not OcpiSession.objects.exists()

    def test_a_wrong_token_is_found_beside_the_partner_whose_host_it_is(self, cpo: Cpo) -> None:
        answered(cpo.get(VERSIONS, HTTP_HOST="ocpi-ion.smartfuelpass.com", HTTP_AUTHORIZATION="Token x"), 401, 2000)
        assert (last_message().partner, last_message().entrance) == (None, cpo.partner)


class TestNetworks:
    @pytest.fixture(autouse=True)
    def _networks(self, partner: Partner) -> None:
        AllowedNetworkFactory.create(partner=partner, network="10.1.0.0/16")
        AllowedNetworkFactory.create(partner=partner, network="2001:db8::/32")

    @pytest.mark.parametrize("address", ["10.1.2.3", "2001:db8::7", "::ffff:10.1.2.3"])
    def test_a_listed_address_may_call(self, cpo: Cpo, address: str) -> None:
        answered(cpo.get(VERSIONS, REMOTE_ADDR=address), 200, 1000)
        assert last_message().source_address == address

    @pytest.mark.parametrize("address", ["10.2.0.1", "127.0.0.1", "", "nonsense"])
    def test_another_address_is_barred(self, cpo: Cpo, address: str) -> None:
        answered(cpo.put(URL, session_data(), REMOTE_ADDR=address), 403, 2000, address)
        assert last_message().partner == cpo.partner
        assert not OcpiSession.objects.exists()

    def test_a_header_from_nobody_we_trust_changes_nothing(self, cpo: Cpo) -> None:
        answered(
            cpo.get(VERSIONS, REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="10.1.2.3"),
            403,
            2000,
            "192.0.2.1",
        )

    @pytest.mark.parametrize(
        ("forwarded", "status"),
        [
            ("10.1.2.3", 200),
            ("192.0.2.66, 10.1.2.3", 200),
            ("192.0.2.66, 10.1.2.3, 192.0.2.1", 200),
            ("10.1.2.3, 192.0.2.66", 403),
            ("", 403),
            ("nonsense", 403),
        ],
    )
    def test_a_trusted_proxy_names_the_caller(self, cpo: Cpo, settings: Settings, forwarded: str, status: int) -> None:
        settings.OCPI_TRUSTED_PROXIES = ["192.0.2.0/29"]
        response = cpo.get(VERSIONS, REMOTE_ADDR="192.0.2.2", HTTP_X_FORWARDED_FOR=forwarded)
        assert response.status_code == status


@pytest.mark.parametrize("party", ["CZ/ION", "SK/XXX"])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_another_party_is_not_found(cpo: Cpo, party: str, method: str) -> None:
    country_code, party_id = party.split("/")
    for path, data in (
        (f"sessions/{party}/S-1", session_data(country_code=country_code, party_id=party_id)),
        (f"locations/{party}/LOC-1", location_data(country_code=country_code, party_id=party_id)),
    ):
        answered(cpo.call(method, path, None if method == "GET" else data), 404, 2000, "party")
    assert not OcpiSession.objects.exists()
    assert not Location.objects.exists()


def test_a_party_of_the_same_platform_is_welcome(cpo: Cpo) -> None:
    PartnerRoleFactory.create(partner=cpo.partner, country_code="CZ", party_id="IO2")
    data = session_data(country_code="CZ", party_id="IO2")
    answered(cpo.put("sessions/CZ/IO2/S-1", data), 201, 1000)
    answered(cpo.put(URL, session_data()), 201, 1000)
    assert OcpiSession.objects.count() == 2


def test_a_partner_never_sees_the_objects_of_another(cpo: Cpo) -> None:
    cpo.put(URL, session_data())
    other = Cpo(PartnerFactory.create(code="other", environment="production", country_code="SK", party_id="ION"))
    answered(other.get(URL), 404, 2001)
    answered(other.put(URL, session_data(kwh=7)), 201, 1000)
    assert list(OcpiSession.objects.order_by("id").values_list("partner__code", "kwh")) == [
        ("ion", Decimal(0)),
        ("other", Decimal(7)),
    ]


def test_versions_are_listed(cpo: Cpo, settings: Settings) -> None:
    settings.OCPI_BASE_URL_TEMPLATE = "http://127.0.0.1:8000"
    data = answered(cpo.get(VERSIONS), 200, 1000)
    assert data == [
        {"version": number, "url": f"http://127.0.0.1:8000/ocpi/emsp/{number}"} for number in ("2.1.1", "2.2", "2.2.1")
    ]


def test_version_details_name_our_roles(cpo: Cpo, settings: Settings) -> None:
    settings.OCPI_BASE_URL_TEMPLATE = "http://127.0.0.1:8000"
    data = answered(cpo.get("/ocpi/emsp/2.2.1"), 200, 1000)
    assert data["version"] == "2.2.1"
    assert {(entry["identifier"], entry["role"]) for entry in data["endpoints"]} == {
        ("credentials", "SENDER"),
        ("locations", "RECEIVER"),
        ("sessions", "RECEIVER"),
        ("cdrs", "RECEIVER"),
        ("tariffs", "RECEIVER"),
        ("tokens", "SENDER"),
        ("commands", "SENDER"),
        ("chargingprofiles", "SENDER"),
        ("hubclientinfo", "RECEIVER"),
    }
    assert data["endpoints"][1]["url"] == "http://127.0.0.1:8000/ocpi/emsp/2.2.1/locations"
    old = answered(cpo.get("/ocpi/emsp/2.1.1"), 200, 1000)
    assert all(set(entry) == {"identifier", "url"} for entry in old["endpoints"])


def test_a_version_on_request_is_there_for_those_who_asked(cpo: Cpo) -> None:
    for path in ("/ocpi/emsp/2.3.0", "/ocpi/emsp/2.3.0/sessions/SK/ION/S-1"):
        answered(cpo.get(path), 404, 2000)
    Partner.objects.update(enabled_versions=["2.3.0"])
    answered(cpo.get("/ocpi/emsp/2.3.0"), 200, 1000)
    assert "2.3.0" in [entry["version"] for entry in answered(cpo.get(VERSIONS), 200, 1000)]


@pytest.mark.parametrize("path", ["/ocpi/", "/ocpi/emsp/9.9", "/ocpi/emsp/2.2.1/unknown", "/ocpi/cpo/versions"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_unknown_urls_answer_in_the_envelope(cpo: Cpo, path: str, method: str) -> None:
    answered(cpo.call(method, path, None), 404, 2000)
    assert last_message().partner == cpo.partner
    answered(cpo.call(method, path, None, HTTP_AUTHORIZATION=None), 404, 2000)
    assert last_message().url == path


@pytest.mark.parametrize(
    "path", [URL + "/", "/ocpi/emsp/2.2.1//sessions/SK/ION/S-1", "/ocpi/emsp/2.2.1/sessions//SK/ION/S-1//"]
)
def test_a_slash_too_many_is_noted(cpo: Cpo, path: str) -> None:
    answered(cpo.put(path, session_data()), 201, 1000)
    assert [note["kind"] for note in last_message().leniences] == ["slashes"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", URL, "GET, HEAD, PUT, PATCH"),
        ("DELETE", URL, "GET, HEAD, PUT, PATCH"),
        ("PUT", "cdrs", "POST"),
        ("HEAD", "cdrs", "POST"),
        ("PATCH", "tariffs/SK/ION/T-1", "GET, HEAD, PUT, DELETE"),
        ("OPTIONS", URL, "GET, HEAD, PUT, PATCH"),
    ],
)
def test_other_methods_are_refused(cpo: Cpo, method: str, path: str, allowed: str) -> None:
    response = cpo.call(method, path, "{}" if method in ("POST", "PUT", "PATCH") else None)
    assert response.status_code == 405
    assert response["Allow"] == allowed
    assert last_message().http_status == 405


def test_headers_come_back(cpo: Cpo) -> None:
    response = cpo.get(
        URL,
        HTTP_X_REQUEST_ID="r-1",
        HTTP_X_CORRELATION_ID="c-1",
        HTTP_OCPI_FROM_COUNTRY_CODE="NL",
        HTTP_OCPI_FROM_PARTY_ID="HUB",
        HTTP_OCPI_TO_COUNTRY_CODE="SK",
        HTTP_OCPI_TO_PARTY_ID="SFP",
    )
    expected: dict[str, Any] = {
        "X-Request-ID": "r-1",
        "X-Correlation-ID": "c-1",
        "OCPI-to-country-code": "NL",
        "OCPI-to-party-id": "HUB",
        "OCPI-from-country-code": "SK",
        "OCPI-from-party-id": "SFP",
    }
    assert {name: response[name] for name in expected} == expected
    assert last_message().response_headers["X-Request-ID"] == "r-1"


def test_routing_headers_stay_off_configuration_modules_and_2_1_1(cpo: Cpo) -> None:
    for path in (VERSIONS, "/ocpi/emsp/2.2.1", "credentials", "/ocpi/emsp/2.1.1/sessions/SK/ION/S-1"):
        response = cpo.get(path, HTTP_OCPI_FROM_PARTY_ID="HUB", HTTP_X_REQUEST_ID="r-1")
        assert not [name for name in response.headers if name.startswith("OCPI-")]
        assert ("X-Request-ID" in response.headers) is ("2.1.1" not in path)
