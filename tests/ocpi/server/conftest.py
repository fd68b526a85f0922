"""A CPO's side of the connection: `cpo.put("sessions/SK/ION/S-1", {...})`."""

import base64
from typing import Any

import pytest
from django.test import Client

from ocpi import receivers
from ocpi.models import Message
from ocpi.versions import VERSIONS
from partners.models import Partner
from tests.factories import PartnerFactory, issue_token


class Cpo:
    """Calls us as a partner does, and keeps the last answer's log row at hand."""

    def __init__(self, partner: Partner, version: str = "2.2.1", token: str = "") -> None:
        self.partner, self.version = partner, version
        self.token = token or issue_token(partner)
        self.client = Client(raise_request_exception=True)

    def call(self, method: str, path: str, body: Any = None, **extra: Any) -> Any:
        """Make a request; `path` is relative to the version's URL unless it starts with a slash."""
        url = path if path.startswith("/") else f"/ocpi/emsp/{self.version}/{path}"
        extra.setdefault("HTTP_AUTHORIZATION", f"Token {self.written_token()}")
        if extra["HTTP_AUTHORIZATION"] is None:
            del extra["HTTP_AUTHORIZATION"]
        if isinstance(body, bytes | str):
            return self.client.generic(method, url, body, content_type="application/json", **extra)
        if body is None:
            return self.client.generic(method, url, **extra)
        return getattr(self.client, method.lower())(url, body, content_type="application/json", **extra)

    def written_token(self) -> str:
        """The token as the version wants it in the header."""
        encodes = VERSIONS[self.version].encodes_token
        return base64.b64encode(self.token.encode()).decode() if encodes else self.token

    def get(self, path: str, **extra: Any) -> Any:
        return self.call("GET", path, **extra)

    def put(self, path: str, body: Any = None, **extra: Any) -> Any:
        return self.call("PUT", path, body, **extra)

    def patch(self, path: str, body: Any = None, **extra: Any) -> Any:
        return self.call("PATCH", path, body, **extra)

    def post(self, path: str, body: Any = None, **extra: Any) -> Any:
        return self.call("POST", path, body, **extra)

    def delete(self, path: str, **extra: Any) -> Any:
        return self.call("DELETE", path, **extra)


def last_message() -> Message:
    """The newest exchange in the log."""
    message = Message.objects.first()
    assert message is not None
    return message


def answered(response: Any, http_status: int, status_code: int, text: str = "") -> Any:
    """Check an answer and its log row; return its data."""
    body = response.json()
    assert (response.status_code, body["status_code"]) == (http_status, status_code), body
    assert response["Content-Type"] == "application/json"
    assert set(body) <= {"data", "status_code", "status_message", "timestamp"}
    assert body["timestamp"].endswith("Z")
    assert text in body["status_message"]
    message = last_message()
    assert (message.http_status, message.ocpi_status) == (http_status, status_code)
    assert message.direction == Message.Direction.INBOUND
    return body.get("data")


@pytest.fixture
def partner(db: None) -> Partner:
    return PartnerFactory.create(code="ion", country_code="SK", party_id="ION")


@pytest.fixture
def cpo(partner: Partner) -> Cpo:
    return Cpo(partner)


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """No layer above hears of what is stored, so that only the statements of OCPI itself are counted."""
    for name in ("_session", "_evse_status", "_cdr", "_command"):
        monkeypatch.setattr(receivers, name, [])
