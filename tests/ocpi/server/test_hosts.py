"""TLS and hosts: what production answers to plain HTTP, at which host it speaks OCPI, and what else is there."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from ocpi.models import Message, OcpiSession
from tests.factories import session_data
from tests.ocpi.server.conftest import Cpo, answered

VERSIONS = "/ocpi/emsp/versions"
OWN: dict[str, Any] = {"HTTP_HOST": "ocpi-ion.smartfuelpass.com"}
TLS: dict[str, Any] = {"HTTP_X_FORWARDED_PROTO": "https"}
URL = "sessions/SK/ION/S-1"


@pytest.fixture(autouse=True)
def _production(settings: Settings) -> None:
    settings.PRODUCTION = True
    settings.ALLOWED_HOSTS = [".smartfuelpass.com", "127.0.0.1"]
    settings.OCPI_BASE_URL_TEMPLATE = "https://ocpi-{code}.smartfuelpass.com"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000


def refused(response: Any, http_status: int, text: str) -> None:
    body = response.json()
    assert (response.status_code, body["status_code"]) == (http_status, 2000)
    assert text in body["status_message"]
    assert body["timestamp"].endswith("Z")
    assert set(body) == {"status_code", "status_message", "timestamp"}
    assert not Message.objects.exists()
    assert not OcpiSession.objects.exists()


def test_over_tls_at_its_own_host_it_answers_and_says_to_stay_there(cpo: Cpo) -> None:
    response = cpo.get(VERSIONS, **OWN, **TLS)
    answered(response, 200, 1000)
    assert response["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("proto", [{}, {"HTTP_X_FORWARDED_PROTO": "http"}])
def test_plain_http_is_refused_and_redirects_nowhere(cpo: Cpo, proto: dict[str, str]) -> None:
    response = cpo.put(URL, session_data(), **OWN, **proto)
    refused(response, 403, "https://")
    assert not response.has_header("Location")
    assert not response.has_header("Strict-Transport-Security")


@pytest.mark.parametrize(
    "host", ["charge.smartfuelpass.com", "smartfuelpass.com", "evil.example", "ocpi-.smartfuelpass.com", "a b", ""]
)
def test_another_host_is_refused_in_an_envelope(cpo: Cpo, host: str) -> None:
    refused(cpo.put(URL, session_data(), HTTP_HOST=host, **TLS), 404, "no OCPI endpoint at this host")


def test_a_host_of_nobody_is_a_wrong_token(cpo: Cpo) -> None:
    answered(cpo.get(VERSIONS, HTTP_HOST="ocpi-nobody.smartfuelpass.com", **TLS), 401, 2000)


def test_one_host_for_all_is_the_one_of_the_template(cpo: Cpo, settings: Settings) -> None:
    settings.OCPI_BASE_URL_TEMPLATE = "https://ocpi.smartfuelpass.com"
    answered(cpo.get(VERSIONS, HTTP_HOST="ocpi.smartfuelpass.com", **TLS), 200, 1000)
    Message.objects.all().delete()
    refused(cpo.get(VERSIONS, HTTP_HOST="charge.smartfuelpass.com", **TLS), 404, "no OCPI endpoint")


@pytest.mark.parametrize(
    "path", ["/", "/admin/", "/admin/login/", "/c/SK*ION*E1", "/api/v1/docs/", "/docs/", "/onboarding/x/", "/static/x"]
)
def test_a_cpo_s_host_serves_neither_admin_nor_drivers(db: None, path: str) -> None:
    assert Client().get(path, **OWN, **TLS).status_code == 404


@pytest.mark.parametrize(("host", "status"), [("ocpi.smartfuelpass.com", 404), ("charge.smartfuelpass.com", 200)])
def test_nor_does_the_one_host_that_serves_all_cpos(db: None, settings: Settings, host: str, status: int) -> None:
    settings.PRODUCTION = True
    settings.OCPI_BASE_URL_TEMPLATE = "https://ocpi.smartfuelpass.com"
    settings.PUBLIC_BASE_URL = "https://charge.smartfuelpass.com"
    assert Client().get(reverse("admin:login"), HTTP_HOST=host, **TLS).status_code == status


def test_admin_and_drivers_answer_at_theirs(db: None) -> None:
    elsewhere: dict[str, Any] = {"HTTP_HOST": "charge.smartfuelpass.com", **TLS}
    assert Client().get(reverse("admin:login"), **elsewhere).status_code == 200
    assert "charger" in Client().get("/c/SK*ION*E1", **elsewhere).content.decode()


@pytest.mark.parametrize("host", ["ocpi-ion.smartfuelpass.com", "charge.smartfuelpass.com", "127.0.0.1"])
def test_health_is_told_everywhere(db: None, host: str) -> None:
    assert Client().get("/health/ready", HTTP_HOST=host, **TLS).status_code == 200
