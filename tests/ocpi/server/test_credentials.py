"""The credentials endpoint: what it hands to the registration, and how it answers."""

from typing import Any

import pytest
from pytest_django import Settings

from ocpi.handshake import registration
from ocpi.handshake.credentials import our_credentials
from ocpi.handshake.registration import RegistrationError
from partners.models import IssuedToken, Partner
from tests.factories import issue_token
from tests.ocpi.server.conftest import Cpo, answered, last_message

THEIRS = {
    "token": "their-secret-token-0001",
    "url": "https://ion.example/ocpi/versions",
    "roles": [{"role": "CPO", "country_code": "SK", "party_id": "ION", "business_details": {"name": "ION Charging"}}],
}


@pytest.fixture
def registering(partner: Partner) -> Cpo:
    return Cpo(partner, token=issue_token(partner, purpose=IssuedToken.Purpose.REGISTRATION))


def test_it_tells_who_we_are_with_the_token_that_was_asked_with(cpo: Cpo, settings: Settings) -> None:
    settings.OCPI_BASE_URL_TEMPLATE = "http://127.0.0.1:8000"
    data = answered(cpo.get("credentials"), 200, 1000)
    assert (data["token"], data["url"]) == (cpo.token, "http://127.0.0.1:8000/ocpi/emsp/versions")
    assert [(role["role"], role["country_code"], role["party_id"]) for role in data["roles"]] == [("EMSP", "SK", "SFP")]
    assert cpo.token not in last_message().response_body
    old = answered(cpo.get("/ocpi/emsp/2.1.1/credentials"), 200, 1000)
    assert (old["token"], old["party_id"], old["business_details"]["name"]) == (
        cpo.token,
        "SFP",
        "Smart Fuel Pass",
    )


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_it_hands_over_what_was_read(registering: Cpo, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    seen: list[Any] = []

    def settle(partner: Partner, token: IssuedToken, credentials: Any, version: Any) -> Any:
        seen.append((partner, token.purpose, credentials.token, credentials.roles[0].party_id, version.number))
        return our_credentials(partner, "our-new-secret-token")

    monkeypatch.setattr(registration, {"POST": "register", "PUT": "update"}[method], settle)
    data = answered(registering.call(method, "credentials", THEIRS), 200, 1000)
    assert data["token"] == "our-new-secret-token"
    assert seen == [(registering.partner, "registration", THEIRS["token"], "ION", "2.2.1")]
    message = last_message()
    assert "their-secret" not in message.request_body
    assert "our-new-secret" not in message.response_body
    assert '"token": "…0001"' in message.request_body


@pytest.mark.parametrize(("code", "status"), [(3001, 200), (2000, 405)])
def test_a_refused_registration_says_why(
    registering: Cpo, monkeypatch: pytest.MonkeyPatch, code: int, status: int
) -> None:
    def refuse(*args: Any) -> Any:
        raise RegistrationError("We cannot use your API.", code, status)

    for name in ("register", "update", "unregister"):
        monkeypatch.setattr(registration, name, refuse)
    for response in (
        registering.post("credentials", THEIRS),
        registering.put("credentials", THEIRS),
        registering.delete("credentials"),
    ):
        answered(response, status, code, "cannot use your API")
        assert response.has_header("Allow") is (status == 405)


def test_it_is_405_to_register_twice_and_to_leave_what_one_never_joined(cpo: Cpo, registering: Cpo) -> None:
    answered(cpo.post("credentials", THEIRS), 405, 2000)
    answered(registering.put("credentials", THEIRS), 405, 2000)
    answered(registering.delete("credentials"), 405, 2000)


def test_leaving_ends_every_token(cpo: Cpo) -> None:
    answered(cpo.delete("credentials"), 200, 1000)
    cpo.partner.refresh_from_db()
    assert cpo.partner.connection == Partner.Connection.NOT_CONNECTED
    answered(cpo.get("credentials"), 401, 2000)


def test_faulty_credentials_are_refused(registering: Cpo) -> None:
    answered(registering.post("credentials", {"token": "x"}), 200, 2001, "url")
